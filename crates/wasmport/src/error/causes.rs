//! The causes in an error of Wasmtime's, without the frames that Wasmtime puts before them.

use super::Error;
use super::frames::Frames;
use std::error::Error as StdError;
use std::fmt::{Result, Write};
use wasmtime::WasmBacktrace;

/// Returns the causes, the outermost first.
pub(super) fn causes(
    error: &wasmtime::Error,
) -> impl Iterator<Item = &(dyn StdError + 'static)> + '_ {
    // Contexts have types of Wasmtime's own, so that only their text shows which ones are frames.
    let traces = [
        error.downcast_ref::<WasmBacktrace>().map(ToString::to_string),
        error.downcast_ref::<Frames>().map(ToString::to_string),
        #[cfg(feature = "replay")]
        error.downcast_ref::<super::record::Attachment>().map(ToString::to_string),
    ];
    error.chain().filter(move |cause| {
        let has_trace = traces.iter().any(Option::is_some);
        !has_trace || !traces.contains(&Some(cause.to_string()))
    })
}

/// Returns the outermost cause.
pub(super) fn cause(error: &wasmtime::Error) -> Option<&(dyn StdError + 'static)> {
    causes(error).next()
}

/// Writes the causes in one line.
pub(super) fn write_causes(f: &mut impl Write, error: &wasmtime::Error) -> Result {
    let mut before = String::new();
    for cause in causes(error) {
        let text = cause.to_string();
        // Some errors repeat their source.
        if text != before {
            let separator = if before.is_empty() { "" } else { ": " };
            write!(f, "{separator}{text}")?;
        }
        // Its message has its causes.
        if cause.is::<Error>() {
            break;
        }
        before = text;
    }
    Ok(())
}
