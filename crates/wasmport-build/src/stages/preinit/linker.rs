//! What a component imports while it initializes: WASI, and traps for all else.

use super::run::State;
use crate::codegen::is_preview_2;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, Result};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::{self, DynInputStream, DynOutputStream, DynPollable, bindings};

/// A linker with all imports of the component.
pub(super) fn linker(component: &Component, has_wasi: bool) -> Result<Linker<State>> {
    let engine = component.engine();
    let mut linker = Linker::new(engine);
    if has_wasi {
        p2::add_to_linker_sync(&mut linker)?;
    }
    let mut stubs = Stubs { engine, resources: Vec::new() };
    for (name, import) in component.component_type().imports(engine) {
        // Not with Wasmtime's own function: that would hide WASI in each version but one.
        if has_wasi && is_preview_2(name) {
            stubs.take_resources(name, import.ty);
        } else {
            stubs.define(&mut linker.root(), "", name, import.ty)?;
        }
    }
    Ok(linker)
}

/// Functions that trap. They are fine as long as they are not called.
struct Stubs<'a> {
    engine: &'a Engine,
    /// Resources of WASI, as the component's types and Wasmtime's: other interfaces may use them.
    resources: Vec<(ResourceType, ResourceType)>,
}

impl Stubs<'_> {
    /// Remembers the resources of an interface of WASI.
    fn take_resources(&mut self, interface: &str, item: ComponentItem) {
        let ComponentItem::ComponentInstance(instance) = item else { return };
        for (name, export) in instance.exports(self.engine) {
            if let ComponentItem::Resource(ty) = export.ty
                && let Some(host) = resource(interface, name)
            {
                self.resources.push((ty, host));
            }
        }
    }

    fn define(
        &self,
        linker: &mut LinkerInstance<'_, State>,
        of: &str,
        name: &str,
        item: ComponentItem,
    ) -> Result<()> {
        let path = format!("{of}{name}");
        match item {
            ComponentItem::ComponentFunc(ty) if ty.async_() => {
                linker.func_new_concurrent(name, move |_, _, _, _| {
                    let error = unknown(&path);
                    Box::pin(async { error })
                })
            }
            ComponentItem::ComponentFunc(_) => {
                linker.func_new(name, move |_, _, _, _| unknown(&path))
            }
            ComponentItem::ComponentInstance(instance) => {
                let mut linker = linker.instance(name)?;
                instance.exports(self.engine).try_for_each(|(name, export)| {
                    self.define(&mut linker, &format!("{path}."), name, export.ty)
                })
            }
            ComponentItem::Resource(ty) => {
                let known = self.resources.iter().find(|(own, _)| *own == ty);
                let host = known.map_or_else(ResourceType::host::<()>, |(_, host)| *host);
                linker.resource(name, host, |_, _| Ok(()))
            }
            // Types are nothing to define, and Wizer has refused all others.
            _ => Ok(()),
        }
    }
}

fn unknown(path: &str) -> Result<()> {
    wasmtime::bail!("unknown import: `{path}` has not been defined")
}

/// The type that Wasmtime has for a resource of WASI which interfaces of others use.
fn resource(interface: &str, name: &str) -> Option<ResourceType> {
    let (interface, _) = interface.split_once('@')?;
    Some(match (interface, name) {
        ("wasi:io/error", "error") => ResourceType::host::<bindings::io::error::Error>(),
        ("wasi:io/poll", "pollable") => ResourceType::host::<DynPollable>(),
        ("wasi:io/streams", "input-stream") => ResourceType::host::<DynInputStream>(),
        ("wasi:io/streams", "output-stream") => ResourceType::host::<DynOutputStream>(),
        ("wasi:filesystem/types", "descriptor") => ResourceType::host::<Descriptor>(),
        _ => return None,
    })
}
