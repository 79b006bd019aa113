//! The guest's side of an interface: source code for those who write plug-ins.

mod c;
mod rust;
#[cfg(test)]
mod tests;

use super::docs::printable;
use super::lacking::{Lacking, LackingError};
use crate::component::{WitError, World};
use crate::interface::{ExternType, FuncType, Interface, ValType};
use crate::names::{self, Request};
use crate::settings::AssetSettings;

/// The language of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuestLanguage {
    /// Rust: a module with the imports, a trait to implement and a macro that exports it; for components a
    /// module that calls `wit_bindgen::generate!`.
    Rust,
    /// C: a header with the imports and exports, and their attributes.
    C,
    /// WIT: the world with all packages that it refers to, for any generator of bindings.
    Wit,
}

/// The reason why there is no source code for guests of an interface.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuestError {
    /// The language is for the other kind.
    #[error("`{name}` is {kind}, and {language} is for {other}")]
    Language {
        name: String,
        kind: &'static str,
        language: &'static str,
        other: &'static str,
        help: &'static str,
    },
    /// The component has no world.
    #[error("the component has no world in WIT")]
    NoWorld,
    /// The settings name no export of the interface.
    #[error(transparent)]
    Lacking(#[from] LackingError),
    /// The world cannot be written.
    #[error(transparent)]
    Wit(#[from] WitError),
}

impl GuestError {
    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Language { help, .. } => Some((*help).into()),
            Self::Lacking(error) => error.help(),
            Self::NoWorld | Self::Wit(_) => None,
        }
    }
}

/// The version of the interface that a guest is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestVersion<'a> {
    /// Its name.
    pub name: &'a str,
    /// The custom section in which the host looks for it.
    pub section: &'a str,
}

/// Writes the guest's side of the interface `name`.
///
/// # Errors
///
/// Fails with [`GuestError`] if the language is for the other kind of code, or the world cannot be written.
pub(crate) fn guest(
    name: &str,
    interface: &Interface,
    is_component: bool,
    settings: &AssetSettings,
    language: GuestLanguage,
    version: Option<GuestVersion<'_>>,
) -> Result<String, GuestError> {
    let exports: Vec<&str> = interface.exports.iter().map(|e| e.name.as_str()).collect();
    let lacking = || Lacking::of(settings, &exports);
    match (language, is_component) {
        (GuestLanguage::Rust, false) => {
            Ok(rust::module(name, interface, &lacking()?.names) + &rust::section(version))
        }
        (GuestLanguage::C, false) => Ok(c::header(name, interface, &lacking()?.names, version)),
        (GuestLanguage::Wit, true) => Ok(wit_section(version) + &world(interface)?.wit()?),
        (GuestLanguage::Rust, true) => {
            Ok(rust::bindings(name, world(interface)?)? + &rust::section(version))
        }
        (GuestLanguage::C, true) => Err(GuestError::Language {
            name: name.into(),
            kind: "an interface of components",
            language: "a C header",
            other: "core modules",
            help: "use `--lang wit`, and `wit-bindgen c` for the file",
        }),
        (GuestLanguage::Wit, false) => Err(GuestError::Language {
            name: name.into(),
            kind: "an interface of core modules",
            language: "WIT",
            other: "components",
            help: "use `--lang rust` or `--lang c`",
        }),
    }
}

/// Writes the comment about the custom section with the version.
fn wit_section(version: Option<GuestVersion<'_>>) -> String {
    let Some(GuestVersion { name, section }) = version else { return String::new() };
    let (name, section) = (printable(name), printable(section));
    format!(
        "// The host reads the version `{name}` of this world from the custom section `{section}` of the component, or \
         of a\n// module in it. In Rust:\n//\n\
         // #[unsafe(link_section = \"{section}\")]\n\
         // pub static INTERFACE_VERSION: [u8; {}] = *b\"{name}\";\n\n",
        name.len()
    )
}

fn world(interface: &Interface) -> Result<&World, GuestError> {
    interface.world.as_ref().ok_or(GuestError::NoWorld)
}

/// A function that both sides agree on.
struct Function<'a> {
    /// The module that it is imported from; none for an export.
    module: Option<&'a str>,
    name: &'a str,
    /// Its name in the guest's source code.
    ident: String,
    /// The parameters, with names.
    params: Vec<(String, &'a ValType)>,
    ty: &'a FuncType,
}

/// Lists the functions of some imports or exports, whose names are unique among these. Other items, and types
/// that source code has no words for, are in the second list as text.
fn functions<'a>(
    items: impl IntoIterator<Item = (Option<&'a str>, &'a str, &'a ExternType)>,
    is_covered: impl Fn(&FuncType) -> bool,
) -> (Vec<Function<'a>>, Vec<String>) {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for (module, name, ty) in items {
        match ty {
            ExternType::Func(func) if is_covered(func) => found.push((module, name, func)),
            ty => {
                let module = module.map(|module| format!("{module:?} ")).unwrap_or_default();
                others.push(printable(&format!("{module}{name:?}: {ty}")));
            }
        }
    }
    let requests = found.iter().map(|(_, name, _)| Request::new(name)).collect::<Vec<_>>();
    let idents = names::snake_case(&requests, &[]);
    let functions = found.into_iter().zip(idents).map(|((module, name, ty), ident)| {
        let params = super::types::parameter_names(ty).into_iter().map(|ident| ident.to_string());
        let params = params.zip(ty.params.iter().map(|param| &param.ty)).collect();
        Function { module, name, ident, params, ty }
    });
    (functions.collect(), others)
}

/// The imports by module, each list with names that are unique in it.
fn import_modules(interface: &Interface) -> Vec<&str> {
    let mut modules: Vec<&str> = Vec::new();
    for import in &interface.imports {
        if !modules.contains(&import.module.as_str()) {
            modules.push(&import.module);
        }
    }
    modules
}

/// Returns whether a type is made of numbers, with at most one result.
fn is_numbers(ty: &FuncType) -> bool {
    let is_number =
        |ty: &ValType| matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64);
    ty.types().all(is_number) && ty.results.len() <= 1
}

/// The type of a function in a comment, which it cannot end.
fn comment(ty: &FuncType) -> String {
    printable(&ExternType::Func(ty.clone()).to_string())
}
