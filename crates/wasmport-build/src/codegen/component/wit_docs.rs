//! What WIT says about each item: marks stand for it while code is generated, so that none of that
//! text goes through the generator, and each item has documentation.

use super::super::docs::code;
use super::prose;
use heck::ToShoutySnakeCase as _;
use std::collections::BTreeMap;
use wit_parser::{Docs, Flags, Function, FunctionKind, Resolve, TypeDefKind, WorldId, WorldItem};

/// What stands behind a mark.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The doc comment.
    pub lines: Vec<String>,
    /// What the WIT says, for literals.
    pub text: String,
    /// The names of a function's parameters.
    pub params: Vec<String>,
}

/// The documentation of a world, its interfaces and all that is in them.
#[derive(Debug, Default)]
pub(super) struct WitDocs {
    entries: Vec<Entry>,
    /// By name, as the component has it.
    interfaces: BTreeMap<String, Vec<String>>,
    pub world: Vec<String>,
}

impl WitDocs {
    /// Puts marks in the place of all documentation in `resolve`, and where there is none.
    pub fn mark(resolve: &mut Resolve, world: WorldId) -> Self {
        let mut docs = Self::default();
        let own = &resolve.worlds[world];
        docs.world = text(&own.docs);
        for (key, item) in own.imports.iter().chain(&own.exports) {
            if let WorldItem::Interface { id, .. } = item {
                let lines = text(&resolve.interfaces[*id].docs);
                let _ = docs.interfaces.insert(resolve.name_world_key(key), lines);
            }
        }
        for (_, ty) in resolve.types.iter_mut() {
            let kind = docs.parts(&mut ty.kind);
            match (&ty.name, kind) {
                (None, _) => ty.docs = Docs::default(),
                (Some(name), kind) => {
                    docs.item(&mut ty.docs, &format!("The {kind} {}.", code(name)));
                    if let (TypeDefKind::Flags(flags), Some(entry)) =
                        (&ty.kind, docs.entries.last_mut())
                    {
                        entry.lines.extend(flag_list(flags));
                    }
                }
            }
        }
        for (_, interface) in resolve.interfaces.iter_mut() {
            interface.functions.values_mut().for_each(|function| docs.function(function));
        }
        let own = &mut resolve.worlds[world];
        for item in own.imports.values_mut().chain(own.exports.values_mut()) {
            if let WorldItem::Function(function) = item {
                docs.function(function);
            }
        }
        docs
    }

    /// Fields and cases; what kind of type it is.
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

    fn function(&mut self, function: &mut Function) {
        let name = code(function.item_name());
        let without = match function.kind {
            FunctionKind::Constructor(_) => "The constructor.".into(),
            FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => format!("The method {name}."),
            _ => format!("The function {name}."),
        };
        self.item(&mut function.docs, &without);
        if let Some(entry) = self.entries.last_mut() {
            entry.params = function.params.iter().map(|param| param.name.clone()).collect();
        }
    }

    fn item(&mut self, docs: &mut Docs, without: &str) {
        let mut lines = text(docs);
        if lines.is_empty() {
            lines.push(without.into());
        }
        let text = docs.contents.as_deref().map(|text| prose::printable(text.trim()));
        docs.contents = Some(format!("@{}", self.entries.len()));
        self.entries.push(Entry { lines, text: text.unwrap_or_default(), params: Vec::new() });
    }

    /// What stands behind `mark`, if it is one.
    pub fn entry(&self, mark: &str) -> Option<&Entry> {
        self.entries.get(mark.trim().strip_prefix('@')?.parse::<usize>().ok()?)
    }

    /// What the WIT says about the interface.
    pub fn interface(&self, name: &str) -> &[String] {
        self.interfaces.get(name).map_or(&[], Vec::as_slice)
    }
}

/// What WIT says about single flags, of which the macro takes no documentation.
fn flag_list(flags: &Flags) -> Vec<String> {
    let said = flags.flags.iter().filter_map(|flag| {
        let text = text(&flag.docs).join(" ");
        (!text.is_empty()).then(|| format!("- {}: {text}", code(flag.name.to_shouty_snake_case())))
    });
    let list: Vec<String> = said.collect();
    if list.is_empty() { list } else { [vec![String::new()], list].concat() }
}

fn text(docs: &Docs) -> Vec<String> {
    let lines = docs.contents.as_deref().map(prose::lines).unwrap_or_default();
    if lines.iter().all(String::is_empty) { Vec::new() } else { lines }
}
