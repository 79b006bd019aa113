//! The guest's side of an interface: source code for those who write plug-ins.

mod c;
mod rust;
#[cfg(test)]
mod tests;

use super::docs::printable;
use super::lacking::{Lacking, LackingError};
use super::types::parameter_texts;
use crate::component::{WitError, World};
use crate::interface::{ExternType, FuncType, Interface, ValType};
use crate::settings::AssetSettings;
use std::collections::BTreeSet;

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
            Ok(rust::module(name, interface, &lacking()?) + &rust::section(version))
        }
        (GuestLanguage::C, false) => Ok(c::header(name, interface, &lacking()?, version)),
        (GuestLanguage::Wit, true) => {
            Ok(wit_section(version) + &world(interface, settings)?.wit()?)
        }
        (GuestLanguage::Rust, true) => {
            Ok(rust::bindings(name, &world(interface, settings)?)? + &rust::section(version))
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

/// Returns the world, whose documentation says what a guest may lack.
fn world(interface: &Interface, settings: &AssetSettings) -> Result<World, GuestError> {
    let mut world = interface.world.clone().ok_or(GuestError::NoWorld)?;
    let exports = world.exports();
    let exports: Vec<&str> = exports.iter().map(String::as_str).collect();
    let lacking = Lacking::of(settings, &exports)?;
    world.document_exports(|export| lacking.note(export));
    Ok(world)
}

/// A function that both sides agree on.
struct Function<'a> {
    /// The module that it is imported from; none for an export.
    module: Option<&'a str>,
    name: &'a str,
    ty: &'a FuncType,
}

impl<'a> Function<'a> {
    /// Returns the parameters with names, none of which is in `reserved`.
    fn params(&self, reserved: &[&str]) -> Vec<(String, &'a ValType)> {
        let names = parameter_texts(self.ty, reserved).into_iter();
        names.zip(self.ty.params.iter().map(|param| &param.ty)).collect()
    }
}

/// Lists the functions of some imports or exports. Other items, and types that source code has no words for, are
/// in the second list as text.
fn functions<'a>(
    items: impl IntoIterator<Item = (Option<&'a str>, &'a str, &'a ExternType)>,
) -> (Vec<Function<'a>>, Vec<String>) {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for (module, name, ty) in items {
        match ty {
            ExternType::Func(ty) if is_numbers(ty) => found.push(Function { module, name, ty }),
            ty => {
                let module = module.map(|module| format!("{module:?} ")).unwrap_or_default();
                others.push(printable(&format!("{module}{name:?}: {ty}")));
            }
        }
    }
    (found, others)
}

/// Lists the functions that the interface imports from `module`, like [`functions`]; a name that is imported several
/// times is listed once.
fn imports<'a>(interface: &'a Interface, module: &str) -> (Vec<Function<'a>>, Vec<String>) {
    let mut seen = BTreeSet::new();
    let imports = interface.imports.iter().filter(|import| import.module == module);
    let imports = imports.filter(|import| seen.insert((&import.name, import.ty.to_string())));
    functions(imports.map(|i| (Some(i.module.as_str()), i.name.as_str(), &i.ty)))
}

/// Lists the functions that the interface exports, like [`functions`].
fn exports(interface: &Interface) -> (Vec<Function<'_>>, Vec<String>) {
    functions(interface.exports.iter().map(|e| (None, e.name.as_str(), &e.ty)))
}

/// The modules that the interface imports from.
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
