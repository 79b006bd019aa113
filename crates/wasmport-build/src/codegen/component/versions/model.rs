//! `Model`: the versions of an interface, with the types that they share.

use super::defs::{Def, Defs, Path, Ty, used};
use crate::codegen::component::prepare::Prepared;
use crate::codegen::component::session::Surface;
use crate::settings::Version;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use syn::{Item, Type, parse_quote};

/// A version and its code.
pub(super) struct Own {
    pub version: Version,
    pub items: Vec<Item>,
    pub prepared: Prepared,
    pub defs: Defs,
    pub surface: Surface,
    /// The function that defines the host's resources, if there are any.
    pub resources: Option<TokenStream>,
}

/// The versions, oldest first.
pub(super) struct Model {
    pub versions: Vec<Own>,
    /// For each version the types that a later one owns: the index of that version, and the type's path there.
    pub owners: Vec<BTreeMap<Path, (usize, Path)>>,
}

impl Model {
    /// Finds the types that versions share.
    pub fn new(versions: Vec<Own>) -> Self {
        let mut model = Self { owners: vec![BTreeMap::new(); versions.len()], versions };
        // Types with handles are one only if the resources are: two interfaces may have resources of one name.
        model.find_owners(|def| matches!(def, Def::Resource));
        model.find_owners(|def| is_owned(def) && !matches!(def, Def::Resource));
        model
    }

    /// Finds the types of a kind that later versions own.
    fn find_owners(&mut self, is_due: impl Fn(&Def) -> bool) {
        for index in (0..self.versions.len()).rev() {
            let own = &self.versions[index].defs;
            let due = own.all.iter().filter(|(_, def)| is_due(def));
            let found = due.filter_map(|(path, _)| Some((path.clone(), self.later(index, path)?)));
            let found: Vec<_> = found.collect();
            self.owners[index].extend(found);
        }
    }

    /// Finds the owner of a type among the later versions.
    fn later(&self, index: usize, path: &Path) -> Option<(usize, Path)> {
        let own = &self.versions[index].defs;
        (index + 1..self.versions.len()).rev().find_map(|later| {
            let other = self.versions[later].defs.counterpart(path, own)?;
            let is_same = match own.all.get(path)? {
                Def::Resource => self.versions[later].defs.is_resource(other),
                _ => self.structure(index, path) == self.structure(later, other),
            };
            is_same.then(|| self.owner(later, other))
        })
    }

    /// Returns the structure of a type as text: equal for types that can be one Rust type.
    fn structure(&self, version: usize, path: &Path) -> String {
        let resource = |path: &Path| {
            let (owner, path) = self.owner(version, path);
            format!("{owner} {}", path.join("::"))
        };
        self.versions[version].defs.structure(&Ty::Named(path.clone()), &resource)
    }

    /// Returns the name of the trait of a version's conversions, which no type of the version has.
    pub fn conversions(&self, version: usize) -> Ident {
        let mut name = String::from("Conversions");
        while self.versions[version].defs.all.contains_key(&vec![name.clone()]) {
            name.push('_');
        }
        format_ident!("{name}")
    }

    /// Returns whether a type of a version is an option.
    pub fn is_option(&self, version: usize, ty: &Ty) -> bool {
        matches!(self.versions[version].defs.resolve(&owned(ty)), Ty::Option(_))
    }

    /// Returns the owner of a type.
    pub fn owner(&self, version: usize, path: &Path) -> (usize, Path) {
        self.owners[version].get(path).cloned().unwrap_or((version, path.clone()))
    }

    /// Returns whether two types of versions are one Rust type. References do not count.
    pub fn is_same(&self, (one, one_ty): (usize, &Ty), (other, other_ty): (usize, &Ty)) -> bool {
        let name = |version: usize, ty: &Ty| self.canonical(version, &owned(ty));
        name(one, one_ty) == name(other, other_ty)
    }

    fn canonical(&self, version: usize, ty: &Ty) -> String {
        let own = |ty: &Ty| self.canonical(version, ty);
        match self.versions[version].defs.resolve(ty) {
            Ty::Named(path) => {
                let (owner, path) = self.owner(version, &path);
                match self.versions[owner].defs.all.get(&path) {
                    Some(Def::Foreign) => format!("foreign {}", path.join("::")),
                    _ => format!("{owner} {}", path.join("::")),
                }
            }
            Ty::Option(ty) => format!("option<{}>", own(&ty)),
            Ty::List(ty) => format!("list<{}>", own(&ty)),
            Ty::Array(ty, len) => format!("list<{}, {len}>", own(&ty)),
            Ty::Result(ok, err) => format!("result<{}, {}>", own(&ok), own(&err)),
            Ty::Tuple(parts) => {
                format!("({})", parts.iter().map(own).collect::<Vec<_>>().join(", "))
            }
            Ty::Handle(ty) => format!("handle<{}>", own(&ty)),
            Ty::Ref(ty) => format!("&{}", own(&ty)),
            Ty::Slice(ty) => format!("&[{}]", own(&ty)),
            Ty::Generic(name, args) => {
                format!("{name}<{}>", args.iter().map(own).collect::<Vec<_>>().join(", "))
            }
            Ty::Plain(text) => text,
        }
    }

    /// Writes the path of a version's module, from the root of another version's.
    pub fn module(&self, from: usize, to: usize) -> TokenStream {
        if from == to {
            return TokenStream::new();
        }
        let module = format_ident!("{}", self.versions[to].version.module);
        quote!(super::#module::)
    }

    /// Writes a type of the version `of`, at the root of the version `at`.
    pub fn rust(&self, at: usize, of: usize, ty: &Ty) -> TokenStream {
        let own = |ty: &Ty| self.rust(at, of, ty);
        match ty {
            Ty::Named(path) if self.versions[of].defs.all.contains_key(path) => {
                self.path(at, of, path)
            }
            Ty::Named(path) => path.join("::").parse().unwrap_or_default(),
            Ty::Option(ty) => {
                let ty = own(ty);
                quote!(::core::option::Option<#ty>)
            }
            Ty::List(ty) => {
                let ty = own(ty);
                quote!(::std::vec::Vec<#ty>)
            }
            Ty::Array(ty, len) => {
                let (ty, len): (_, TokenStream) = (own(ty), len.parse().unwrap_or_default());
                quote!([#ty; #len])
            }
            Ty::Result(ok, err) => {
                let (ok, err) = (own(ok), own(err));
                quote!(::core::result::Result<#ok, #err>)
            }
            Ty::Tuple(parts) => {
                let parts = parts.iter().map(own);
                quote!((#(#parts,)*))
            }
            Ty::Handle(ty) => {
                let ty = own(ty);
                quote!(__rt::Resource<#ty>)
            }
            Ty::Ref(ty) => {
                let ty = own(ty);
                quote!(&#ty)
            }
            Ty::Slice(ty) => {
                let ty = own(ty);
                quote!(&[#ty])
            }
            Ty::Generic(name, args) => {
                let name: TokenStream = name.parse().unwrap_or_default();
                let args = args.iter().map(own);
                quote!(#name<#(#args),*>)
            }
            Ty::Plain(text) => match text.as_str() {
                "String" => quote!(::std::string::String),
                text => text.parse().unwrap_or_default(),
            },
        }
    }

    /// Writes the path of a type.
    pub fn path(&self, at: usize, of: usize, path: &Path) -> TokenStream {
        let module = self.module(at, of);
        let idents = path.iter().map(|ident| format_ident!("{ident}"));
        quote!(#module #(#idents)::*)
    }
}

/// Returns a type without its references.
pub(super) fn owned(ty: &Ty) -> Ty {
    let own = |ty: &Ty| Box::new(owned(ty));
    match ty {
        Ty::Ref(inner) if **inner == Ty::Plain("str".into()) => Ty::Plain("String".into()),
        Ty::Ref(inner) => owned(inner),
        Ty::Slice(inner) => Ty::List(own(inner)),
        Ty::Option(inner) => Ty::Option(own(inner)),
        Ty::List(inner) => Ty::List(own(inner)),
        Ty::Array(inner, len) => Ty::Array(own(inner), len.clone()),
        Ty::Result(ok, err) => Ty::Result(own(ok), own(err)),
        Ty::Tuple(parts) => Ty::Tuple(parts.iter().map(owned).collect()),
        Ty::Generic(name, args) => Ty::Generic(name.clone(), args.iter().map(owned).collect()),
        Ty::Handle(_) | Ty::Named(_) | Ty::Plain(_) => ty.clone(),
    }
}

/// Returns whether a definition can belong to another version.
pub(super) fn is_owned(def: &Def) -> bool {
    !matches!(def, Def::Alias(_) | Def::Foreign)
}

/// Replaces the types that a later version owns by imports of these.
pub(super) fn share(
    items: &mut Vec<Item>,
    module: &[String],
    owners: &BTreeMap<Path, (usize, Path)>,
    modules: &[String],
) {
    let path = |ident: &Ident| [module, &[ident.to_string()]].concat();
    let is_shared = |ident: &Ident| owners.contains_key(&path(ident));
    let mut flags = Vec::new();
    for item in items.iter_mut() {
        let ident = match item {
            Item::Struct(own) if is_shared(&own.ident) => own.ident.clone(),
            Item::Enum(own) if is_shared(&own.ident) => own.ident.clone(),
            Item::Use(own) => match used(&own.tree) {
                Some((from, ident)) if from.starts_with("__") && is_shared(ident) => {
                    let ident = ident.clone();
                    flags.push(from);
                    ident
                }
                _ => continue,
            },
            Item::Mod(own) if !own.ident.to_string().starts_with("__") => {
                let module = [module, &[own.ident.to_string()]].concat();
                if let Some((_, items)) = &mut own.content {
                    share(items, &module, owners, modules);
                }
                continue;
            }
            _ => continue,
        };
        let Some((owner, path)) = owners.get(&path(&ident)) else { continue };
        let up = module.iter().map(|_| quote!(super::));
        let version = format_ident!("{}", modules[*owner]);
        let path = path.iter().map(|ident| format_ident!("{ident}"));
        *item = parse_quote!(#[doc(inline)] pub use #(#up)* super::#version::#(#path)::*;);
    }
    items.retain(|item| match item {
        Item::Impl(own) => match &*own.self_ty {
            Type::Path(path) => path.path.get_ident().is_none_or(|ident| !is_shared(ident)),
            _ => true,
        },
        Item::Mod(own) => !flags.iter().any(|flags| own.ident == flags),
        _ => true,
    });
}
