//! `Options`: the choices for the comparison of code with an interface.

use super::difference::Difference;

/// The choices for a comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether memories and tables must be as large as in the interface.
    pub sizes: bool,
    /// Whether the host gives WASI.
    pub wasi: bool,
    /// Whether imports may be taken from a module of any name.
    pub any_import_module: bool,
    /// Exports that code may lack, by name.
    pub optional: &'static [&'static str],
    /// Exports of which code has one, by name.
    pub one_of: &'static [&'static str],
}

impl Options {
    /// Returns the difference of code that does not have exactly one of the exports of which it must.
    pub fn one_of(&self, has: impl Fn(&str) -> bool) -> Option<Difference> {
        let exports = || self.one_of.iter().copied();
        let found: Vec<String> = exports().filter(|name| has(name)).map(Into::into).collect();
        (!self.one_of.is_empty() && found.len() != 1)
            .then(|| Difference::OneOf { exports: exports().map(Into::into).collect(), found })
    }
}
