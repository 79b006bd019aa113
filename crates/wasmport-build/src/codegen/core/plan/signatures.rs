//! Signatures: which of the user's signatures is for which import or export.

use super::super::api::{Api, ApiError, ResolvedConvention, Signature, SignedModule, near};
use crate::interface::{Import, Interface};
use crate::names::{self, Request};
use crate::settings::AssetSettings;
use proc_macro2::{Ident, TokenStream};

/// Names of the items and type parameters of import modules, and of the description.
const RESERVED: &[&str] = &["ASSET", "H", "Host", "T", "Values", "W"];

/// The user's signatures that are not yet assigned to functions.
pub(super) struct Signatures {
    pub items: TokenStream,
    /// The enums of status codes.
    pub statuses: TokenStream,
    /// The names of structs and enums.
    pub types: Vec<Ident>,
    exports: Vec<Signature>,
    imports: Vec<SignedModule>,
    pub convention: Option<ResolvedConvention>,
}

impl Signatures {
    /// The signatures that the settings give.
    ///
    /// # Errors
    ///
    /// Fails if `api` is not as it must be.
    pub fn of(
        interface: &Interface,
        settings: &AssetSettings,
        vis: &TokenStream,
    ) -> Result<Self, ApiError> {
        let Some(api) = Api::of(interface, settings)? else {
            return Ok(Self {
                items: TokenStream::new(),
                statuses: TokenStream::new(),
                types: Vec::new(),
                exports: Vec::new(),
                imports: Vec::new(),
                convention: None,
            });
        };
        let structs = api.structs.iter().map(|item| &item.ident);
        let enums = api.enums.iter().map(|item| &item.ident);
        Ok(Self {
            items: api.items(vis, settings)?,
            statuses: api.statuses(vis),
            types: structs.chain(enums).cloned().collect(),
            exports: api.exports,
            imports: api.imports,
            convention: Some(api.convention),
        })
    }

    /// Returns the convention if the runtime implements the import for it.
    pub fn implementing(&self, import: &Import) -> Option<&ResolvedConvention> {
        self.convention.as_ref().filter(|convention| convention.implements(import))
    }

    /// Refuses structs and enums whose names generated code uses.
    ///
    /// # Errors
    ///
    /// Fails with [`ApiError::NameTaken`].
    pub fn check_names(&self, taken: &[&Ident]) -> Result<(), ApiError> {
        let is_taken = |ident: &&Ident| {
            let name = ident.to_string();
            taken.contains(ident) || name.starts_with("__") || RESERVED.contains(&name.as_str())
        };
        match self.types.iter().find(is_taken) {
            None => Ok(()),
            Some(ident) => Err(ApiError::NameTaken(ident.to_string())),
        }
    }

    /// The signature of each export, given by name and whether it is a function.
    ///
    /// # Errors
    ///
    /// Fails if a signature is for no function, or for one that has a signature already.
    pub fn for_exports<'e>(
        &mut self,
        exports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, ApiError> {
        take(&mut self.exports, exports, "export")
    }

    /// The signature of each import from a module, given by name and whether it is a function.
    ///
    /// # Errors
    ///
    /// Fails if a signature is for no function, or for one that has a signature already.
    pub fn for_imports<'e>(
        &mut self,
        module: &str,
        imports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, ApiError> {
        let Some(index) = self.imports.iter().position(|signed| signed.name == module) else {
            return Ok(imports.map(|_| None).collect());
        };
        let mut signatures = self.imports.swap_remove(index).signatures;
        take(&mut signatures, imports, &format!("import from {module:?}"))
    }

    /// Checks that each module with signatures is among the `imported` ones.
    ///
    /// # Errors
    ///
    /// Fails with [`ApiError::UnusedModule`].
    pub fn check_all_are_used<'e>(
        &self,
        imported: impl Iterator<Item = &'e str>,
    ) -> Result<(), ApiError> {
        match self.imports.iter().min_by_key(|signed| signed.line) {
            None => Ok(()),
            Some(SignedModule { name, line, .. }) => Err(ApiError::UnusedModule {
                line: *line,
                name: name.clone(),
                nearest: near(name, imported),
            }),
        }
    }
}

/// Assigns each signature to the function with its name, or else with its identifier.
fn take<'e>(
    signatures: &mut Vec<Signature>,
    functions: impl Iterator<Item = (&'e str, bool)>,
    kind: &str,
) -> Result<Vec<Option<Signature>>, ApiError> {
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
                let error = ApiError::NotFunction { kind: kind.into(), name: wanted.into() };
                return Err(error.at(signature.line));
            }
            Some(index) if taken[index].is_some() => {
                let error = ApiError::TwoSignatures { kind: kind.into(), name: wanted.into() };
                return Err(error.at(signature.line));
            }
            Some(index) => taken[index] = Some(signature),
            None => {
                let known = functions.iter().filter(|(_, is_func)| *is_func).map(|(name, _)| *name);
                let nearest = near(wanted, known);
                let (name, kind, line) = (wanted.into(), kind.into(), signature.line);
                let error = ApiError::NoFunction { text: signature.text, kind, name, nearest };
                return Err(error.at(line));
            }
        }
    }
    Ok(taken)
}
