//! WASI in a world: interfaces that wasmport links itself, without `Host` traits.

use super::choices::Choices;
use super::world_keys::is_remapped;
use heck::ToUpperCamelCase as _;
use std::collections::BTreeSet;
use wasmport::interface::Preview;
use wit_parser::{InterfaceId, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

/// The part of WASI that a world imports.
#[derive(Debug, Default)]
pub(in super::super) struct Wasi {
    pub needs: BTreeSet<Preview>,
    /// Interfaces whose types others use, with their Rust paths.
    pub remapped: Vec<(InterfaceId, String)>,
    /// The resources of these interfaces.
    pub resources: Vec<WasiResource>,
    /// Whether the program defines some of the interfaces itself.
    pub is_shadowed: bool,
}

/// A resource of WASI that other interfaces may use.
#[derive(Debug)]
pub(in super::super) struct WasiResource {
    pub interface: String,
    pub name: String,
    /// The path of its Rust type.
    pub ty: String,
}

impl Wasi {
    /// Returns whether sessions are async for its sake.
    pub fn is_async(&self) -> bool {
        needs_async(&self.needs)
    }

    /// Removes from the world the interfaces of WASI that the linker alone has to know; none if the
    /// program links WASI itself.
    pub fn take(resolve: &mut Resolve, world: WorldId, is_async: bool, choices: &Choices) -> Self {
        if !choices.wasi {
            return Self::default();
        }
        let preview = |resolve: &Resolve, id| {
            preview(resolve, id).filter(|_| !is_remapped(resolve, id, choices))
        };
        let imports = resolve.worlds[world].imports.iter();
        let needs = imports.filter_map(|item| preview(resolve, by_own_name(item)?));
        let mut needs: BTreeSet<Preview> = needs.collect();
        if choices.grants_wasi || needs.contains(&Preview::Http) {
            let _ = needs.insert(Preview::Two);
        }
        let is_async = is_async || needs_async(&needs);
        let used = used_by_others(resolve, world, |id| preview(resolve, id).is_some());
        let mut wasi = Self { needs, ..Self::default() };
        let mut unused: Vec<WorldKey> = Vec::new();
        for (key, item) in &resolve.worlds[world].imports {
            let Some(id) = by_own_name((key, item)) else { continue };
            let Some(preview) = preview(resolve, id) else {
                wasi.is_shadowed |= self::preview(resolve, id).is_some();
                continue;
            };
            if used.contains(&id) {
                let Some(path) = path(resolve, id, preview, is_async) else { continue };
                wasi.resources.extend(resources(resolve, id, &path));
                wasi.remapped.push((id, path));
            } else {
                unused.push(key.clone());
            }
        }
        for key in unused {
            let _ = resolve.worlds[world].imports.shift_remove(&key);
        }
        wasi
    }
}

/// Returns the interface of an import that has the interface's own name. An import by a plain name is
/// not WASI, whichever interface it implements: no linker defines that name.
fn by_own_name((key, item): (&WorldKey, &WorldItem)) -> Option<InterfaceId> {
    match (key, item) {
        (WorldKey::Interface(_), WorldItem::Interface { id, .. }) => Some(*id),
        _ => None,
    }
}

/// Returns whether a part has async sessions alone: HTTP waits for the network.
fn needs_async(needs: &BTreeSet<Preview>) -> bool {
    needs.iter().any(|preview| *preview != Preview::Two)
}

/// Finds the interfaces whose types the other interfaces of the world use.
fn used_by_others(
    resolve: &Resolve,
    world: WorldId,
    is_wasi: impl Fn(InterfaceId) -> bool,
) -> BTreeSet<InterfaceId> {
    let world = &resolve.worlds[world];
    let mut todo: Vec<InterfaceId> = Vec::new();
    for item in world.exports.values() {
        if let WorldItem::Interface { id, .. } = item {
            todo.extend(resolve.interface_direct_deps(*id));
        }
    }
    for (key, item) in &world.imports {
        match item {
            WorldItem::Interface { id, .. }
                if by_own_name((key, item)).is_none_or(|id| !is_wasi(id)) =>
            {
                todo.extend(resolve.interface_direct_deps(*id));
            }
            WorldItem::Type { id, .. } => todo.extend(resolve.type_interface_dep(*id)),
            _ => {}
        }
    }
    let mut used = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if used.insert(id) {
            todo.extend(resolve.interface_direct_deps(id));
        }
    }
    used
}

fn preview(resolve: &Resolve, id: InterfaceId) -> Option<Preview> {
    wasmport::interface::preview(&resolve.id_of(id)?)
}

fn path(resolve: &Resolve, id: InterfaceId, preview: Preview, is_async: bool) -> Option<String> {
    let interface = &resolve.interfaces[id];
    let package = &resolve.packages[interface.package?].name.name;
    let name = interface.name.as_deref()?.replace('-', "_");
    let bindings = match preview {
        Preview::Http => "::wasmport::wasi::http::bindings",
        Preview::Two if is_async => "::wasmport::wasi::bindings",
        Preview::Two => "::wasmport::wasi::bindings::sync",
        Preview::Three => "::wasmport::wasi::p3::bindings",
    };
    Some(format!("{bindings}::{package}::{name}"))
}

/// Returns the resources of an interface, whose Rust types are at `path`.
fn resources<'a>(
    resolve: &'a Resolve,
    id: InterfaceId,
    path: &'a str,
) -> impl Iterator<Item = WasiResource> + 'a {
    let interface = resolve.id_of(id).unwrap_or_default();
    let types = resolve.interfaces[id].types.iter();
    let resources =
        types.filter(|(_, ty)| matches!(resolve.types[**ty].kind, TypeDefKind::Resource));
    resources.map(move |(name, _)| WasiResource {
        interface: interface.clone(),
        name: name.clone(),
        ty: format!("{path}::{}", name.to_upper_camel_case()),
    })
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::Choices;
    use crate::codegen::component::tests::{chosen, has, text, wrapper};

    const COMMAND: &str = "
        package demo:app;
        interface pipe { use wasi:io/streams@0.2.6.{input}; open: func() -> input; }
        world app {
            import wasi:io/streams@0.2.6;
            import wasi:random/random@0.2.0;
            import pipe;
            export wasi:cli/run@0.2.6;
        }
        package wasi:io@0.2.6 { interface streams { resource input { close: func(); } } }
        package wasi:random@0.2.0 { interface random { get: func() -> u64; } }
        package wasi:cli@0.2.6 { interface run { run: func() -> result; } }
    ";

    #[test]
    fn wasi_is_linked_by_the_runtime() {
        let bindings = wrapper(COMMAND, &chosen(|c| c.wasi = true)).unwrap();
        assert!(bindings.needs_wasi && !bindings.needs_wasi_p3);
        let text = text(bindings);
        for expected in [
            "impl<T: demo::app::pipe::Host + Send + 'static> AppSession<T>",
            "pub use ::wasmport::wasi::bindings::sync::io::streams as __with_name0;",
            "wasi: ::wasmport::wasi::Wasi",
            "wasi.link_component(linker, store)?;",
            "__rt::exit( wrapper.wasi_cli_run().call_run(store), )",
        ] {
            assert!(has(&text, expected), "{expected}: {text}");
        }
        assert!(!has(&text, "wasi:random") && !has(&text, "__with_name0::add_to_linker"), "{text}");
        let without = wrapper(COMMAND, &Choices::default()).unwrap();
        assert!(!without.needs_wasi);
        let text = self::text(without);
        let hosts = [
            "demo::app::pipe::Host +",
            "wasi::io::streams::Host +",
            "wasi::random::random::Host +",
        ];
        assert!(hosts.iter().all(|host| has(&text, host)), "{text}");
    }

    #[test]
    fn stubs_have_the_resources_of_wasi_that_others_use() {
        let choices = chosen(|c| {
            c.wasi = true;
            c.is_interface = true;
        });
        let text = text(wrapper(COMMAND, &choices).unwrap());
        let entry = r#"(
            "wasi:io/streams@0.2.6",
            "input",
            __rt::ResourceType::host::<::wasmport::wasi::bindings::sync::io::streams::Input>()
        )"#;
        assert!(has(&text, entry), "{text}");
    }

    #[test]
    fn a_program_may_have_wasi_of_its_own() {
        let choices = chosen(|c| {
            c.wasi = true;
            let _ = c.with.insert("wasi:random".into(), "crate::dice".into());
        });
        let text = text(wrapper(COMMAND, &choices).unwrap());
        assert!(has(&text, "crate::dice::random") && has(&text, "allow_shadowing(true)"), "{text}");
    }

    #[test]
    fn preview_3_is_linked_besides_preview_2_and_sessions_wait() {
        let wit = "
            package demo:app;
            interface pipe { use wasi:cli/types@0.3.0.{error-code}; close: func() -> error-code; }
            world app {
                import pipe;
                import wasi:io/streams@0.2.6;
                import wasi:random/random@0.3.0;
                export size: func() -> u32;
                export wasi:cli/run@0.3.0;
            }
            package wasi:io@0.2.6 { interface streams { resource input { close: func(); } } }
            package wasi:random@0.3.0 { interface random { get: func() -> u64; } }
            package wasi:cli@0.3.0 {
                interface types { enum error-code { io } }
                interface run { run: async func() -> result; }
            }
        ";
        let bindings = wrapper(wit, &chosen(|c| c.wasi = true)).unwrap();
        assert!(bindings.needs_wasi && bindings.needs_wasi_p3 && bindings.is_async);
        let text = text(bindings);
        for expected in [
            "pub use ::wasmport::wasi::p3::bindings::cli::types as __with_name0;",
            "pub async fn new( runtime: &::wasmport::Runtime, data: T, wasi: ::wasmport::wasi::Wasi",
            "wasi.link_component_p3(linker, store)?;",
            "pub async fn size(&mut self)",
            "__rt::exit(
                store
                    .run_concurrent(async |accessor| { wrapper.wasi_cli_run().call_run(accessor).await })
                    .await
                    .flatten(),
            )",
        ] {
            assert!(has(&text, expected), "{expected}: {text}");
        }
        assert!(!has(&text, "wasi.link_component_async") && !has(&text, "wasi:random"), "{text}");
    }

    #[test]
    fn all_of_a_component_for_preview_3_waits_and_drafts_of_it_are_the_programs() {
        let wit = |version: &str| {
            format!(
                "package demo:app;
                 world app {{ import wasi:random/random@{version}; export size: func() -> u32; }}
                 package wasi:random@{version} {{ interface random {{ get: func() -> u64; }} }}"
            )
        };
        let choices = chosen(|c| c.wasi = true);
        let released = wrapper(&wit("0.3.0"), &choices).unwrap();
        assert!(released.needs_wasi_p3 && released.is_async);
        let text = text(released);
        assert!(has(&text, "pub async fn size(&mut self)"), "{text}");
        assert!(has(&text, "instantiate_async"), "{text}");
        let draft = wrapper(&wit("0.3.0-rc-2026-03-15"), &choices).unwrap();
        assert!(!draft.needs_wasi && !draft.is_async);
    }
}
