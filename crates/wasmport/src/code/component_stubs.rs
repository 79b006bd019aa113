//! Imports of components that do nothing.

use crate::interface::component::compatible;
use std::collections::HashMap;
use wasmtime::component::types::ComponentItem as Item;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, Result};

/// The types of the resources that a host gives: the interface of each, which is empty for those of the world
/// itself, and the resource's name.
pub type HostResources = Vec<(&'static str, &'static str, ResourceType)>;

/// Defines all imports of a component. Functions trap, and resources are those of the host where it has them: also
/// in compatible versions of its interfaces, and in interfaces that export them again.
///
/// # Errors
///
/// Fails if the component imports components or modules.
pub(super) fn define<T: 'static>(
    component: &Component,
    linker: &mut Linker<T>,
    host: &HostResources,
) -> Result<()> {
    let (engine, ty) = (component.engine(), component.component_type());
    let mut resources = Resources { host, engine, known: HashMap::new() };
    for (name, item) in ty.imports(engine) {
        resources.define(&mut linker.root(), "", name, item.ty)?;
    }
    linker.define_unknown_imports_as_traps(component)
}

/// The resources of a component.
struct Resources<'a> {
    host: &'a HostResources,
    engine: &'a Engine,
    /// The host's types for those of the component, by their identity as text: they have no hash.
    known: HashMap<String, Vec<(ResourceType, Option<ResourceType>)>>,
}

impl Resources<'_> {
    /// Defines the resources in an import.
    fn define<T: 'static>(
        &mut self,
        linker: &mut LinkerInstance<'_, T>,
        interface: &str,
        name: &str,
        item: Item,
    ) -> Result<()> {
        match item {
            Item::ComponentInstance(instance) => {
                let mut linker = linker.instance(name)?;
                for (inner, item) in instance.exports(self.engine) {
                    self.define(&mut linker, name, inner, item.ty)?;
                }
                Ok(())
            }
            Item::Resource(resource) => match self.of_host(resource, interface, name) {
                Some(ty) => linker.resource(name, ty, |_, _| Ok(())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Returns the host's type for a resource, whose first name decides.
    fn of_host(
        &mut self,
        resource: ResourceType,
        interface: &str,
        name: &str,
    ) -> Option<ResourceType> {
        let known = self.known.entry(format!("{resource:?}")).or_default();
        if let Some((_, ty)) = known.iter().find(|(own, _)| *own == resource) {
            return *ty;
        }
        let is_it = |(of, its, _): &&(&str, &str, _)| {
            *its == name && compatible(of) == compatible(interface)
        };
        let ty = self.host.iter().find(is_it).map(|(.., ty)| *ty);
        known.push((resource, ty));
        ty
    }
}
