//! Recordings of sessions: the log of what enters a guest, and the places that write it.

#[cfg(feature = "replay")]
mod attached;
#[cfg(feature = "replay")]
mod event;
#[cfg(feature = "replay")]
mod find;
#[cfg(feature = "replay")]
mod funcs;
#[cfg(feature = "replay")]
mod hooks;
#[cfg(feature = "replay")]
mod inputs;
#[cfg(feature = "replay")]
mod items;
#[cfg(feature = "replay")]
mod log;
#[cfg(feature = "replay")]
mod logged;
#[cfg(feature = "replay")]
mod memory;
#[cfg(feature = "replay")]
mod number;
#[cfg(not(feature = "replay"))]
mod off;
#[cfg(feature = "replay")]
mod preview1;
#[cfg(feature = "replay")]
mod recorder;
#[cfg(feature = "replay")]
mod recording;
#[cfg(feature = "replay")]
mod wire;
#[cfg(feature = "replay")]
mod writes;

#[cfg(feature = "replay")]
pub(crate) use event::{Event, Failure, Input, Open};
#[cfg(feature = "replay")]
pub(crate) use find::{Defined, HasLog, collect, register};
#[cfg(feature = "replay")]
pub(crate) use funcs::{exported, typed};
#[cfg(all(feature = "replay", feature = "async"))]
pub(crate) use hooks::called_async;
#[cfg(all(feature = "replay", feature = "wasi"))]
pub(crate) use hooks::import;
#[cfg(feature = "replay")]
pub(crate) use hooks::{
    begin, begin_start, catch_up, changed_global, changed_table, end, end_start, export,
    export_values, exposed, grew, hook, second_instance, wrote,
};
#[cfg(feature = "replay")]
pub(crate) use inputs::inputs_of;
#[cfg(feature = "replay")]
pub(crate) use log::Log;
#[cfg(feature = "replay")]
pub use logged::{Logged, Ref};
#[cfg(feature = "replay")]
pub use number::Number;
#[cfg(feature = "replay")]
pub(crate) use number::{Function, NumberType};
#[cfg(not(feature = "replay"))]
pub use off::*;
#[cfg(feature = "replay")]
pub use recorder::{AtLimit, Recorder};
#[cfg(feature = "replay")]
pub use recording::Recording;
#[cfg(feature = "replay")]
pub(crate) use recording::{Described, Events, Header};
