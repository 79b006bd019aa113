//! Names that the generator cannot write as Rust: generated under another, and put back afterwards.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::mem;
use syn::LitStr;
use wit_parser::{Function, FunctionKind, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

/// Types and traits that generated code means by these names, and its type parameters.
pub(super) const TYPES: &[&str] = &[
    "Box",
    "Clone",
    "D",
    "Guest",
    "GuestIndices",
    "H",
    "Host",
    "HostWithStore",
    "Option",
    "Result",
    "S",
    "Self",
    "Send",
    "Sized",
    "T",
];

/// Variables where exports are looked up.
const LOCALS: &[&str] = &["lookup", "store"];

/// Modules that there are besides those of packages, and crates.
const MODULES: &[&str] = &["core", "exports", "std", "wasmtime"];

/// The wrapper's own methods.
const METHODS: &[&str] =
    &["add_to_linker", "add_to_linker_imports", "instantiate", "instantiate_async", "load", "new"];

/// Whether the identifier is a keyword of any edition.
pub(super) fn is_keyword(ident: &str) -> bool {
    ident == "gen" || syn::parse_str::<Ident>(ident).is_err()
}

/// The name that putting into camel case does not change any more: `IO` becomes `Io`.
fn settled(mut camel: String) -> String {
    loop {
        let again = camel.to_upper_camel_case();
        if again == camel {
            return camel;
        }
        camel = again;
    }
}

fn is_self(name: &str) -> bool {
    name.to_upper_camel_case() == "Self"
}

/// A name as the generator writes it in snake case.
pub(super) fn rust_ident(name: &str) -> String {
    let ident = name.to_snake_case();
    if is_keyword(&ident) { format!("{ident}_") } else { ident }
}

/// What stands for what, while code is generated.
#[derive(Debug)]
pub(super) struct Aliases {
    /// A word that ends each alias, and is in no other name.
    word: String,
    /// What was renamed, in snake case and in camel case.
    idents: BTreeSet<String>,
}

impl Aliases {
    /// Renames in `resolve` what would be no Rust.
    pub fn apply(resolve: &mut Resolve, world: WorldId) -> Self {
        let mut aliases = Self { word: unused_word(resolve), idents: BTreeSet::new() };
        aliases.packages(resolve);
        aliases.types(resolve, world);
        aliases.interfaces(resolve, world);
        aliases.world(resolve, world);
        aliases
    }

    fn snake(&mut self, name: &mut String) {
        let _ = self.idents.insert(name.to_snake_case());
        *name = format!("{name}-{}", self.word);
    }

    /// A keyword in capitals, such as `IN`: the generator looks for those in lower case alone.
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

    fn types(&mut self, resolve: &mut Resolve, world: WorldId) {
        let exported: BTreeSet<_> = exported_interfaces(resolve, world)
            .flat_map(|id| resolve.interfaces[id].types.values().copied())
            .collect();
        for (id, ty) in resolve.types.iter_mut() {
            match &mut ty.kind {
                TypeDefKind::Record(record) => {
                    record.fields.iter_mut().for_each(|field| self.loud(&mut field.name));
                }
                TypeDefKind::Variant(variant) => {
                    let own = variant.cases.iter_mut().map(|case| &mut case.name);
                    own.filter(|name| is_self(name)).for_each(|name| self.camel(name));
                }
                TypeDefKind::Enum(cases) => {
                    let own = cases.cases.iter_mut().map(|case| &mut case.name);
                    own.filter(|name| is_self(name)).for_each(|name| self.camel(name));
                }
                _ => {}
            }
            let Some(name) = &mut ty.name else { continue };
            // An exported resource has a method of its name.
            let is_method = matches!(ty.kind, TypeDefKind::Resource) && exported.contains(&id);
            if TYPES.contains(&name.to_upper_camel_case().as_str()) {
                self.camel(name);
            } else if is_method && is_keyword(&name.to_snake_case()) {
                self.snake(name);
            }
            // The generator refers to each by its name in camel case. These it defines by the name in
            // WIT, and variants by that in camel case, put in camel case again.
            let camel = name.to_upper_camel_case();
            let is_defined_by_another = match ty.kind {
                TypeDefKind::Stream(_) | TypeDefKind::Future(_) => *name != camel,
                TypeDefKind::Variant(_) => camel.to_upper_camel_case() != camel,
                _ => false,
            };
            if is_defined_by_another {
                *name = settled(camel);
            }
        }
    }

    fn interfaces(&mut self, resolve: &mut Resolve, world: WorldId) {
        let exported: BTreeSet<_> = exported_interfaces(resolve, world).collect();
        for (id, interface) in resolve.interfaces.iter_mut() {
            if let Some(name) = &mut interface.name {
                self.loud(name);
            }
            let types = mem::take(&mut interface.types).into_values();
            let renamed = types.filter_map(|id| Some((resolve.types[id].name.clone()?, id)));
            interface.types = renamed.collect();
            let constructed: BTreeSet<_> =
                interface.functions.values().filter_map(constructed).collect();
            let functions =
                mem::take(&mut interface.functions).into_values().map(|mut function| {
                    self.function(&mut function, exported.contains(&id), |id| {
                        constructed.contains(&id)
                    });
                    (function.name.clone(), function)
                });
            interface.functions = functions.collect();
        }
        for (_, package) in resolve.packages.iter_mut() {
            let own = mem::take(&mut package.interfaces).into_values();
            let renamed = own.filter_map(|id| Some((resolve.interfaces[id].name.clone()?, id)));
            package.interfaces = renamed.collect();
        }
    }

    fn world(&mut self, resolve: &mut Resolve, id: WorldId) {
        let world = &mut resolve.worlds[id];
        let functions = world.imports.values().filter_map(|item| match item {
            WorldItem::Function(function) => constructed(function),
            _ => None,
        });
        let constructed: BTreeSet<_> = functions.collect();
        for (items, is_export) in [(&mut world.imports, false), (&mut world.exports, true)] {
            let own = mem::take(items).into_iter().map(|(mut key, mut item)| {
                match (&mut key, &mut item) {
                    (WorldKey::Name(name), WorldItem::Function(function)) => {
                        self.function(function, is_export, |id| constructed.contains(&id));
                        name.clone_from(&function.name);
                    }
                    (WorldKey::Name(name), WorldItem::Type { id, .. }) => {
                        if let Some(renamed) = &resolve.types[*id].name {
                            name.clone_from(renamed);
                        }
                    }
                    (WorldKey::Name(name), WorldItem::Interface { .. }) => {
                        let ident = name.to_snake_case();
                        let taken = if is_export { METHODS } else { MODULES };
                        if is_keyword(&ident) || taken.contains(&ident.as_str()) {
                            self.snake(name);
                        }
                    }
                    (WorldKey::Interface(_), _) => {}
                }
                (key, item)
            });
            *items = own.collect();
        }
    }

    /// An exported function is a field and a variable; one of an imported resource stands beside
    /// `drop`, and `new` where there is a constructor.
    fn function(
        &mut self,
        function: &mut Function,
        is_exported: bool,
        is_constructed: impl Fn(wit_parser::TypeId) -> bool,
    ) {
        function.params.iter_mut().for_each(|param| self.loud(&mut param.name));
        let name = function.item_name();
        let ident = name.to_snake_case();
        let is_loud = name != ident && is_keyword(&ident);
        let is_taken = match function.kind {
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => {
                let number = ident.strip_prefix("interface").unwrap_or("-");
                is_loud
                    || (is_exported
                        && (is_keyword(&ident)
                            || LOCALS.contains(&ident.as_str())
                            || number.bytes().all(|b| b.is_ascii_digit())))
            }
            FunctionKind::Constructor(_) => false,
            FunctionKind::Method(id)
            | FunctionKind::Static(id)
            | FunctionKind::AsyncMethod(id)
            | FunctionKind::AsyncStatic(id) => {
                is_loud || ident == "drop" || (ident == "new" && is_constructed(id))
            }
        };
        if is_taken {
            let _ = self.idents.insert(ident);
            function.name = format!("{}-{}", function.name, self.word);
        }
    }

    /// The code with the true names in it.
    pub fn restore(&self, tokens: TokenStream) -> TokenStream {
        tokens.into_iter().map(|token| self.restored(token)).collect()
    }

    fn restored(&self, token: TokenTree) -> TokenTree {
        match token {
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), self.restore(group.stream())).into()
            }
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                match self.without_word(&text, "_") {
                    Some(name) if self.idents.contains(&name) => {
                        Ident::new(&format!("{name}_"), ident.span()).into()
                    }
                    Some(name) => Ident::new(&name, ident.span()).into(),
                    None => ident.into(),
                }
            }
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<LitStr>(&literal.to_string()).ok();
                match text.and_then(|text| self.without_word(&text.value(), "-")) {
                    Some(text) => Literal::string(&text).into(),
                    None => literal.into(),
                }
            }
            TokenTree::Punct(_) => token,
        }
    }

    fn without_word(&self, text: &str, separator: &str) -> Option<String> {
        let camel = self.word.to_upper_camel_case();
        let name = text.replace(&format!("{separator}{}", self.word), "").replace(&camel, "");
        (name != text).then_some(name)
    }
}

/// A word that none of the names has.
fn unused_word(resolve: &Resolve) -> String {
    let names = format!("{resolve:?}").to_lowercase();
    let words = (0..).map(|n| if n == 0 { "respelt".into() } else { format!("respelt{n}") });
    words.into_iter().find(|word| !names.contains(word)).unwrap_or_default()
}

fn exported_interfaces(
    resolve: &Resolve,
    world: WorldId,
) -> impl Iterator<Item = wit_parser::InterfaceId> {
    resolve.worlds[world].exports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    })
}

fn constructed(function: &Function) -> Option<wit_parser::TypeId> {
    match function.kind {
        FunctionKind::Constructor(id) => Some(id),
        _ => None,
    }
}
