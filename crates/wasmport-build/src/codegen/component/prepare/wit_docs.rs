//! Documentation of each item: marks replace it while code is generated, so that no text from WIT passes
//! through the generator, and each item has some.

use super::markdown;
use super::signature::signature;
use crate::codegen::docs::code;
use heck::ToShoutySnakeCase as _;
use std::collections::BTreeMap;
use wit_parser::{Docs, Flags, Function, Resolve, TypeDefKind, TypeId, WorldId, WorldItem};

/// The content of a mark.
#[derive(Debug, Default)]
pub(in super::super) struct Entry {
    /// The doc comment.
    pub lines: Vec<String>,
    /// The text in WIT, for literals.
    pub text: String,
    /// The names of a function's parameters.
    pub params: Vec<String>,
}

/// The documentation of a world, its interfaces and everything in them.
#[derive(Debug, Default)]
pub(in super::super) struct WitDocs {
    entries: Vec<Entry>,
    /// By name, as the component has it.
    interfaces: BTreeMap<String, Vec<String>>,
    pub world: Vec<String>,
}

impl WitDocs {
    /// Replaces all documentation in `resolve` by marks, also where there is none. `own` is the same
    /// world, for the names of types.
    pub fn mark(resolve: &mut Resolve, own: &Resolve, world: WorldId) -> Self {
        let mut docs = Self { world: text(&own.worlds[world].docs), ..Self::default() };
        let items = &own.worlds[world];
        for (key, item) in items.imports.iter().chain(&items.exports) {
            if let WorldItem::Interface { id, .. } = item {
                let lines = text(&own.interfaces[*id].docs);
                let _ = docs.interfaces.insert(own.name_world_key(key), lines);
            }
        }
        docs.types(resolve);
        for (_, interface) in resolve.interfaces.iter_mut() {
            interface.functions.values_mut().for_each(|function| docs.function(own, function));
        }
        let items = &mut resolve.worlds[world];
        for item in items.imports.values_mut().chain(items.exports.values_mut()) {
            if let WorldItem::Function(function) = item {
                docs.function(own, function);
            }
        }
        docs
    }

    fn types(&mut self, resolve: &mut Resolve) {
        for (_, ty) in resolve.types.iter_mut() {
            let kind = self.parts(&mut ty.kind);
            let Some(name) = &ty.name else {
                ty.docs = Docs::default();
                continue;
            };
            self.item(&mut ty.docs, &format!("The {kind} {}.", code(name)));
            if let (TypeDefKind::Flags(flags), Some(entry)) = (&ty.kind, self.entries.last_mut()) {
                entry.lines.extend(flag_list(flags));
            }
        }
    }

    /// Marks fields and cases; returns the kind of the type.
    fn parts(&mut self, kind: &mut TypeDefKind) -> &'static str {
        match kind {
            TypeDefKind::Record(record) => {
                for field in &mut record.fields {
                    self.item(&mut field.docs, &format!("The field {}.", code(&field.name)));
                }
                "record"
            }
            TypeDefKind::Variant(variant) => {
                for case in &mut variant.cases {
                    self.item(&mut case.docs, &format!("The case {}.", code(&case.name)));
                }
                "variant"
            }
            TypeDefKind::Enum(cases) => {
                for case in &mut cases.cases {
                    self.item(&mut case.docs, &format!("The case {}.", code(&case.name)));
                }
                "enum"
            }
            TypeDefKind::Flags(_) => "flags",
            TypeDefKind::Resource => "resource",
            _ => "type",
        }
    }

    /// Marks a function: its documentation ends with its signature.
    fn function(&mut self, own: &Resolve, function: &mut Function) {
        let signature = code(signature(own, function));
        let is_documented = !text(&function.docs).is_empty();
        self.item(&mut function.docs, &signature);
        if let Some(entry) = self.entries.last_mut() {
            if is_documented {
                entry.lines.extend([String::new(), signature]);
            }
            entry.params = function.params.iter().map(|param| param.name.clone()).collect();
        }
    }

    fn item(&mut self, docs: &mut Docs, otherwise: &str) {
        let mut lines = text(docs);
        if lines.is_empty() {
            lines.push(otherwise.into());
        }
        let text = docs.contents.as_deref().map(|text| markdown::printable(text.trim()));
        docs.contents = Some(format!("@{}", self.entries.len()));
        self.entries.push(Entry { lines, text: text.unwrap_or_default(), params: Vec::new() });
    }

    /// Adds the names that types have in WIT.
    pub fn add_names(&mut self, resolve: &Resolve, names: &BTreeMap<TypeId, String>) {
        for (id, name) in names {
            let mark = resolve.types[*id].docs.contents.as_deref();
            if let Some(entry) = mark.and_then(index).and_then(|at| self.entries.get_mut(at)) {
                let name = format!("{} in WIT: another name would be this one too.", code(name));
                entry.lines.extend([String::new(), name]);
            }
        }
    }

    /// Returns the content of `mark`; nothing if it is another text.
    pub fn entry(&self, mark: &str) -> Option<&Entry> {
        self.entries.get(index(mark)?)
    }

    /// Returns the documentation of an interface in WIT.
    pub fn interface(&self, name: &str) -> &[String] {
        self.interfaces.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Returns the place of the entry for a mark.
fn index(mark: &str) -> Option<usize> {
    mark.trim().strip_prefix('@')?.parse().ok()
}

/// Lists the documentation of single flags, which the macro for flags does not take.
fn flag_list(flags: &Flags) -> Vec<String> {
    let documented = flags.flags.iter().filter_map(|flag| {
        let text = text(&flag.docs).join(" ");
        (!text.is_empty()).then(|| format!("- {}: {text}", code(flag.name.to_shouty_snake_case())))
    });
    let list: Vec<String> = documented.collect();
    if list.is_empty() { list } else { [vec![String::new()], list].concat() }
}

fn text(docs: &Docs) -> Vec<String> {
    let lines = docs.contents.as_deref().map(markdown::lines).unwrap_or_default();
    if lines.iter().all(String::is_empty) { Vec::new() } else { lines }
}
