//! Streams between guests, from the program, and terminals.

mod input;
mod pipe;
mod pipe_streams;
mod terminal;
#[cfg(test)]
mod tests;

pub use input::{InputFn, InputReader};
pub use pipe::{PipeReader, PipeWriter, pipe};
pub use terminal::{Terminal, TerminalSize};
