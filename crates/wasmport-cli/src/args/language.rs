//! `Language`: the language of a guest's side.

use clap::ValueEnum;
use wasmport_build::GuestLanguage;

/// A language of guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Language {
    /// A Rust module: imports, a trait to implement and a macro that exports it; for components a call of `wit_bindgen::generate!`
    Rust,
    /// A C header with the imports and exports of a core module
    C,
    /// The world of a component with all packages that it refers to
    Wit,
}

impl From<Language> for GuestLanguage {
    fn from(language: Language) -> Self {
        match language {
            Language::Rust => Self::Rust,
            Language::C => Self::C,
            Language::Wit => Self::Wit,
        }
    }
}
