//! `Defs`: the types of a version's code, read from the tree.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Attribute, Fields, GenericArgument, Item, ItemEnum, ItemStruct, LitStr, PathArguments, Type,
    UseTree,
};

/// The modules that lead to a type from the root of its version, and its name.
pub(super) type Path = Vec<String>;

/// A type as it stands in a signature or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    /// A type of the version.
    Named(Path),
    Option(Box<Self>),
    List(Box<Self>),
    /// `[T; N]`.
    Array(Box<Self>, String),
    Result(Box<Self>, Box<Self>),
    Tuple(Vec<Self>),
    /// A handle of the host's resource.
    Handle(Box<Self>),
    /// `&T`.
    Ref(Box<Self>),
    /// `&[T]`.
    Slice(Box<Self>),
    /// Any other type with arguments, such as a stream.
    Generic(String, Vec<Self>),
    /// Any other type, which is the same in all versions.
    Plain(String),
}

/// A field or a case.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The name in WIT.
    pub name: String,
    pub ident: Ident,
    /// The type; none for a case without a value.
    pub ty: Option<Ty>,
}

/// A definition.
#[derive(Clone, Debug)]
pub(super) enum Def {
    Record(Vec<Part>),
    Variant(Vec<Part>),
    Enum(Vec<Part>),
    Flags(Vec<Part>),
    /// A resource of the host.
    Resource,
    Alias(Ty),
    /// A type that exists elsewhere, by a choice of the user.
    Foreign,
}

/// The types of a version, by their path.
#[derive(Clone, Debug, Default)]
pub(super) struct Defs {
    pub all: BTreeMap<Path, Def>,
    /// The records, variants and enums that implement `Clone`.
    cloned: BTreeSet<Path>,
}

impl Defs {
    /// Reads the types among `items`.
    pub fn of(items: &[Item]) -> Self {
        let mut defs = Self::default();
        defs.collect(items, &[]);
        defs
    }

    fn collect(&mut self, items: &[Item], module: &[String]) {
        for item in items {
            let (ident, def) = match item {
                Item::Mod(own) if !own.ident.to_string().starts_with("__") => {
                    let module = [module, &[own.ident.to_string()]].concat();
                    if let Some((_, items)) = &own.content {
                        self.collect(items, &module);
                    }
                    continue;
                }
                Item::Struct(own) => {
                    self.note_clone(&own.attrs, module, &own.ident);
                    (&own.ident, record(own, module))
                }
                Item::Enum(own) => {
                    self.note_clone(&own.attrs, module, &own.ident);
                    (&own.ident, Some(cases(own, module)))
                }
                Item::Type(own) => (&own.ident, Some(Def::Alias(ty(&own.ty, module)))),
                Item::Use(own) => match used(&own.tree) {
                    Some((from, ident)) if from.starts_with("__") => (ident, flags(items, &from)),
                    Some((_, ident)) if is_public(&own.vis) => (ident, Some(Def::Foreign)),
                    _ => continue,
                },
                _ => continue,
            };
            if let Some(def) = def {
                let _ = self.all.insert([module, &[ident.to_string()]].concat(), def);
            }
        }
    }

    /// Notes a type that derives `Clone`.
    fn note_clone(&mut self, attributes: &[Attribute], module: &[String], ident: &Ident) {
        let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
        if derives
            .filter_map(|derive| derive.meta.require_list().ok())
            .any(|list| list.tokens.clone().into_iter().any(|token| token.to_string() == "Clone"))
        {
            let _ = self.cloned.insert([module, &[ident.to_string()]].concat());
        }
    }

    /// Returns whether a value can be cloned. Handles, streams and futures are moved.
    pub fn is_clone(&self, ty: &Ty) -> bool {
        match self.resolve(ty) {
            Ty::Named(path) => match self.all.get(&path) {
                Some(Def::Flags(_)) => true,
                _ => self.cloned.contains(&path),
            },
            Ty::Option(ty) | Ty::List(ty) | Ty::Array(ty, _) | Ty::Slice(ty) => self.is_clone(&ty),
            Ty::Result(ok, err) => self.is_clone(&ok) && self.is_clone(&err),
            Ty::Tuple(parts) => parts.iter().all(|ty| self.is_clone(ty)),
            Ty::Ref(_) => true,
            Ty::Handle(_) | Ty::Generic(..) => false,
            Ty::Plain(text) => BUILT_IN.contains(&text.as_str()) || text.ends_with("ResourceAny"),
        }
    }

    /// Returns whether a type is a resource of the host.
    pub fn is_resource(&self, path: &Path) -> bool {
        matches!(self.all.get(path), Some(Def::Resource))
    }

    /// Returns a type in whose parts names of aliases are replaced by what they stand for.
    pub fn resolve(&self, ty: &Ty) -> Ty {
        let boxed = |ty: &Ty| Box::new(self.resolve(ty));
        match ty {
            Ty::Named(path) => match self.all.get(path) {
                Some(Def::Alias(ty)) => self.resolve(ty),
                Some(_) => Ty::Named(path.clone()),
                None => Ty::Plain(path.join("::")),
            },
            Ty::Option(ty) => Ty::Option(boxed(ty)),
            Ty::List(ty) => Ty::List(boxed(ty)),
            Ty::Array(ty, len) => Ty::Array(boxed(ty), len.clone()),
            Ty::Result(ok, err) => Ty::Result(boxed(ok), boxed(err)),
            Ty::Tuple(parts) => Ty::Tuple(parts.iter().map(|ty| self.resolve(ty)).collect()),
            Ty::Handle(ty) => Ty::Handle(boxed(ty)),
            Ty::Ref(ty) => Ty::Ref(boxed(ty)),
            Ty::Slice(ty) => Ty::Slice(boxed(ty)),
            Ty::Generic(name, args) => {
                Ty::Generic(name.clone(), args.iter().map(|ty| self.resolve(ty)).collect())
            }
            Ty::Plain(text) => Ty::Plain(text.clone()),
        }
    }

    /// Returns the structure of a type as text: equal for equal types of all versions. `resource` returns a text that
    /// equal resources of all versions have.
    pub fn structure(&self, ty: &Ty, resource: &dyn Fn(&Path) -> String) -> String {
        let own = |ty: &Ty| self.structure(ty, resource);
        let list = |parts: &[Part]| {
            let part = |part: &Part| {
                let ty = part.ty.as_ref().map(own).unwrap_or_default();
                format!("{}({ty})", part.name)
            };
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        };
        match self.resolve(ty) {
            Ty::Named(path) => match self.all.get(&path) {
                Some(Def::Record(fields)) => format!("record {{{}}}", list(fields)),
                Some(Def::Variant(cases)) => format!("variant {{{}}}", list(cases)),
                Some(Def::Enum(cases)) => format!("enum {{{}}}", list(cases)),
                Some(Def::Flags(flags)) => format!("flags {{{}}}", list(flags)),
                Some(Def::Resource) => format!("resource {}", resource(&path)),
                _ => format!("foreign {}", path.join("::")),
            },
            Ty::Option(ty) => format!("option<{}>", own(&ty)),
            Ty::List(ty) => format!("list<{}>", own(&ty)),
            Ty::Array(ty, len) => format!("list<{}, {len}>", own(&ty)),
            Ty::Result(ok, err) => {
                format!("result<{}, {}>", own(&ok), own(&err))
            }
            Ty::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(own).collect();
                format!("tuple<{}>", parts.join(", "))
            }
            Ty::Handle(ty) => format!("handle<{}>", own(&ty)),
            Ty::Ref(ty) => format!("&{}", own(&ty)),
            Ty::Slice(ty) => format!("&[{}]", own(&ty)),
            Ty::Generic(name, args) => {
                let args: Vec<String> = args.iter().map(own).collect();
                format!("{name}<{}>", args.join(", "))
            }
            Ty::Plain(text) => text,
        }
    }

    /// Finds the type that a type of an older version is here: the one at the same path, else the only one of its
    /// name, if it has moved: a type that the older version has at the same place is another one.
    pub fn counterpart(&self, path: &Path, older: &Self) -> Option<&Path> {
        let is_type = |def: &Def| !matches!(def, Def::Alias(_));
        if let Some((own, _)) = self.all.get_key_value(path).filter(|(_, def)| is_type(def)) {
            return Some(own);
        }
        let mut named =
            self.all.iter().filter(|(own, def)| own.last() == path.last() && is_type(def));
        let (found, _) = named.next()?;
        (named.next().is_none() && !older.all.contains_key(found)).then_some(found)
    }
}

/// Reads a type in a module.
pub(super) fn ty(ty: &Type, module: &[String]) -> Ty {
    let own = |inner: &Type| Box::new(self::ty(inner, module));
    match ty {
        Type::Reference(reference) => match &*reference.elem {
            Type::Slice(slice) => Ty::Slice(own(&slice.elem)),
            elem => Ty::Ref(own(elem)),
        },
        Type::Tuple(tuple) => {
            Ty::Tuple(tuple.elems.iter().map(|ty| self::ty(ty, module)).collect())
        }
        Type::Array(array) => Ty::Array(own(&array.elem), array.len.to_token_stream().to_string()),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return plain(ty) };
            let args: Vec<&Type> = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    let types = arguments.args.iter().filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(ty),
                        _ => None,
                    });
                    types.collect()
                }
                _ => Vec::new(),
            };
            let first = path.path.segments.first().map(|first| first.ident.to_string());
            let first = first.unwrap_or_default();
            match (last.ident.to_string().as_str(), args.as_slice()) {
                ("Option", [inner]) => Ty::Option(own(inner)),
                ("Vec", [inner]) => Ty::List(own(inner)),
                ("Result", [ok, err]) => Ty::Result(own(ok), own(err)),
                ("Resource", [inner]) if first == "__rt" => Ty::Handle(own(inner)),
                (_, []) if first != "__rt" && path.path.leading_colon.is_none() => {
                    named(path, module)
                }
                (_, []) => plain(ty),
                (_, args) => {
                    let args = args.iter().map(|ty| self::ty(ty, module)).collect();
                    Ty::Generic(without_arguments(path), args)
                }
            }
        }
        _ => plain(ty),
    }
}

fn plain(ty: &Type) -> Ty {
    Ty::Plain(ty.to_token_stream().to_string())
}

/// Returns the path of a type without the arguments of its last part.
fn without_arguments(path: &syn::TypePath) -> String {
    let mut path = path.clone();
    if let Some(last) = path.path.segments.last_mut() {
        last.arguments = PathArguments::None;
    }
    path.to_token_stream().to_string()
}

/// Types of the language that stand without a path.
const BUILT_IN: &[&str] = &[
    "String", "bool", "char", "f32", "f64", "i16", "i32", "i64", "i8", "str", "u16", "u32", "u64",
    "u8",
];

fn named(path: &syn::TypePath, module: &[String]) -> Ty {
    let segments: Vec<String> = path.path.segments.iter().map(|s| s.ident.to_string()).collect();
    if let [one] = segments.as_slice()
        && BUILT_IN.contains(&one.as_str())
    {
        return Ty::Plain(one.clone());
    }
    let up = segments.iter().take_while(|segment| *segment == "super").count();
    let base = &module[..module.len().saturating_sub(up)];
    Ty::Named([base, &segments[up..]].concat())
}

fn record(item: &ItemStruct, module: &[String]) -> Option<Def> {
    if !item.attrs.iter().any(|attribute| attribute.path().is_ident("component")) {
        return None;
    }
    let Fields::Named(fields) = &item.fields else { return Some(Def::Record(Vec::new())) };
    let fields = fields.named.iter().filter_map(|field| {
        let ident = field.ident.clone()?;
        Some(Part { name: wit_name(&field.attrs)?, ident, ty: Some(ty(&field.ty, module)) })
    });
    Some(Def::Record(fields.collect()))
}

fn cases(item: &ItemEnum, module: &[String]) -> Def {
    if item.variants.is_empty() {
        return Def::Resource;
    }
    let cases = item.variants.iter().filter_map(|case| {
        let ty = case.fields.iter().next().map(|field| ty(&field.ty, module));
        Some(Part { name: wit_name(&case.attrs)?, ident: case.ident.clone(), ty })
    });
    let cases = cases.collect();
    if is_enum(&item.attrs) { Def::Enum(cases) } else { Def::Variant(cases) }
}

/// Returns whether attributes have `#[component(enum)]`.
fn is_enum(attributes: &[Attribute]) -> bool {
    let own = attributes.iter().filter(|attribute| attribute.path().is_ident("component"));
    own.filter_map(|attribute| attribute.meta.require_list().ok())
        .any(|list| list.tokens.to_string() == "enum")
}

/// Returns `name` of `#[component(name = "name")]`.
fn wit_name(attributes: &[Attribute]) -> Option<String> {
    let own = attributes.iter().find(|attribute| attribute.path().is_ident("component"))?;
    let list = own.meta.require_list().ok()?;
    let literal = list.tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) => Some(literal),
        _ => None,
    })?;
    syn::parse2::<LitStr>(quote!(#literal)).ok().map(|literal| literal.value())
}

/// Reads the flags in a module that holds a call of `flags!`.
fn flags(items: &[Item], module: &str) -> Option<Def> {
    let found = items.iter().find_map(|item| match item {
        Item::Mod(own) if own.ident == module => own.content.as_ref(),
        _ => None,
    })?;
    let call = found.1.iter().find_map(|item| match item {
        Item::Macro(item) => Some(&item.mac.tokens),
        _ => None,
    })?;
    let body = call.clone().into_iter().find_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    })?;
    let (mut names, mut idents) = (Vec::new(), Vec::new());
    literals(body.clone(), &mut names);
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(ident) if ident == "const")
            && let Some(TokenTree::Ident(ident)) = tokens.peek()
        {
            idents.push(ident.clone());
        }
    }
    let parts = names.into_iter().zip(idents);
    Some(Def::Flags(parts.map(|(name, ident)| Part { name, ident, ty: None }).collect()))
}

/// Collects the texts in tokens.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse2::<LitStr>(quote!(#literal)) {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// Returns the module from which a name is taken, and the name.
pub(super) fn used(tree: &UseTree) -> Option<(String, &Ident)> {
    let UseTree::Path(path) = tree else { return None };
    match &*path.tree {
        UseTree::Name(name) => Some((path.ident.to_string(), &name.ident)),
        UseTree::Rename(name) => Some((path.ident.to_string(), &name.rename)),
        UseTree::Path(_) => used(&path.tree).map(|(_, ident)| (path.ident.to_string(), ident)),
        _ => None,
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    !matches!(visibility, syn::Visibility::Inherited)
}
