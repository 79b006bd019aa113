//! The comparison of a core module with an interface.

use super::description::Interface;
use super::difference::{Difference, cut};
use super::given::{Found, Given};
use super::lines::{Entry, entries, fits, structural};
use super::types::ExternType;
use std::collections::HashMap;
use wasmtime::Module;

/// Returns every difference between a module and an interface.
pub(crate) fn differences(
    interface: &Interface<Module>,
    imports: impl IntoIterator<Item = (String, String, ExternType)>,
    exports: impl IntoIterator<Item = (String, ExternType)>,
    is_wasi: impl Fn(&str) -> bool,
) -> Vec<Difference> {
    let exports: HashMap<String, ExternType> = exports.into_iter().collect();
    let of_exports = entries(interface.exports())
        .filter_map(|expected| of_export(interface, &exports, expected));
    let given = Given::of(interface);
    let mut lacks_wasi = false;
    let of_imports = imports.into_iter().filter_map(|(module, name, found)| {
        let found = found.without_names().to_string();
        match given.find(&module, &name, &found) {
            Found::Fitting(_) => None,
            Found::AtOtherTypes(expected) => {
                let (expected, found) = (cut(expected), cut(found));
                Some(Difference::ImportType { module, name, expected, found })
            }
            Found::Missing if is_wasi(&module) => {
                // One difference stands for all of its imports.
                let is_first = !interface.options.wasi && !std::mem::replace(&mut lacks_wasi, true);
                is_first.then_some(Difference::Capability { module })
            }
            Found::Missing => Some(Difference::UnknownImport { module, name, found: cut(found) }),
        }
    });
    let of_one = interface.options.one_of(|name| exports.contains_key(name));
    of_exports.chain(of_one).chain(of_imports).collect()
}

fn of_export(
    interface: &Interface<Module>,
    exports: &HashMap<String, ExternType>,
    Entry { name, ty: expected }: Entry<'_>,
) -> Option<Difference> {
    let options = &interface.options;
    let text = || cut(structural(expected).into_owned());
    let Some(found) = exports.get(&name) else {
        let is_optional = options.optional.contains(&name.as_str());
        return (!is_optional).then(|| Difference::MissingExport { name, expected: text() });
    };
    let found = found.without_names().to_string();
    (!fits(expected, &found, options.sizes)).then(|| Difference::ExportType {
        name,
        expected: text(),
        found: cut(found),
    })
}
