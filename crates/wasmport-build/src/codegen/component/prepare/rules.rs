//! Rules of the generator: functions that are async, can end the guest's call, or reach the store.

use super::choices::Choices;
use super::error::ChoiceError;
use super::options::{Options, Worlds, shown};
use super::world_keys::{exact_names, keys};
use crate::names::nearest;
use wasmtime_internal_wit_bindgen::{FunctionConfig, FunctionFilter, FunctionFlags};
use wit_parser::{Function, InterfaceId, Resolve, TypeId, WorldItem, WorldKey};

const ASYNC: &str = "async-imports";
const TRAPPABLE: &str = "trappable-imports";
const STORE: &str = "store-imports";

impl Options {
    /// Adds one rule for each function that differs from the others.
    pub fn functions(&mut self, worlds: &Worlds<'_>, choices: &Choices) -> Result<(), ChoiceError> {
        self.used.clear();
        let flag =
            |chosen: bool, flag: FunctionFlags| if chosen { flag } else { FunctionFlags::empty() };
        let every = flag(choices.asynchronous, FunctionFlags::ASYNC);
        let trappable = flag(choices.trappable, FunctionFlags::TRAPPABLE);
        let store = flag(choices.store, FunctionFlags::STORE);
        self.opts.imports = self.rules(worlds, choices, every | trappable | store, true);
        self.imports_wait |= choices.asynchronous;
        // A store with an async import can be called with `await` alone.
        let every = every | flag(self.imports_wait, FunctionFlags::ASYNC);
        self.opts.exports = self.rules(worlds, choices, every, false);
        self.check_names(worlds, choices)
    }

    fn check_names(&self, worlds: &Worlds<'_>, choices: &Choices) -> Result<(), ChoiceError> {
        for (setting, names) in [
            (ASYNC, &choices.async_functions),
            (TRAPPABLE, &choices.trappable_functions),
            (STORE, &choices.store_functions),
        ] {
            let mut unused = names
                .iter()
                .enumerate()
                .filter(|(_, name)| !self.used.contains(&format!("{setting} {name}")));
            if let Some((index, name)) = unused.next() {
                let mut known = functions(worlds, true);
                if setting == ASYNC {
                    known.extend(functions(worlds, false));
                }
                let known = known.iter().flat_map(|function| &function.names);
                let nearest = nearest(name, known.map(String::as_str)).map(shown);
                let name = shown(name);
                return Err(if setting == ASYNC {
                    ChoiceError::UnknownFunction { setting, index, name, nearest }
                } else {
                    ChoiceError::UnknownImport { setting, index, name, nearest }
                });
            }
        }
        Ok(())
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
            let interface = function.interface.as_ref().filter(|_| is_import);
            if interface.is_some_and(|name| self.opts.with.contains_key(name)) {
                continue;
            }
            let flags = self.flags(choices, every, &function, is_import);
            if flags.bits() != every.bits() {
                rules.push(FunctionFilter::Name(function.rule), flags | FunctionFlags::EXACT);
            }
        }
        rules
    }

    fn flags(
        &mut self,
        choices: &Choices,
        every: FunctionFlags,
        function: &Ruled,
        is_import: bool,
    ) -> FunctionFlags {
        let mut flags = every;
        if self.names(&choices.async_functions, ASYNC, &function.names) {
            flags |= FunctionFlags::ASYNC;
        }
        if is_import {
            if self.names(&choices.trappable_functions, TRAPPABLE, &function.names) {
                flags |= FunctionFlags::TRAPPABLE;
            }
            if self.names(&choices.store_functions, STORE, &function.names) {
                flags |= FunctionFlags::STORE;
            }
            self.imports_wait |= function.is_async || flags.contains(FunctionFlags::ASYNC);
            self.imports_store |= flags.contains(FunctionFlags::STORE);
        }
        flags
    }

    /// Returns whether the setting names the function.
    fn names(&mut self, chosen: &[String], setting: &str, names: &[String]) -> bool {
        let mut found = false;
        for name in chosen.iter().filter(|name| names.contains(name)) {
            let _ = self.used.insert(format!("{setting} {name}"));
            found = true;
        }
        found
    }
}

/// A function, or the destructor of a resource, to which a rule can apply.
struct Ruled {
    interface: Option<String>,
    /// Names by which settings can refer to it.
    names: Vec<String>,
    /// The generator's name for it.
    rule: String,
    is_async: bool,
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
                ruled.extend(of_interface(worlds, (&key, &aliased_key), id, is_import));
            }
            (WorldItem::Function(own), WorldItem::Function(aliased)) => ruled.push(Ruled {
                interface: None,
                names: names(&own),
                rule: aliased.name,
                is_async: own.kind.is_async(),
            }),
            (WorldItem::Type { id, .. }, _) => {
                ruled.extend(dropped(worlds, id).map(|(own, rule)| Ruled {
                    interface: None,
                    names: vec![own],
                    rule,
                    is_async: false,
                }));
            }
            _ => {}
        }
    }
    ruled
}

fn of_interface(
    worlds: &Worlds<'_>,
    (key, aliased_key): (&WorldKey, &WorldKey),
    id: InterfaceId,
    is_import: bool,
) -> Vec<Ruled> {
    let all: Vec<String> = keys(worlds.own, key).into_iter().map(|key| key.name).collect();
    let exact = exact_names(worlds.own, key);
    let interface = worlds.aliased.name_world_key(aliased_key);
    let rule = |own: &[String], aliased: &str, is_async| {
        let exact = exact.iter().flat_map(|key| own.iter().map(move |own| format!("{key}.{own}")));
        Ruled {
            interface: Some(interface.clone()),
            names: exact.chain(all.iter().cloned()).collect(),
            rule: format!("{interface}.{aliased}"),
            is_async,
        }
    };
    let (own, aliased) = (worlds.own_interface(id), &worlds.aliased.interfaces[id]);
    let pairs = own.functions.values().zip(aliased.functions.values());
    let functions =
        pairs.map(|(own, aliased)| rule(&names(own), &aliased.name, own.kind.is_async()));
    let types = own.types.values().filter(|_| is_import);
    let destructors = types
        .filter_map(|id| dropped(worlds, *id))
        .map(|(own, aliased)| rule(&[own], &aliased, false));
    functions.chain(destructors).collect()
}

/// Lists the names of a function: as WIT has it, and shorter for one of a resource.
fn names(function: &Function) -> Vec<String> {
    let short = function.name.split_once(']').map(|(_, short)| short.to_string());
    [function.name.clone()].into_iter().chain(short).collect()
}

fn dropped(worlds: &Worlds<'_>, id: TypeId) -> Option<(String, String)> {
    let names = worlds.resource(id);
    names.map(|(own, aliased)| (format!("[drop]{own}"), format!("[drop]{aliased}")))
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::Choices;
    use crate::codegen::component::tests::{chosen, has, text, wrapper};

    #[test]
    fn imports_that_are_chosen_reach_the_store() {
        let wit = "
            package demo:pipe;
            interface source { open: func(host: u32) -> u32; close: func(); }
            world app { import source; import now: func() -> u64; export run: func(); }";
        let access = "host: __rt::Access<T, Self>";
        let some = chosen(|c| c.store_functions = vec!["demo:pipe/source.open".into()]);
        let bindings = wrapper(wit, &some).unwrap();
        assert!(bindings.needs_store && !bindings.is_async);
        let some = text(bindings);
        for expected in [
            &format!("fn open({access}, host_: u32) -> u32;"),
            "fn close(&mut self);",
            "fn now(&mut self) -> u64;",
            "demo::pipe::source::HostWithStore<::wasmport::SessionData<T>>",
        ] {
            assert!(has(&some, expected), "{expected}: {some}");
        }
        let all = text(wrapper(wit, &chosen(|c| c.store = true)).unwrap());
        for expected in [&format!("fn close({access});"), &format!("fn now({access}) -> u64;")] {
            assert!(has(&all, expected), "{expected}: {all}");
        }
        let none = wrapper(wit, &Choices::default()).unwrap();
        assert!(!none.needs_store && !has(&text(none), "HostWithStore<::wasmport"));
        let error =
            wrapper(wit, &chosen(|c| c.store_functions = vec!["run".into()])).err().unwrap();
        assert_eq!(
            error.to_string(),
            "`store-imports` has `run`, which is no function that the component imports"
        );
    }
}
