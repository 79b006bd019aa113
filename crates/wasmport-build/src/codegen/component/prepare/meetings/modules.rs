//! Packages and interfaces, which become modules.

use super::Meetings;
use super::scope::{Scope, by_length};
use crate::codegen::component::prepare::reserved::rust_ident;
use heck::ToSnakeCase as _;
use std::collections::BTreeMap;
use std::mem;
use wit_parser::{Package, PackageId, Resolve, World, WorldId, WorldItem, WorldKey};

impl Meetings {
    /// Packages of one namespace are modules of one module, and those of which there are several versions
    /// have it in their names.
    pub(super) fn packages(&self, resolve: &mut Resolve) {
        let mut namespaces: BTreeMap<String, Scope> = BTreeMap::new();
        let packages = resolve.packages.iter().map(|(id, package)| (id, package.name.to_string()));
        let mut renamed = Vec::new();
        for (id, _) in by_length(packages) {
            let own = &resolve.packages[id].name;
            let scope = namespaces.entry(own.namespace.to_snake_case()).or_default();
            let version = version(resolve, id);
            let module = |name: &str| vec![format!("{}{version}", name.to_snake_case())];
            if let Some(digits) = scope.digits(&own.name, module) {
                renamed.push((id, self.renamed(&own.name, &digits)));
            }
        }
        for (id, name) in renamed {
            resolve.packages[id].name.name = name;
        }
    }

    /// Interfaces with plain names are modules beside those of namespaces. Each exported interface is a method
    /// of the wrapper, beside those that call functions.
    pub(super) fn interfaces(&self, resolve: &mut Resolve, world: WorldId) {
        for is_export in [false, true] {
            let mut scope = Scope::default();
            scope.add(self.taken(resolve, world, is_export));
            let keys = items(&resolve.worlds[world], is_export)
                .filter(|(_, item)| matches!(item, WorldItem::Interface { .. }))
                .map(|(key, _)| (key.clone(), resolve.name_world_key(key)));
            let keys = by_length(keys);
            for (key, _) in keys {
                match key {
                    WorldKey::Name(name) => {
                        if let Some(digits) = scope.digits(&name, |name| vec![rust_ident(name)]) {
                            let new = self.renamed(&name, &digits);
                            rename_key(resolve, world, is_export, &name, new);
                        }
                    }
                    WorldKey::Interface(id) if is_export => {
                        let interface = &resolve.interfaces[id];
                        let (Some(name), Some(package)) = (&interface.name, interface.package)
                        else {
                            continue;
                        };
                        let path = self.package_path(resolve, package);
                        let method = |name: &str| vec![format!("{path}_{}", rust_ident(name))];
                        if let Some(digits) = scope.digits(name, method) {
                            let new = self.renamed(name, &digits);
                            resolve.interfaces[id].name = Some(new);
                        }
                    }
                    WorldKey::Interface(_) => {}
                }
            }
        }
    }

    /// Returns the modules of namespaces, and the methods for functions outside of interfaces.
    fn taken(&self, resolve: &Resolve, world: WorldId, is_export: bool) -> Vec<String> {
        let mut taken = Vec::new();
        for (key, item) in items(&resolve.worlds[world], is_export) {
            match (key, item) {
                (WorldKey::Interface(id), _) => {
                    let package = resolve.interfaces[*id].package;
                    let namespace = |id: PackageId| &resolve.packages[id].name.namespace;
                    taken.extend(package.map(|id| namespace(id).to_snake_case()));
                }
                (_, WorldItem::Function(function)) if is_export => {
                    let ident = function.item_name().to_snake_case();
                    taken.extend([format!("call_{ident}"), format!("func_{ident}")]);
                }
                _ => {}
            }
        }
        taken
    }

    fn package_path(&self, resolve: &Resolve, id: PackageId) -> String {
        let name = &resolve.packages[id].name;
        let package = self.shown(&name.name).to_snake_case();
        let version = version(resolve, id);
        format!("{}_{package}{version}", name.namespace.to_snake_case())
    }
}

/// Returns what the generator appends to a package's module: nothing if there is one version.
fn version(resolve: &Resolve, id: PackageId) -> String {
    let own = &resolve.packages[id].name;
    let same = |(_, other): &(PackageId, &Package)| {
        other.name.namespace == own.namespace && other.name.name == own.name
    };
    match &own.version {
        Some(version) if resolve.packages.iter().filter(same).count() > 1 => {
            version.to_string().replace(['.', '-', '+'], "_").to_snake_case()
        }
        _ => String::new(),
    }
}

fn rename_key(resolve: &mut Resolve, world: WorldId, is_export: bool, old: &str, new: String) {
    let world = &mut resolve.worlds[world];
    let items = if is_export { &mut world.exports } else { &mut world.imports };
    let renamed = mem::take(items).into_iter().map(|(key, item)| match key {
        WorldKey::Name(name) if name == old => (WorldKey::Name(new.clone()), item),
        key => (key, item),
    });
    *items = renamed.collect();
}

fn items(world: &World, is_export: bool) -> impl Iterator<Item = (&WorldKey, &WorldItem)> {
    if is_export { world.exports.iter() } else { world.imports.iter() }
}
