//! The generator's options, out of the user's choices.

use super::choices::Choices;
use super::error::ChoiceError;
use super::wasi::Wasi;
use super::world_keys::{exact_names, keys};
use crate::names::nearest;
use quote::ToTokens as _;
use std::collections::BTreeSet;
use syn::Path;
use wasmtime_internal_wit_bindgen::{Opts, TrappableError};
use wit_parser::{
    Interface, InterfaceId, Resolve, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey,
};

/// A world in its own names, and in those under which code is generated.
pub(super) struct Worlds<'a> {
    pub own: &'a Resolve,
    pub aliased: &'a Resolve,
    pub id: WorldId,
}

impl Worlds<'_> {
    pub fn own_interface(&self, id: InterfaceId) -> &Interface {
        &self.own.interfaces[id]
    }

    /// Returns both names of a resource; none for other types.
    pub fn resource(&self, id: TypeId) -> Option<(&str, &str)> {
        let (own, aliased) = (&self.own.types[id], &self.aliased.types[id]);
        let is_resource = matches!(own.kind, TypeDefKind::Resource);
        own.name.as_deref().zip(aliased.name.as_deref()).filter(|_| is_resource)
    }
}

/// The generator's options.
pub(super) struct Options {
    pub opts: Opts,
    /// Keys in `with` that lead to WASI.
    wasi: BTreeSet<String>,
    /// Whether an import is async: then all exports are.
    pub imports_wait: bool,
    /// Whether an import that is not `async` in WIT reaches the store.
    pub imports_store: bool,
    /// Names in settings that something in the world has.
    pub(super) used: BTreeSet<String>,
}

impl Options {
    /// Reads the choices, each of which must name something.
    ///
    /// # Errors
    ///
    /// Fails if one names nothing or is invalid Rust.
    pub fn of(
        worlds: &Worlds<'_>,
        wasi: &Wasi,
        choices: &Choices,
        is_async: bool,
    ) -> Result<Self, ChoiceError> {
        let mut options = Self {
            opts: Opts { wasmtime_crate: Some("::wasmport::wasmtime".into()), ..Opts::default() },
            wasi: BTreeSet::new(),
            imports_wait: is_async && !wasi.needs.is_empty(),
            imports_store: false,
            used: BTreeSet::new(),
        };
        options.derives(choices)?;
        options.with(worlds, wasi, choices)?;
        options.errors(worlds, choices)?;
        options.functions(worlds, choices)?;
        Ok(options)
    }

    fn derives(&mut self, choices: &Choices) -> Result<(), ChoiceError> {
        for derive in &choices.derives {
            let path = rust_path(derive).ok_or_else(|| ChoiceError::DeriveSyntax(shown(derive)))?;
            if path.segments.last().is_some_and(|last| last.ident == "Debug") {
                return Err(ChoiceError::DeriveDebug);
            }
            self.opts.additional_derive_attributes.push(path.to_token_stream().to_string());
        }
        Ok(())
    }

    /// Adds one key for each interface and resource, so that the generator uses all of its keys.
    fn with(
        &mut self,
        worlds: &Worlds<'_>,
        wasi: &Wasi,
        choices: &Choices,
    ) -> Result<(), ChoiceError> {
        for (key, path) in &choices.with {
            let _ = rooted_path("with", key, path)?;
        }
        self.used.clear();
        let imports = worlds.own.worlds[worlds.id].imports.iter();
        for ((key, item), aliased) in imports.zip(worlds.aliased.worlds[worlds.id].imports.keys()) {
            match item {
                WorldItem::Interface { id, .. } => {
                    let aliased = worlds.aliased.name_world_key(aliased);
                    if !self.remap_interface(worlds, wasi, choices, (key, *id), &aliased) {
                        self.remap_resources(worlds, choices, (key, *id), &aliased);
                    }
                }
                WorldItem::Type { id, .. } => {
                    self.remap_resource(worlds, choices, *id, &[String::new()], "");
                }
                WorldItem::Function(_) => {}
            }
        }
        let unused = choices.with.keys().find(|key| !self.used.contains(*key));
        let Some(key) = unused else { return Ok(()) };
        let nearest = nearest(key, imported(worlds).iter().map(String::as_str)).map(shown);
        Err(ChoiceError::UnknownInterface { name: shown(key), nearest })
    }

    fn remap_interface(
        &mut self,
        worlds: &Worlds<'_>,
        wasi: &Wasi,
        choices: &Choices,
        (key, id): (&WorldKey, InterfaceId),
        aliased: &str,
    ) -> bool {
        let found = keys(worlds.own, key)
            .into_iter()
            .find_map(|key| choices.with.get(&key.name).map(|path| (key, path)));
        if let Some((key, path)) = found {
            let path = [std::slice::from_ref(path), key.modules.as_slice()].concat().join("::");
            let _ = self.used.insert(key.name);
            let _ = self.opts.with.insert(aliased.into(), path);
            return true;
        }
        let Some((_, path)) = wasi.remapped.iter().find(|(wasi, _)| *wasi == id) else {
            return false;
        };
        let _ = self.wasi.insert(aliased.into());
        let _ = self.opts.with.insert(aliased.into(), path.clone());
        true
    }

    fn remap_resources(
        &mut self,
        worlds: &Worlds<'_>,
        choices: &Choices,
        (key, id): (&WorldKey, InterfaceId),
        aliased: &str,
    ) {
        let names = exact_names(worlds.own, key);
        let prefixes: Vec<String> = names.iter().map(|name| format!("{name}.")).collect();
        for ty in worlds.own_interface(id).types.values() {
            self.remap_resource(worlds, choices, *ty, &prefixes, &format!("{aliased}."));
        }
    }

    fn remap_resource(
        &mut self,
        worlds: &Worlds<'_>,
        choices: &Choices,
        id: TypeId,
        prefixes: &[String],
        aliased_prefix: &str,
    ) {
        let Some((own, aliased)) = worlds.resource(id) else { return };
        let mut keys = prefixes.iter().map(|prefix| format!("{prefix}{own}"));
        let found = keys.find_map(|key| choices.with.get(&key).map(|path| (key, path)));
        if let Some((key, path)) = found {
            let _ = self.used.insert(key);
            let _ = self.opts.with.insert(format!("{aliased_prefix}{aliased}"), path.clone());
        }
    }

    fn errors(&mut self, worlds: &Worlds<'_>, choices: &Choices) -> Result<(), ChoiceError> {
        for (wit, rust) in &choices.trappable_errors {
            let wit_path = self.error(worlds, wit).ok_or_else(|| {
                let nearest = nearest(wit, imported(worlds).iter().map(String::as_str)).map(shown);
                ChoiceError::UnknownErrorType { name: shown(wit), nearest }
            })?;
            let path = rooted_path("trappable-errors", wit, rust)?;
            let rust_type_name = path.to_token_stream().to_string();
            if self.opts.trappable_error_type.iter().any(|other| other.wit_path == wit_path) {
                return Err(ChoiceError::ErrorTypeTwice(wit.clone()));
            }
            self.opts.trappable_error_type.push(TrappableError { wit_path, rust_type_name });
        }
        Ok(())
    }

    /// Finds the type of that name; returns the generator's name for it.
    fn error(&self, worlds: &Worlds<'_>, wit: &str) -> Option<String> {
        for key in worlds.own.worlds[worlds.id].imports.keys() {
            let WorldKey::Interface(id) = key else { continue };
            let interface = worlds.aliased.id_of(*id)?;
            if self.opts.with.contains_key(&interface) {
                continue;
            }
            for key in exact_names(worlds.own, key) {
                let name = wit.strip_prefix(&key).and_then(|rest| rest.strip_prefix('.'));
                let ty = name.and_then(|name| worlds.own_interface(*id).types.get(name));
                if let Some(name) = ty.and_then(|ty| worlds.aliased.types[*ty].name.as_ref()) {
                    return Some(format!("{interface}.{name}"));
                }
            }
        }
        None
    }

    /// Lists the names under which generated code imports the modules of WASI: the generator numbers
    /// the keys of `with` in their order.
    pub fn wasi_roots(&self) -> BTreeSet<String> {
        let keys: BTreeSet<&String> = self.opts.with.keys().collect();
        let numbered = keys.into_iter().enumerate().filter(|(_, key)| self.wasi.contains(*key));
        numbered.map(|(i, _)| format!("__with_name{i}")).collect()
    }
}

/// Lists the names of the interfaces that are imported, and of the types in them.
fn imported(worlds: &Worlds<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for (key, item) in &worlds.own.worlds[worlds.id].imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        let types = worlds.own_interface(*id).types.keys();
        let exact = exact_names(worlds.own, key);
        names.extend(types.flat_map(|ty| exact.iter().map(move |key| format!("{key}.{ty}"))));
        names.extend(exact);
    }
    names
}

/// Parses a path that leads to the same thing from every module.
fn rooted_path(setting: &'static str, key: &str, text: &str) -> Result<Path, ChoiceError> {
    let is_rooted = |path: &Path| {
        path.leading_colon.is_some() || path.segments.first().is_some_and(|s| s.ident == "crate")
    };
    rust_path(text).filter(is_rooted).ok_or_else(|| ChoiceError::Path {
        setting,
        key: shown(key),
        path: shown(text),
    })
}

fn rust_path(text: &str) -> Option<Path> {
    syn::parse_str(text).ok()
}

/// A name of a setting, as messages show it.
pub(super) fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}
