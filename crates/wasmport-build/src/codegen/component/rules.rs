//! Which functions wait, may end the guest's call, or reach the store: a rule of the generator for each.

use super::Choices;
use super::options::{Options, Worlds, keys};
use wasmtime_internal_wit_bindgen::{FunctionConfig, FunctionFilter, FunctionFlags};
use wit_parser::{Function, Resolve, TypeDefKind, TypeId, WorldItem};

impl Options {
    /// One rule for each function that differs from the others.
    pub fn functions(&mut self, worlds: &Worlds<'_>, choices: &Choices) -> Result<(), String> {
        self.used.clear();
        let flag =
            |chosen: bool, flag: FunctionFlags| if chosen { flag } else { FunctionFlags::empty() };
        let every = flag(choices.asynchronous, FunctionFlags::ASYNC);
        let trappable = flag(choices.trappable, FunctionFlags::TRAPPABLE);
        let store = flag(choices.store, FunctionFlags::STORE);
        let imports = self.rules(worlds, choices, every | trappable | store, true);
        self.imports_wait |= choices.asynchronous;
        // A store in which an import waits is called with `await` alone.
        let exports = self.rules(
            worlds,
            choices,
            every | flag(self.imports_wait, FunctionFlags::ASYNC),
            false,
        );
        (self.opts.imports, self.opts.exports) = (imports, exports);
        let names = |setting, names: &[String]| {
            let unused =
                names.iter().find(|name| !self.used.contains(&format!("{setting} {name}")));
            unused.map_or(Ok(()), |name| Err((setting, name.clone())))
        };
        names("async-imports", &choices.async_functions)
            .and_then(|()| names("trappable-imports", &choices.trappable_functions))
            .and_then(|()| names("store-imports", &choices.store_functions))
            .map_err(|(setting, name)| {
                let which = if setting == "async-imports" { "has" } else { "imports" };
                format!(
                    "`{setting}` has `{}`, which is no function that the component {which}",
                    name.escape_debug()
                )
            })
    }

    fn rules(
        &mut self,
        worlds: &Worlds<'_>,
        choices: &Choices,
        every: FunctionFlags,
        is_import: bool,
    ) -> FunctionConfig {
        let mut rules = FunctionConfig::new();
        rules.push(FunctionFilter::Default, every);
        for function in functions(worlds, is_import) {
            if function
                .interface
                .as_ref()
                .is_some_and(|name| is_import && self.opts.with.contains_key(name))
            {
                continue;
            }
            let mut flags = every;
            if self.names(&choices.async_functions, "async-imports", &function.names) {
                flags |= FunctionFlags::ASYNC;
            }
            if is_import {
                if self.names(&choices.trappable_functions, "trappable-imports", &function.names) {
                    flags |= FunctionFlags::TRAPPABLE;
                }
                if self.names(&choices.store_functions, "store-imports", &function.names) {
                    flags |= FunctionFlags::STORE;
                }
                self.imports_wait |= function.waits || flags.contains(FunctionFlags::ASYNC);
                self.imports_store |= flags.contains(FunctionFlags::STORE);
            }
            if flags.bits() != every.bits() {
                rules.push(FunctionFilter::Name(function.rule), flags | FunctionFlags::EXACT);
            }
        }
        rules
    }

    /// Whether the setting names the function.
    fn names(&mut self, chosen: &[String], setting: &str, names: &[String]) -> bool {
        let mut found = false;
        for name in chosen.iter().filter(|name| names.contains(name)) {
            let _ = self.used.insert(format!("{setting} {name}"));
            found = true;
        }
        found
    }
}

/// A function, or the end of a resource, to which a rule may apply.
struct Ruled {
    interface: Option<String>,
    /// What settings may call it.
    names: Vec<String>,
    /// What the generator calls it.
    rule: String,
    waits: bool,
}

fn functions(worlds: &Worlds<'_>, is_import: bool) -> Vec<Ruled> {
    let items = |resolve: &Resolve| {
        let world = &resolve.worlds[worlds.id];
        let items = if is_import { &world.imports } else { &world.exports };
        items.iter().map(|(key, item)| (key.clone(), item.clone())).collect::<Vec<_>>()
    };
    let mut ruled = Vec::new();
    for ((key, own), (aliased_key, aliased)) in
        items(worlds.own).into_iter().zip(items(worlds.aliased))
    {
        match (own, aliased) {
            (WorldItem::Interface { id, .. }, WorldItem::Interface { .. }) => {
                let keys = keys(worlds.own, &key);
                let interface = worlds.aliased.name_world_key(&aliased_key);
                let all = keys.iter().map(|(key, _)| key.clone());
                let exact: Vec<&String> =
                    keys.iter().filter(|(_, rest)| rest.is_empty()).map(|(key, _)| key).collect();
                let mut rule = |own: &[String], aliased: &str, waits| {
                    let exact = exact
                        .iter()
                        .flat_map(|key| own.iter().map(move |own| format!("{key}.{own}")));
                    ruled.push(Ruled {
                        interface: Some(interface.clone()),
                        names: exact.chain(all.clone()).collect(),
                        rule: format!("{interface}.{aliased}"),
                        waits,
                    });
                };
                let (own, aliased) = (&worlds.own.interfaces[id], &worlds.aliased.interfaces[id]);
                for (own, aliased) in own.functions.values().zip(aliased.functions.values()) {
                    rule(&names(own), &aliased.name, own.kind.is_async());
                }
                for id in own.types.values().filter(|_| is_import) {
                    if let Some((own, aliased)) = dropped(worlds, *id) {
                        rule(&[own], &aliased, false);
                    }
                }
            }
            (WorldItem::Function(own), WorldItem::Function(aliased)) => ruled.push(Ruled {
                interface: None,
                names: names(&own),
                rule: aliased.name,
                waits: own.kind.is_async(),
            }),
            (WorldItem::Type { id, .. }, _) => {
                ruled.extend(dropped(worlds, id).map(|(own, rule)| Ruled {
                    interface: None,
                    names: vec![own],
                    rule,
                    waits: false,
                }))
            }
            _ => {}
        }
    }
    ruled
}

/// The function as WIT names it, and shorter where it is one of a resource.
fn names(function: &Function) -> Vec<String> {
    let short = function.name.split_once(']').map(|(_, short)| short.to_string());
    [function.name.clone()].into_iter().chain(short).collect()
}

fn dropped(worlds: &Worlds<'_>, id: TypeId) -> Option<(String, String)> {
    let (own, aliased) = (&worlds.own.types[id], &worlds.aliased.types[id]);
    let is_resource = matches!(own.kind, TypeDefKind::Resource);
    let names = own.name.as_ref().zip(aliased.name.as_ref()).filter(|_| is_resource);
    names.map(|(own, aliased)| (format!("[drop]{own}"), format!("[drop]{aliased}")))
}

#[cfg(test)]
mod tests {
    use super::super::Choices;
    use super::super::tests::{chosen, has, text, wrapper};

    #[test]
    fn imports_that_are_chosen_reach_the_store() {
        let wit = "
            package demo:pipe;
            interface source { open: func(host: u32) -> u32; close: func(); }
            world app { import source; import now: func() -> u64; export run: func(); }";
        let access = "host: ::wasmport::wasmtime::component::Access<T, Self>";
        let some = chosen(|c| c.store_functions = vec!["demo:pipe/source.open".into()]);
        let bindings = wrapper(wit, &some).unwrap();
        assert!(bindings.needs_store && !bindings.is_async);
        let some = text(bindings);
        for expected in [
            &format!("fn open({access}, host_: u32) -> u32;"),
            "fn close(&mut self) -> ();",
            "fn now(&mut self) -> u64;",
            "demo::pipe::source::HostWithStore<::wasmport::SessionData<T>>",
        ] {
            assert!(has(&some, expected), "{expected}: {some}");
        }
        let all = text(wrapper(wit, &chosen(|c| c.store = true)).unwrap());
        for expected in
            [&format!("fn close({access}) -> ();"), &format!("fn now({access}) -> u64;")]
        {
            assert!(has(&all, expected), "{expected}: {all}");
        }
        let none = wrapper(wit, &Choices::default()).unwrap();
        assert!(!none.needs_store && !has(&text(none), "HostWithStore<::wasmport"));
        let error =
            wrapper(wit, &chosen(|c| c.store_functions = vec!["run".into()])).err().unwrap();
        assert_eq!(
            error,
            "`store-imports` has `run`, which is no function that the component imports"
        );
    }
}
