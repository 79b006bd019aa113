//! What is chosen for a wrapper, in the generator's words, with errors in the user's.

use super::Choices;
use super::aliases::rust_ident;
use super::wasi::Wasi;
use quote::ToTokens as _;
use std::collections::BTreeSet;
use syn::Path;
use wasmtime_internal_wit_bindgen::{Opts, TrappableError};
use wit_parser::{InterfaceId, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

/// A world as the component has it, and with the names under which code is generated.
pub(super) struct Worlds<'a> {
    pub own: &'a Resolve,
    pub aliased: &'a Resolve,
    pub id: WorldId,
}

/// The generator's options.
pub(super) struct Options {
    pub opts: Opts,
    /// The keys in `with` that lead to WASI.
    pub wasi: BTreeSet<String>,
    /// Whether an import waits: then all exports do.
    pub imports_wait: bool,
    /// Whether an import that is not `async` in WIT reaches the store.
    pub imports_store: bool,
    /// What names settings have used.
    pub used: BTreeSet<String>,
}

/// Follows the choices, which must all name something.
///
/// # Errors
///
/// Where one names nothing, or is no Rust.
pub(super) fn options(
    worlds: &Worlds<'_>,
    wasi: &Wasi,
    choices: &Choices,
    is_async: bool,
) -> Result<Options, String> {
    let mut options = Options {
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

impl Options {
    fn derives(&mut self, choices: &Choices) -> Result<(), String> {
        for derive in &choices.derives {
            let path = rust_path(derive).ok_or_else(|| {
                format!(
                    "`derives` has `{}`, which is not the path of a derive macro",
                    derive.escape_debug()
                )
            })?;
            if path.segments.last().is_some_and(|last| last.ident == "Debug") {
                return Err("`derives` has `Debug`, which all types of wrappers implement".into());
            }
            self.opts.additional_derive_attributes.push(path.to_token_stream().to_string());
        }
        Ok(())
    }

    /// One key for each interface and resource, so that all of the generator's are used.
    fn with(&mut self, worlds: &Worlds<'_>, wasi: &Wasi, choices: &Choices) -> Result<(), String> {
        for (key, path) in &choices.with {
            let _ = rooted_path("with", key, path)?;
        }
        self.used.clear();
        let pairs = worlds.own.worlds[worlds.id].imports.iter();
        for ((key, item), aliased) in pairs.zip(worlds.aliased.worlds[worlds.id].imports.keys()) {
            let aliased = worlds.aliased.name_world_key(aliased);
            let types: Vec<_> = match item {
                WorldItem::Interface { id, .. } => {
                    let keys = keys(worlds.own, key);
                    let found = keys.iter().find_map(|(key, rest)| {
                        Some((key, [&[choices.with.get(key)?.clone()], rest.as_slice()].concat()))
                    });
                    if let Some((key, path)) = found {
                        let _ = self.used.insert(key.clone());
                        let _ = self.opts.with.insert(aliased, path.join("::"));
                        continue;
                    }
                    if let Some((_, path)) = wasi.remapped.iter().find(|(wasi, _)| wasi == id) {
                        let _ = self.wasi.insert(aliased.clone());
                        let _ = self.opts.with.insert(aliased, path.clone());
                        continue;
                    }
                    let types = worlds.own.interfaces[*id].types.values();
                    let exact = keys.iter().filter(|(_, rest)| rest.is_empty());
                    let keys: Vec<String> = exact.map(|(key, _)| format!("{key}.")).collect();
                    types.map(|ty| (*ty, keys.clone(), format!("{aliased}."))).collect()
                }
                WorldItem::Type { id, .. } => vec![(*id, vec![String::new()], String::new())],
                WorldItem::Function(_) => continue,
            };
            for (id, keys, prefix) in types {
                let (own, aliased) = (&worlds.own.types[id], &worlds.aliased.types[id]);
                let (Some(name), TypeDefKind::Resource) = (&own.name, &own.kind) else { continue };
                for key in keys.iter().map(|key| format!("{key}{name}")) {
                    if let (Some(path), Some(aliased)) = (choices.with.get(&key), &aliased.name) {
                        let _ = self.used.insert(key);
                        let _ = self.opts.with.insert(format!("{prefix}{aliased}"), path.clone());
                        break;
                    }
                }
            }
        }
        let unused = choices.with.keys().find(|key| !self.used.contains(*key));
        unused.map_or(Ok(()), |key| {
            Err(format!(
                "`with` has `{}`, which is no interface and no resource that the component imports",
                key.escape_debug()
            ))
        })
    }

    fn errors(&mut self, worlds: &Worlds<'_>, choices: &Choices) -> Result<(), String> {
        for (wit, rust) in &choices.trappable_errors {
            let wit_path = self.error(worlds, wit).ok_or_else(|| {
                format!(
                    "`trappable-errors` has `{}`, which is no type of an interface that the \
                     component imports",
                    wit.escape_debug()
                )
            })?;
            let path = rooted_path("trappable-errors", wit, rust)?;
            let rust_type_name = path.to_token_stream().to_string();
            if self.opts.trappable_error_type.iter().any(|other| other.wit_path == wit_path) {
                return Err(format!("`trappable-errors` has the type `{wit}` twice"));
            }
            self.opts.trappable_error_type.push(TrappableError { wit_path, rust_type_name });
        }
        Ok(())
    }

    /// The type of that name, as the generator knows it.
    fn error(&self, worlds: &Worlds<'_>, wit: &str) -> Option<String> {
        for key in worlds.own.worlds[worlds.id].imports.keys() {
            let WorldKey::Interface(id) = key else { continue };
            let interface = worlds.aliased.id_of(*id)?;
            if self.opts.with.contains_key(&interface) {
                continue;
            }
            for (key, _) in keys(worlds.own, key).iter().filter(|(_, rest)| rest.is_empty()) {
                let name = wit.strip_prefix(key).and_then(|rest| rest.strip_prefix('.'));
                let ty = name.and_then(|name| worlds.own.interfaces[*id].types.get(name));
                if let Some(name) = ty.and_then(|ty| worlds.aliased.types[*ty].name.as_ref()) {
                    return Some(format!("{interface}.{name}"));
                }
            }
        }
        None
    }

    /// The names under which the generated code imports the modules of WASI: it numbers what is in
    /// `with` in its order.
    pub fn roots(&self) -> BTreeSet<String> {
        let keys: BTreeSet<&String> = self.opts.with.keys().collect();
        let numbered = keys.into_iter().enumerate().filter(|(_, key)| self.wasi.contains(*key));
        numbered.map(|(i, _)| format!("__with_name{i}")).collect()
    }
}

/// What settings may call an interface, the most exact first, each with the modules that lead from
/// there to the interface.
pub(super) fn keys(resolve: &Resolve, key: &WorldKey) -> Vec<(String, Vec<String>)> {
    let id = match key {
        WorldKey::Name(name) => return vec![(name.clone(), Vec::new())],
        WorldKey::Interface(id) => *id,
    };
    let interface = &resolve.interfaces[id];
    let (Some(name), Some(package)) = (&interface.name, interface.package) else {
        return Vec::new();
    };
    let package = &resolve.packages[package].name;
    let module = rust_ident(name);
    let bare = format!("{}:{}", package.namespace, package.name);
    vec![
        (package.interface_id(name), Vec::new()),
        (format!("{bare}/{name}"), Vec::new()),
        (package.to_string(), vec![module.clone()]),
        (bare, vec![module.clone()]),
        (package.namespace.clone(), vec![rust_ident(&package.name), module]),
    ]
}

/// Whether settings say where the interface is.
pub(super) fn is_remapped(resolve: &Resolve, id: InterfaceId, choices: &Choices) -> bool {
    keys(resolve, &WorldKey::Interface(id)).iter().any(|(key, _)| choices.with.contains_key(key))
}

/// A path that leads to one thing, wherever the wrapper is.
fn rooted_path(setting: &str, key: &str, text: &str) -> Result<Path, String> {
    let is_rooted = |path: &Path| {
        path.leading_colon.is_some() || path.segments.first().is_some_and(|s| s.ident == "crate")
    };
    rust_path(text).filter(is_rooted).ok_or_else(|| {
        format!(
            "`{setting}` has `{}` for `{}`, which is not a Rust path that begins with `crate::` or `::`",
            text.escape_debug(),
            key.escape_debug()
        )
    })
}

fn rust_path(text: &str) -> Option<Path> {
    syn::parse_str(text).ok()
}
