//! The third step: a table of passes over the generator's code, each of which changes one thing.
//!
//! A pass returns how often it hit. Tests know for which worlds each must, and a pass that finds other
//! code than it knows fails, so that a new version of the generator cannot pass unnoticed.

mod calls;
mod concurrent;
mod debug;
mod derives;
mod docs;
mod duplicates;
mod error;
mod flags;
mod host_errors;
mod host_linker;
mod instantiation;
mod layout;
mod lookups;
mod missing_hosts;
mod optional;
mod parameters;
mod paths;
mod prose;
mod sizes;
#[cfg(test)]
mod tests;
mod tidy;
mod tree;

pub(crate) use error::RewriteError;

pub(super) use docs::{interface, lines};
pub(super) use duplicates::type_name;
pub(super) use optional::without_option;
pub(super) use tree::{doc, module};

use super::prepare::{Prepared, WitDocs};
use proc_macro2::Ident;
use std::collections::BTreeSet;
use syn::Item;
use tree::Hits;

/// The facts about the world that passes use.
pub(super) struct Context<'a> {
    /// The wrapper's type.
    pub ty: &'a Ident,
    pub docs: &'a WitDocs,
    /// Names under which generated code imports the modules of WASI.
    pub wasi_roots: &'a BTreeSet<String>,
    /// Fields and cases that do not implement `Debug`, with the names of their types.
    pub without_debug: &'a BTreeSet<(String, String)>,
    pub is_async: bool,
    /// The exported functions and interfaces that a component may lack.
    pub optional: &'a BTreeSet<String>,
}

impl<'a> Context<'a> {
    fn of(prepared: &'a Prepared) -> Self {
        let Prepared { ty, docs, wasi_roots, without_debug, is_async, lacking, .. } = prepared;
        Self { ty, docs, wasi_roots, without_debug, is_async: *is_async, optional: &lacking.names }
    }
}

/// One change of the generator's code.
pub(super) struct Pass {
    pub name: &'static str,
    /// The reason for it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by people, and by the test of the table")
    )]
    pub why: &'static str,
    run: fn(&mut Vec<Item>, &Context<'_>) -> Hits,
}

/// The passes, in order.
pub(super) const PASSES: &[Pass] = &[
    Pass {
        name: "plain-impls",
        why: "the methods of the wrapper are found at the top of the file, and not in a constant",
        run: tidy::plain_impls,
    },
    Pass {
        name: "one-import",
        why: "each module imports the support module instead of `Box`, and paths become short",
        run: tidy::one_import,
    },
    Pass {
        name: "own-lints",
        why: "lints are allowed for the file, with the reason",
        run: tidy::own_lints,
    },
    Pass {
        name: "sync-instantiation",
        why: "the crate has async functions only with its feature `async`",
        run: instantiation::sync_instantiation,
    },
    Pass {
        name: "host-linker",
        why: "WASI has a linker of its own, and `add_to_linker` asks for no implementation of it",
        run: host_linker::host_linker,
    },
    Pass {
        name: "used-parameters",
        why: "a linker of an interface without functions would have unused parameters",
        run: host_linker::used_parameters,
    },
    Pass {
        name: "stream-readers",
        why: "the generator names streams and futures that Wasmtime has under other names",
        run: concurrent::stream_readers,
    },
    Pass {
        name: "distinct-parameters",
        why: "a parameter of WIT can have the name of one that the generator adds",
        run: concurrent::distinct_parameters,
    },
    Pass {
        name: "parameter-names",
        why: "parameters have the names of WIT instead of numbers",
        run: parameters::parameter_names,
    },
    Pass {
        name: "short-calls",
        why: "rustc's time for a wrapper depends on the code in its functions: the call is one of the runtime's",
        run: calls::short_calls,
    },
    Pass {
        name: "typed-functions",
        why: "wrappers contain no `unsafe`: a function keeps the type that was checked on loading",
        run: calls::typed_functions,
    },
    Pass {
        name: "export-lookups",
        why: "the lookup of an exported function is one call of the runtime's",
        run: lookups::export_lookups,
    },
    Pass {
        name: "interface-lookups",
        why: "the lookup of an exported interface is one call of the runtime's",
        run: lookups::interface_lookups,
    },
    Pass {
        name: "loads",
        why: "the check of an instance's function is one call of the runtime's",
        run: lookups::loads,
    },
    Pass {
        name: "fields-in-place",
        why: "a struct is made of its fields, without a variable for each",
        run: lookups::fields_in_place,
    },
    Pass {
        name: "layout-checks",
        why: "the check of a type's size is one line, behind the items of its module",
        run: layout::layout_checks,
    },
    Pass {
        name: "enum-repr",
        why: "the generator takes a size too large for 256 cases, which the derive macro refuses",
        run: sizes::enum_repr,
    },
    Pass {
        name: "long-tuples",
        why: "the standard library writes tuples of up to twelve parts",
        run: sizes::long_tuples,
    },
    Pass {
        name: "derived-debug",
        why: "records whose fields have the same names in WIT and in Rust derive `Debug`",
        run: debug::derived_debug,
    },
    Pass {
        name: "short-debug",
        why: "enums write their case in one call",
        run: debug::short_debug,
    },
    Pass {
        name: "one-derive",
        why: "a type has one list of derived traits",
        run: derives::one_derive,
    },
    Pass { name: "unit-results", why: "`-> ()` says nothing", run: tidy::unit_results },
    Pass {
        name: "wit-docs",
        why: "documentation from WIT takes the place of its marks",
        run: prose::wit_docs,
    },
    Pass {
        name: "own-prose",
        why: "the generator's prose is about its own macro",
        run: prose::own_prose,
    },
    Pass {
        name: "documented-items",
        why: "every public item has documentation",
        run: docs::documented_items,
    },
    Pass {
        name: "missing-hosts",
        why: "a missing implementation is named with its interface",
        run: missing_hosts::missing_hosts,
    },
    Pass {
        name: "flags-modules",
        why: "`flags!` writes no documentation, takes none, and names the crate `wasmtime`",
        run: flags::flags_modules,
    },
    Pass {
        name: "host-errors",
        why: "the error of a host function names the import",
        run: host_errors::host_errors,
    },
    Pass {
        name: "optional-exports",
        why: "a component may lack exports that the interface says are optional",
        run: optional::optional_exports,
    },
    Pass {
        name: "short-paths",
        why: "paths go through the module's one import",
        run: paths::short_paths,
    },
];

/// Runs all passes over `items`, and checks that no name is defined twice. Returns the hits of each pass.
///
/// # Errors
///
/// Fails if the generator wrote code that a pass does not know, or defined a name twice.
pub(super) fn rewrite(
    items: &mut Vec<Item>,
    prepared: &Prepared,
) -> Result<Vec<(&'static str, usize)>, RewriteError> {
    let context = Context::of(prepared);
    let mut hits = Vec::with_capacity(PASSES.len());
    for Pass { name, run, .. } in PASSES {
        let own = run(items, &context).map_err(|unexpected| RewriteError::Shape {
            pass: name,
            expected: unexpected.expected,
            place: unexpected.place,
        })?;
        hits.push((*name, own));
    }
    duplicates::check(items)?;
    Ok(hits)
}
