//! WASI in components: what wasmport links by itself, without `Host` traits.

use std::collections::BTreeSet;
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem, WorldKey};

/// A version of WASI that wasmport links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Preview {
    Two,
    Three,
}

/// The interfaces that Wasmtime has of preview 2.
const PREVIEW_2: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
        ],
    ),
    ("clocks", &["monotonic-clock", "wall-clock"]),
    ("filesystem", &["preopens", "types"]),
    ("io", &["error", "poll", "streams"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    (
        "sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];

/// The interfaces that Wasmtime has of preview 3.
const PREVIEW_3: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
            "types",
        ],
    ),
    ("clocks", &["monotonic-clock", "system-clock", "types"]),
    ("filesystem", &["preopens", "types"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    ("sockets", &["ip-name-lookup", "types"]),
];

/// What a world has of WASI.
#[derive(Debug, Default)]
pub(super) struct Wasi {
    pub needs: BTreeSet<Preview>,
    /// Interfaces whose types others use, with where these are.
    pub remapped: Vec<(InterfaceId, String)>,
    /// Whether the program defines some of its interfaces itself.
    pub is_shadowed: bool,
}

impl Wasi {
    /// Takes out of the world the interfaces of WASI that nothing but the linker has to know.
    /// `is_own` tells those that the program defines itself.
    pub fn prune(
        resolve: &mut Resolve,
        world: WorldId,
        is_async: bool,
        is_own: impl Fn(&Resolve, InterfaceId) -> bool,
    ) -> Self {
        let preview = |resolve: &Resolve, id| preview(resolve, id).filter(|_| !is_own(resolve, id));
        let used = used_by_others(resolve, world, |id| preview(resolve, id).is_some());
        let mut wasi = Self::default();
        let mut gone: Vec<WorldKey> = Vec::new();
        for (key, item) in &resolve.worlds[world].imports {
            let WorldItem::Interface { id, .. } = item else { continue };
            let Some(preview) = preview(resolve, *id) else {
                wasi.is_shadowed |= self::preview(resolve, *id).is_some();
                continue;
            };
            let _ = wasi.needs.insert(preview);
            if used.contains(id) {
                if let Some(path) = path(resolve, *id, preview, is_async) {
                    wasi.remapped.push((*id, path));
                }
            } else {
                gone.push(key.clone());
            }
        }
        for key in gone {
            let _ = resolve.worlds[world].imports.shift_remove(&key);
        }
        wasi
    }
}

/// The interfaces from which types of the world's others come.
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
    for item in world.imports.values() {
        match item {
            WorldItem::Interface { id, .. } if !is_wasi(*id) => {
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
    let interface = &resolve.interfaces[id];
    let package = &resolve.packages[interface.package?].name;
    let version = package.version.as_ref()?;
    if !version.pre.is_empty() {
        return None;
    }
    let (preview, interfaces) = match (version.major, version.minor) {
        (0, 2) => (Preview::Two, PREVIEW_2),
        (0, 3) => (Preview::Three, PREVIEW_3),
        _ => return None,
    };
    let (_, known) = interfaces.iter().find(|(name, _)| *name == package.name)?;
    let name = interface.name.as_deref()?;
    (package.namespace == "wasi" && known.contains(&name)).then_some(preview)
}

fn path(resolve: &Resolve, id: InterfaceId, preview: Preview, is_async: bool) -> Option<String> {
    let interface = &resolve.interfaces[id];
    let package = &resolve.packages[interface.package?].name.name;
    let name = interface.name.as_deref()?.replace('-', "_");
    let bindings = match preview {
        Preview::Two if is_async => "::wasmport::wasi::bindings",
        Preview::Two => "::wasmport::wasi::bindings::sync",
        Preview::Three => "::wasmport::wasi::p3::bindings",
    };
    Some(format!("{bindings}::{package}::{name}"))
}

#[cfg(test)]
mod tests {
    use super::super::Choices;
    use super::super::tests::{chosen, has, text, wrapper};

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
            "impl<T: demo::app::pipe::Host + ::core::marker::Send + 'static> AppSession<T>",
            "pub use ::wasmport::wasi::bindings::sync::io::streams as __with_name0;",
            "wasi: ::wasmport::wasi::Wasi",
            "wasi.link_component(linker, store)?;",
            "::wasmport::support::component_exit( wrapper.wasi_cli_run().call_run(store), )",
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
    fn a_program_may_have_wasi_of_its_own() {
        let choices = chosen(|c| {
            c.wasi = true;
            let _ = c.with.insert("wasi:random".into(), "crate::dice".into());
        });
        let text = text(wrapper(COMMAND, &choices).unwrap());
        assert!(has(&text, "crate::dice::random") && has(&text, "allow_shadowing(true)"), "{text}");
    }
}
