//! Inputs: the bytes that calls of preview 1 read from the guest's memory.

use super::event::Input;
use super::number::{Function, Number};
use super::preview1::{Args, find};
use super::writes::part;

/// Returns what a call of an import of preview 1 reads; nothing for other imports.
pub(crate) fn inputs_of(function: &Function, params: &[Number], memory: &[u8]) -> Vec<Input> {
    let Some(shape) = find(&function.module, &function.name) else { return Vec::new() };
    let mut args = Args::default();
    for (arg, param) in args.iter_mut().zip(params) {
        if let Number::I32(value) = param {
            *arg = value.cast_unsigned();
        }
    }
    let mut inputs = Vec::new();
    shape.reads(&args, memory, |range| inputs.push(Input::of(part(memory, range))));
    inputs
}
