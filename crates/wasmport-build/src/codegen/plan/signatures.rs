//! The user's signatures, on their way to the functions they stand for.

use crate::codegen::api::{Allocation, Api, Signature};
use crate::interface::Interface;
use crate::names::{self, Request};
use crate::settings::AssetSettings;
use proc_macro2::{Ident, TokenStream};

/// The user's signatures that are not yet a function's.
pub(super) struct Signatures {
    pub items: TokenStream,
    pub structs: Vec<Ident>,
    exports: Vec<Signature>,
    imports: Vec<(String, Vec<Signature>)>,
    allocation: Option<Allocation>,
}

impl Signatures {
    pub fn of(
        interface: &Interface,
        settings: &AssetSettings,
        vis: &TokenStream,
    ) -> Result<Self, String> {
        let Some(api) = Api::of(interface, settings)? else {
            return Ok(Self {
                items: TokenStream::new(),
                structs: Vec::new(),
                exports: Vec::new(),
                imports: Vec::new(),
                allocation: None,
            });
        };
        Ok(Self {
            items: api.items(vis, settings)?,
            structs: api.structs.iter().map(|item| item.ident.clone()).collect(),
            exports: api.exports,
            imports: api.imports,
            allocation: Some(api.allocation),
        })
    }

    /// Refuses a struct of a name that the wrapper has already.
    pub fn check_names(&self, taken: &[&Ident]) -> Result<(), String> {
        let is_taken = |ident: &&Ident| taken.contains(ident) || *ident == "ASSET";
        match self.structs.iter().find(is_taken) {
            None => Ok(()),
            Some(ident) => Err(format!("`api`: the wrapper itself has something called `{ident}`")),
        }
    }

    pub fn allocation(&self) -> Result<&Allocation, String> {
        self.allocation.as_ref().ok_or_else(|| "there are signatures without an `api`".into())
    }

    /// For each export, by name and whether it is a function, its signature.
    pub fn for_exports<'e>(
        &mut self,
        exports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, String> {
        take(&mut self.exports, exports, "export")
    }

    /// For each import from a module, by name and whether it is a function, its signature.
    pub fn for_imports<'e>(
        &mut self,
        module: &str,
        imports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, String> {
        let Some(index) = self.imports.iter().position(|(name, _)| name == module) else {
            return Ok(imports.map(|_| None).collect());
        };
        let (_, mut signatures) = self.imports.swap_remove(index);
        take(&mut signatures, imports, &format!("import from {module:?}"))
    }

    pub fn check_all_are_used(&self) -> Result<(), String> {
        match self.imports.first() {
            None => Ok(()),
            Some((module, _)) => Err(format!(
                "`api` has signatures for the module {module:?}, of which nothing is imported"
            )),
        }
    }
}

/// Gives each signature to the function of its name, or to the one whose identifier it is.
fn take<'e>(
    signatures: &mut Vec<Signature>,
    functions: impl Iterator<Item = (&'e str, bool)>,
    what: &str,
) -> Result<Vec<Option<Signature>>, String> {
    let functions: Vec<(&str, bool)> = functions.collect();
    let requests: Vec<Request> = functions.iter().map(|(name, _)| Request::new(name)).collect();
    let idents = if signatures.is_empty() { Vec::new() } else { names::snake_case(&requests, &[]) };
    let mut taken: Vec<Option<Signature>> = functions.iter().map(|_| None).collect();
    for signature in signatures.drain(..) {
        let ident = signature.ident.to_string();
        let wanted = signature.name.as_deref().unwrap_or(&ident);
        let mut found = functions.iter().position(|(name, _)| *name == wanted);
        if found.is_none() && signature.name.is_none() {
            found = idents.iter().position(|i| *i == ident);
        }
        match found {
            Some(index) if !functions[index].1 => {
                return Err(format!("the {what} {wanted:?} is no function: it has no signature"));
            }
            Some(index) if taken[index].is_some() => {
                return Err(format!("the {what} {wanted:?} has two signatures"));
            }
            Some(index) => taken[index] = Some(signature),
            None => {
                return Err(format!(
                    "the signature `{}` names no {what} with a method: {wanted:?}",
                    signature.text
                ));
            }
        }
    }
    Ok(taken)
}
