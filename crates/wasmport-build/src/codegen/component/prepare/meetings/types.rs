//! Types and their cases.

use super::scope::{Scope, by_length};
use super::{Meetings, interfaces};
use heck::ToUpperCamelCase as _;
use wit_parser::{InterfaceId, Resolve, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey};

impl Meetings {
    /// Types stand beside the traits that the generator makes of resources, and helpers of derive macros.
    pub(super) fn types(&mut self, resolve: &mut Resolve, world: WorldId) {
        let imported = interfaces(resolve, world, false);
        let exported = interfaces(resolve, world, true);
        let all: Vec<InterfaceId> = resolve.interfaces.iter().map(|(id, _)| id).collect();
        for id in all {
            let types = resolve.interfaces[id].types.iter();
            let types: Vec<_> = types.map(|(name, ty)| (*ty, name.clone())).collect();
            let traits = Traits { host: imported.contains(&id), guest: exported.contains(&id) };
            self.types_of_scope(resolve, types, &traits);
        }
        let types =
            resolve.worlds[world].imports.iter().filter_map(|(key, item)| match (key, item) {
                (WorldKey::Name(name), WorldItem::Type { id, .. }) => Some((*id, name.clone())),
                _ => None,
            });
        let types = types.collect();
        self.types_of_scope(resolve, types, &Traits { host: true, guest: false });
    }

    fn types_of_scope(
        &mut self,
        resolve: &mut Resolve,
        types: Vec<(TypeId, String)>,
        traits: &Traits,
    ) {
        let mut scope = Scope::default();
        for (id, name) in by_length(types) {
            let ty = &mut resolve.types[id];
            if let Some(digits) = scope.digits(&name, |name| traits.names(&ty.kind, name)) {
                ty.name = Some(self.renamed(&name, &digits));
                let _ = self.types.insert(id, name);
            }
        }
    }

    /// The words of cases are joined.
    pub(super) fn cases(&self, resolve: &mut Resolve) {
        for (_, ty) in resolve.types.iter_mut() {
            let cases: Vec<&mut String> = match &mut ty.kind {
                TypeDefKind::Variant(own) => {
                    own.cases.iter_mut().map(|case| &mut case.name).collect()
                }
                TypeDefKind::Enum(own) => own.cases.iter_mut().map(|case| &mut case.name).collect(),
                _ => continue,
            };
            let mut scope = Scope::default();
            let named = cases.into_iter().map(|case| {
                let name = case.clone();
                (case, name)
            });
            for (case, name) in by_length(named) {
                let camel = |name: &str| vec![name.to_upper_camel_case()];
                if let Some(digits) = scope.digits(&name, camel) {
                    *case = self.renamed(&name, &digits);
                }
            }
        }
    }
}

/// The traits and structs that the generator makes of a resource.
struct Traits {
    host: bool,
    guest: bool,
}

impl Traits {
    /// Returns the names in Rust that a type has.
    fn names(&self, kind: &TypeDefKind, name: &str) -> Vec<String> {
        let camel = name.to_upper_camel_case();
        let mut names = match kind {
            TypeDefKind::Resource => {
                let host = [format!("Host{camel}"), format!("Host{camel}WithStore")];
                let host = host.into_iter().filter(|_| self.host);
                host.chain(self.guest.then(|| format!("Guest{camel}"))).collect()
            }
            // Derive macros define these beside the types of fields and cases.
            TypeDefKind::Record(_) => vec![format!("Lower{camel}")],
            TypeDefKind::Variant(_) => {
                vec![format!("Lower{camel}"), format!("LowerPayload{camel}")]
            }
            _ => Vec::new(),
        };
        names.push(camel);
        names
    }
}
