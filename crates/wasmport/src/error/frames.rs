//! `Frame`: a function on the stack of a guest, by the names that a reader knows.

use super::Error;
use crate::engine::LimitReached;
use std::error::Error as StdError;
use std::fmt;
use wasmtime::{FrameInfo, FrameSymbol, WasmBacktrace};

/// A function on the guest's stack when a call failed: [`Error::frames`](crate::Error::frames).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The module's own name, or else the asset's.
    pub module: String,
    /// The function's name. Without debug names: that of the export that was called, or the index.
    pub function: String,
    /// File, line and column, if the artifact has them and the program has the feature `backtrace`.
    pub location: Option<String>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}", self.module, self.function)?;
        self.location.as_ref().map_or(Ok(()), |location| write!(f, " at {location}"))
    }
}

/// The asset, and the function that the program called.
#[derive(Clone, Copy)]
pub(crate) struct Callee<'a> {
    /// The asset's name.
    pub asset: &'a str,
    /// The export's name, if the call is of one export.
    pub function: Option<&'a str>,
    /// The largest number of frames that the runtime captures.
    pub most_frames: usize,
}

impl Callee<'_> {
    /// Names the frames in the error of a call.
    pub fn with_frames(self, error: wasmtime::Error) -> wasmtime::Error {
        match Frames::of(&error, self) {
            Some(frames) => error.context(frames),
            None => error,
        }
    }

    /// Returns the error of a call that failed for another reason than fuel and time.
    pub fn call_error(self, limit: Option<LimitReached>, source: wasmtime::Error) -> Error {
        let (asset, function) = self.names();
        Error::Call { asset, function, limit, source }
    }

    /// Returns the names of asset and function, for an error.
    pub fn names(self) -> (String, Option<String>) {
        (self.asset.to_owned(), self.function.map(ToOwned::to_owned))
    }
}

/// The frames of a failed call: a context of its error.
#[derive(Debug)]
pub(super) struct Frames(pub Vec<Frame>);

impl Frames {
    /// Names the frames of an error, if there are any.
    pub fn of(error: &wasmtime::Error, callee: Callee<'_>) -> Option<Self> {
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        // The outermost frame is the export itself, unless frames are missing.
        let is_whole = frames.len() < callee.most_frames;
        let last = frames.len().checked_sub(1).filter(|_| is_whole);
        let frames = frames.iter().enumerate().flat_map(|(index, frame)| {
            let export = callee.function.filter(|_| last == Some(index));
            named(frame, callee.asset, export)
        });
        Some(Self(frames.collect()))
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest's stack:")?;
        let mut frames = self.0.iter().enumerate();
        frames.try_for_each(|(index, frame)| write!(f, "\n  {index:>3}: {frame}"))
    }
}

impl StdError for Frames {}

/// Returns the frames of a captured one: one for each inlined function, then the function itself.
fn named(frame: &FrameInfo, asset: &str, export: Option<&str>) -> Vec<Frame> {
    let module = frame.module().name().unwrap_or(asset);
    let function = || match (frame.func_name(), export) {
        (Some(name), _) => demangled(name),
        (None, Some(export)) => export.to_owned(),
        (None, None) => format!("function {}", frame.func_index()),
    };
    let new = |function, location| Frame { module: module.to_owned(), function, location };
    if frame.symbols().is_empty() {
        return vec![new(function(), None)];
    }
    let symbols = frame.symbols().iter();
    symbols.map(|s| new(s.name().map_or_else(function, demangled), location(s))).collect()
}

fn location(symbol: &FrameSymbol) -> Option<String> {
    let file = symbol.file()?;
    Some(match (symbol.line(), symbol.column()) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        _ => file.to_owned(),
    })
}

/// Returns a mangled name of Rust or C++ as it is in the source, and any other name as it is.
fn demangled(name: &str) -> String {
    // A plain name may also be a mangled type: `a` is `signed char` in C++.
    #[cfg(feature = "backtrace")]
    if ["_R", "__R", "_Z", "__Z"].iter().any(|start| name.starts_with(start)) {
        if let Ok(name) = rustc_demangle::try_demangle(name) {
            return format!("{name:#}");
        }
        let symbol = cpp_demangle::Symbol::new(name).ok();
        if let Some(name) = symbol.and_then(|symbol| symbol.demangle().ok()) {
            return name;
        }
    }
    name.to_owned()
}

#[cfg(all(test, feature = "backtrace"))]
mod tests {
    use super::demangled;

    #[test]
    fn only_mangled_names_are_demangled() {
        assert_eq!(demangled("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(demangled("_RNvC6_123foo3bar"), "123foo::bar");
        assert_eq!(demangled("__ZN3foo3barEv"), "foo::bar()");
        for plain in ["a", "i", "v", "main", "_start", "_Zwrong", ""] {
            assert_eq!(demangled(plain), plain);
        }
    }
}
