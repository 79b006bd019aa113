//! The imports of a component while it initializes: WASI, and functions that trap.

use super::preview_2;
use super::state::GuestState;
use wasmport::interface::{Preview, preview};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, Result};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::{self, DynInputStream, DynOutputStream, DynPollable, bindings};

/// Creates a linker with all imports of the component.
pub(super) fn linker(component: &Component, has_wasi: bool) -> Result<Linker<GuestState>> {
    let engine = component.engine();
    let mut linker = Linker::new(engine);
    if has_wasi {
        // Sessions link it too.
        let mut options = bindings::sync::LinkOptions::default();
        options.network_error_code(true);
        p2::add_to_linker_with_options_sync(&mut linker, &options)?;
        preview_2::replace(&mut linker)?;
    }
    let mut stubs = Stubs { engine, resources: Vec::new() };
    for (name, import) in component.component_type().imports(engine) {
        // Wasmtime's own function would hide WASI in all versions but one.
        if has_wasi && preview(name) == Some(Preview::Two) {
            stubs.take_resources(name, import.ty);
        } else {
            stubs.define(&mut linker.root(), "", name, import.ty)?;
        }
    }
    Ok(linker)
}

/// Functions that trap when they are called.
struct Stubs<'a> {
    engine: &'a Engine,
    /// The types of WASI resources in the component and in Wasmtime: other interfaces may use them.
    resources: Vec<(ResourceType, ResourceType)>,
}

impl Stubs<'_> {
    /// Records the resources of a WASI interface.
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
        linker: &mut LinkerInstance<'_, GuestState>,
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
            // Types need no definition, and Wizer refuses all other items.
            _ => Ok(()),
        }
    }
}

fn unknown(path: &str) -> Result<()> {
    wasmtime::bail!("unknown import: `{path}` has not been defined")
}

/// Returns Wasmtime's type for a WASI resource that other interfaces use.
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
