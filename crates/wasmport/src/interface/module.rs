//! The comparison of a core module with an interface.

use super::description::Interface;
use super::difference::Difference;
use super::lines::{Entry, entries, fits};
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
    let given: HashMap<(&str, String), &str> = interface
        .imports
        .iter()
        .flat_map(|(module, lines)| entries(lines).map(|entry| ((*module, entry.name), entry.ty)))
        .collect();
    let of_any_module: HashMap<String, &str> = match interface.options.any_import_module {
        true => interface.names_of_imports().collect(),
        false => HashMap::new(),
    };
    let mut lacks_wasi = false;
    let of_imports = imports.into_iter().filter_map(|(module, name, found)| {
        let of_any = || of_any_module.get(&name).and_then(|own| given.get(&(*own, name.clone())));
        match given.get(&(module.as_str(), name.clone())).or_else(of_any) {
            // An import takes what is given: the host's type has to fit the guest's.
            Some(expected) => {
                let found_text = found.without_names().to_string();
                (!fits(&found_text, expected, interface.options.sizes)).then(|| {
                    Difference::ImportType {
                        module: module.clone(),
                        name,
                        expected: (*expected).to_owned(),
                        found: found.to_string(),
                    }
                })
            }
            None if is_wasi(&module) => {
                // One difference stands for all of its imports.
                let is_first = !interface.options.wasi && !std::mem::replace(&mut lacks_wasi, true);
                is_first.then_some(Difference::Capability { module })
            }
            None => Some(Difference::UnknownImport { module, name, found: found.to_string() }),
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
    let Some(found) = exports.get(&name) else {
        let is_optional = options.optional.contains(&name.as_str());
        return (!is_optional)
            .then(|| Difference::MissingExport { name, expected: expected.to_owned() });
    };
    let text = found.without_names().to_string();
    (!fits(expected, &text, options.sizes)).then(|| Difference::ExportType {
        name,
        expected: expected.to_owned(),
        found: found.to_string(),
    })
}
