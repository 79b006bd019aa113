//! Recordings of sessions: the log of what enters a guest, and the places that write it.

mod attached;
mod event;
mod find;
mod funcs;
mod hooks;
mod inputs;
mod items;
mod log;
mod logged;
mod memory;
mod number;
mod preview1;
mod recorder;
mod recording;
mod wire;
mod writes;

pub(crate) use event::{Event, Failure, Input, Open};
pub(crate) use find::{Defined, HasLog, collect, register};
pub(crate) use funcs::{exported, typed};
#[cfg(feature = "async")]
pub(crate) use hooks::called_async;
#[cfg(feature = "wasi")]
pub(crate) use hooks::import;
pub(crate) use hooks::{
    begin, begin_start, catch_up, changed_global, changed_table, end, end_start, export,
    export_values, exposed, grew, hook, second_instance, wrote,
};
pub(crate) use inputs::inputs_of;
pub(crate) use log::Log;
pub use logged::{Logged, Ref};
pub use number::Number;
pub(crate) use number::{Function, NumberType};
pub use recorder::{AtLimit, Recorder};
pub use recording::Recording;
pub(crate) use recording::{Described, Events, Header};
