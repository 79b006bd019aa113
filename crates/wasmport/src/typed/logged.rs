//! Values of WebAssembly in recordings.

use super::value::WasmValue;
use crate::record::{Logged, Number};

impl<V: WasmValue> Logged for V {
    #[inline]
    fn each(&self, log: &mut impl FnMut(Number)) {
        if let Some(number) = self.number() {
            log(number);
        }
    }
}
