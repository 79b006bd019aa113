//! Aliases for names that the generator cannot write as Rust: it runs with the aliases, and `restore` puts
//! the names back.

use super::meetings::Meetings;
use super::reserved::{LOCALS, METHODS, MODULES, TYPES, is_keyword, is_self};
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use std::collections::BTreeSet;
use std::mem;
use wit_parser::{
    Function, FunctionKind, Interface, InterfaceId, Resolve, TypeDef, TypeDefKind, TypeId, WorldId,
    WorldItem, WorldKey,
};

/// The aliases of a world, and what undoes them.
#[derive(Debug)]
pub(in super::super) struct Aliases {
    /// A word that ends each alias and is in no other name.
    pub(super) word: String,
    /// Identifiers that were replaced, in snake case and in camel case.
    pub(super) idents: BTreeSet<String>,
    /// Names that would be one in Rust.
    pub(super) meetings: Meetings,
}

impl Aliases {
    /// Renames everything in `resolve` that would be invalid Rust, or would be defined twice.
    pub fn apply(resolve: &mut Resolve, world: WorldId) -> Self {
        let word = unused_word(resolve, "respelt");
        let mark = unused_word(resolve, "renamed");
        let meetings = Meetings::avoid(resolve, world, mark);
        let mut aliases = Self { word, idents: BTreeSet::new(), meetings };
        let exported = exported_interfaces(resolve, world);
        aliases.packages(resolve);
        aliases.types(resolve, &exported);
        aliases.interfaces(resolve, &exported);
        aliases.world(resolve, world);
        aliases
    }

    fn snake(&mut self, name: &mut String) {
        let _ = self.idents.insert(name.to_snake_case());
        *name = format!("{name}-{}", self.word);
    }

    /// Renames a keyword in capitals, such as `IN`: the generator checks those in lower case alone.
    fn loud(&mut self, name: &mut String) {
        let ident = name.to_snake_case();
        if *name != ident && is_keyword(&ident) {
            self.snake(name);
        }
    }

    fn camel(&mut self, name: &mut String) {
        let _ = self.idents.insert(name.to_upper_camel_case());
        *name = format!("{name}-{}", self.word);
    }

    fn packages(&mut self, resolve: &mut Resolve) {
        for (_, package) in resolve.packages.iter_mut() {
            let namespace = package.name.namespace.to_snake_case();
            if is_keyword(&namespace) || MODULES.contains(&namespace.as_str()) {
                self.snake(&mut package.name.namespace);
            }
            if is_keyword(&package.name.name.to_snake_case()) {
                self.snake(&mut package.name.name);
            }
        }
        let names = resolve.packages.iter().map(|(id, package)| (package.name.clone(), id));
        resolve.package_names = names.collect();
    }

    fn types(&mut self, resolve: &mut Resolve, exported: &BTreeSet<InterfaceId>) {
        let types = exported.iter().flat_map(|id| resolve.interfaces[*id].types.values());
        let exported: BTreeSet<TypeId> = types.copied().collect();
        for (id, ty) in resolve.types.iter_mut() {
            self.parts(&mut ty.kind);
            self.type_name(ty, exported.contains(&id));
        }
    }

    /// Renames fields and cases.
    fn parts(&mut self, kind: &mut TypeDefKind) {
        let cases: Vec<&mut String> = match kind {
            TypeDefKind::Record(record) => {
                record.fields.iter_mut().for_each(|field| self.loud(&mut field.name));
                return;
            }
            TypeDefKind::Variant(own) => own.cases.iter_mut().map(|case| &mut case.name).collect(),
            TypeDefKind::Enum(own) => own.cases.iter_mut().map(|case| &mut case.name).collect(),
            _ => return,
        };
        cases.into_iter().filter(|name| is_self(name)).for_each(|name| self.camel(name));
    }

    fn type_name(&mut self, ty: &mut TypeDef, is_exported: bool) {
        let Some(name) = &mut ty.name else { return };
        // An exported resource has a method of its name.
        let is_method = matches!(ty.kind, TypeDefKind::Resource) && is_exported;
        if TYPES.contains(&name.to_upper_camel_case().as_str()) {
            self.camel(name);
        } else if is_method && is_keyword(&name.to_snake_case()) {
            self.snake(name);
        }
        // The generator refers to a type by its name in camel case. It defines streams and futures by
        // the name in WIT, and variants by that in camel case, put in camel case again.
        let camel = name.to_upper_camel_case();
        let is_defined_by_another = match ty.kind {
            TypeDefKind::Stream(_) | TypeDefKind::Future(_) => *name != camel,
            TypeDefKind::Variant(_) => camel.to_upper_camel_case() != camel,
            _ => false,
        };
        if is_defined_by_another {
            *name = stable_camel_case(camel);
        }
    }

    fn interfaces(&mut self, resolve: &mut Resolve, exported: &BTreeSet<InterfaceId>) {
        for (id, interface) in resolve.interfaces.iter_mut() {
            if let Some(name) = &mut interface.name {
                self.loud(name);
            }
            let types = mem::take(&mut interface.types).into_values();
            let renamed = types.filter_map(|id| Some((resolve.types[id].name.clone()?, id)));
            interface.types = renamed.collect();
            self.functions(interface, exported.contains(&id));
        }
        for (_, package) in resolve.packages.iter_mut() {
            let own = mem::take(&mut package.interfaces).into_values();
            let renamed = own.filter_map(|id| Some((resolve.interfaces[id].name.clone()?, id)));
            package.interfaces = renamed.collect();
        }
    }

    fn functions(&mut self, interface: &mut Interface, is_exported: bool) {
        let constructed: BTreeSet<TypeId> =
            interface.functions.values().filter_map(constructed).collect();
        let own = mem::take(&mut interface.functions).into_values();
        let renamed = own.map(|mut function| {
            self.function(&mut function, is_exported, &constructed);
            (function.name.clone(), function)
        });
        interface.functions = renamed.collect();
    }

    fn world(&mut self, resolve: &mut Resolve, id: WorldId) {
        let world = &mut resolve.worlds[id];
        let functions = world.imports.values().filter_map(|item| match item {
            WorldItem::Function(function) => constructed(function),
            _ => None,
        });
        let constructed: BTreeSet<TypeId> = functions.collect();
        for (items, is_export) in [(&mut world.imports, false), (&mut world.exports, true)] {
            let own = mem::take(items).into_iter().map(|(mut key, mut item)| {
                if let WorldKey::Name(name) = &mut key {
                    match &mut item {
                        WorldItem::Function(function) => {
                            self.function(function, is_export, &constructed);
                            name.clone_from(&function.name);
                        }
                        WorldItem::Type { id, .. } => {
                            if let Some(renamed) = &resolve.types[*id].name {
                                name.clone_from(renamed);
                            }
                        }
                        WorldItem::Interface { .. } => self.inline_interface(name, is_export),
                    }
                }
                (key, item)
            });
            *items = own.collect();
        }
    }

    fn inline_interface(&mut self, name: &mut String, is_export: bool) {
        let ident = name.to_snake_case();
        let taken = if is_export { METHODS } else { MODULES };
        if is_keyword(&ident) || taken.contains(&ident.as_str()) {
            self.snake(name);
        }
    }

    /// Renames a function and its parameters. An exported function is a field and a variable; one of an
    /// imported resource stands beside `drop`, and beside `new` if there is a constructor.
    fn function(
        &mut self,
        function: &mut Function,
        is_exported: bool,
        constructed: &BTreeSet<TypeId>,
    ) {
        function.params.iter_mut().for_each(|param| self.loud(&mut param.name));
        let name = function.item_name();
        let ident = name.to_snake_case();
        let is_loud = name != ident && is_keyword(&ident);
        let is_taken = match function.kind {
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => {
                is_loud || (is_exported && is_taken_export(&ident))
            }
            FunctionKind::Constructor(_) => false,
            FunctionKind::Method(id)
            | FunctionKind::Static(id)
            | FunctionKind::AsyncMethod(id)
            | FunctionKind::AsyncStatic(id) => {
                is_loud || ident == "drop" || (ident == "new" && constructed.contains(&id))
            }
        };
        if is_taken {
            let _ = self.idents.insert(ident);
            function.name = format!("{}-{}", function.name, self.word);
        }
    }
}

/// Returns whether an exported function cannot have this field; the generator numbers those of interfaces.
fn is_taken_export(ident: &str) -> bool {
    let number = ident.strip_prefix("interface").unwrap_or("-");
    is_keyword(ident) || LOCALS.contains(&ident) || number.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the name that camel case does not change any more: `IO` becomes `Io`.
fn stable_camel_case(mut camel: String) -> String {
    loop {
        let again = camel.to_upper_camel_case();
        if again == camel {
            return camel;
        }
        camel = again;
    }
}

/// Returns a word that is in none of the names.
fn unused_word(resolve: &Resolve, word: &str) -> String {
    let names = format!("{resolve:?}").to_lowercase();
    let words = (0..).map(|n| if n == 0 { word.into() } else { format!("{word}{n}") });
    words.into_iter().find(|word| !names.contains(word)).unwrap_or_default()
}

fn exported_interfaces(resolve: &Resolve, world: WorldId) -> BTreeSet<InterfaceId> {
    let exports = resolve.worlds[world].exports.values();
    let interfaces = exports.filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    });
    interfaces.collect()
}

fn constructed(function: &Function) -> Option<TypeId> {
    match function.kind {
        FunctionKind::Constructor(id) => Some(id),
        _ => None,
    }
}
