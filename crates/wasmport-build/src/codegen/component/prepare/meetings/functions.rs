//! Exported functions: each is a field, which has the name of the resource too, and a method.

use super::scope::{Scope, by_length};
use super::{Meetings, interfaces};
use heck::ToSnakeCase as _;
use std::collections::BTreeMap;
use wit_parser::{Function, FunctionKind, Resolve, TypeId, WorldId, WorldItem};

impl Meetings {
    pub(super) fn functions(&self, resolve: &mut Resolve, world: WorldId) {
        for id in interfaces(resolve, world, true) {
            let renamed = self.exported(resolve, resolve.interfaces[id].functions.values());
            rename(resolve.interfaces[id].functions.values_mut(), &renamed);
        }
        let functions = resolve.worlds[world].exports.values().filter_map(|item| match item {
            WorldItem::Function(function) => Some(function),
            _ => None,
        });
        let renamed = self.exported(resolve, functions);
        let functions = resolve.worlds[world].exports.values_mut().filter_map(|item| match item {
            WorldItem::Function(function) => Some(function),
            _ => None,
        });
        rename(functions, &renamed);
    }

    /// Returns the new names of functions by their own.
    fn exported<'a>(
        &self,
        resolve: &Resolve,
        functions: impl Iterator<Item = &'a Function>,
    ) -> BTreeMap<String, String> {
        let functions = by_length(functions.map(|function| (function, function.name.clone())));
        let mut functions: Vec<&Function> = functions.into_iter().map(|(own, _)| own).collect();
        // A constructor has no name that could be another, and methods come before what looks like them.
        functions.sort_by_key(|function| match function.kind {
            FunctionKind::Constructor(_) => 0,
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => 2,
            _ => 1,
        });
        let mut scope = Scope::default();
        // A method of the interface returns the functions of each resource.
        let resources = functions.iter().filter_map(|function| function.kind.resource());
        scope.add(resources.map(|id| format!("method {}", self.resource(resolve, id))));
        let mut renamed = BTreeMap::new();
        for function in functions {
            let prefix = self.field_prefix(resolve, &function.kind);
            let resource = function.kind.resource();
            let resource = resource.map(|id| self.resource(resolve, id) + " ").unwrap_or_default();
            // Fields of one struct, and methods of the interface's type or the resource's.
            let names = |item: &str| {
                let ident = item.to_snake_case();
                vec![
                    format!("field {prefix}{ident}"),
                    format!("{resource}method call_{ident}"),
                    format!("{resource}method func_{ident}"),
                ]
            };
            if let Some(digits) = scope.digits(function.item_name(), names) {
                let new = self.renamed(&function.name, &digits);
                let _ = renamed.insert(function.name.clone(), new);
            }
        }
        renamed
    }

    fn resource(&self, resolve: &Resolve, id: TypeId) -> String {
        let name = resolve.types[id].name.as_deref().unwrap_or_default();
        self.shown(name).to_snake_case()
    }

    /// Returns the beginning of a field, as the generator writes it.
    fn field_prefix(&self, resolve: &Resolve, kind: &FunctionKind) -> String {
        let (word, id) = match *kind {
            FunctionKind::Method(id) | FunctionKind::AsyncMethod(id) => ("method", id),
            FunctionKind::Static(id) | FunctionKind::AsyncStatic(id) => ("static", id),
            FunctionKind::Constructor(id) => ("constructor", id),
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => return String::new(),
        };
        format!("{word}_{}_", self.resource(resolve, id))
    }
}

fn rename<'a>(
    functions: impl Iterator<Item = &'a mut Function>,
    renamed: &BTreeMap<String, String>,
) {
    for function in functions {
        if let Some(new) = renamed.get(&function.name) {
            function.name.clone_from(new);
        }
    }
}
