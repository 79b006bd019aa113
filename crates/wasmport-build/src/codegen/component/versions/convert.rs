//! Conversions between the types of two versions that follow each other.

use super::defs::{Def, Part, Path, Ty};
use super::model::Model;
use heck::{ToKebabCase as _, ToSnakeCase as _};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};

/// The direction of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// To the newer version.
    Up,
    /// To the older version.
    Down,
}

impl Direction {
    /// Returns the first word of the names of its conversions.
    fn verb(self) -> &'static str {
        match self {
            Self::Up => "upgrade",
            Self::Down => "downgrade",
        }
    }
}

/// A way to convert a value.
#[derive(Clone, Debug)]
pub(super) enum Conversion {
    /// Both types are one.
    Same,
    Option(Box<Self>),
    List(Box<Self>),
    Array(Box<Self>),
    Result(Box<Self>, Box<Self>),
    Tuple(Vec<Self>),
    /// By a generated function.
    Derived(Ident),
    /// By a method that the program writes: the trait and the method.
    Written(Ident, Ident),
}

/// A conversion of a type with a name.
#[derive(Clone, Debug)]
struct Named {
    from: TokenStream,
    to: TokenStream,
    /// The type's path in the older and in the newer version, for documentation.
    paths: (Path, Path),
    conversion: Conversion,
    body: Body,
}

/// The body of a conversion that is derived; empty if the program writes it.
#[derive(Clone, Debug, Default)]
struct Body {
    tokens: TokenStream,
    /// Optional fields that have no place in the target.
    dropped: Vec<String>,
}

/// A conversion of a type that the program writes.
pub(super) struct Written<'c> {
    pub ident: &'c Ident,
    pub direction: Direction,
    /// The type's path in the older and in the newer version.
    pub paths: &'c (Path, Path),
    pub from: &'c TokenStream,
    pub to: &'c TokenStream,
}

/// The ends of a conversion.
type Key = (Direction, Path, Path);

/// The conversions between a version and the next.
pub(super) struct Conversions<'m> {
    pub model: &'m Model,
    /// The index of the older version.
    pub old: usize,
    named: BTreeMap<Key, Named>,
    /// The keys of `named` in the order in which they were added.
    added: Vec<(Key, String)>,
    taken: BTreeSet<String>,
}

impl<'m> Conversions<'m> {
    pub fn new(model: &'m Model, old: usize) -> Self {
        let (named, added, taken) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { model, old, named, added, taken }
    }

    /// Returns a name that no other method of the program has.
    pub fn free(&mut self, name: &str) -> Ident {
        let mut free = name.to_owned();
        while !self.taken.insert(free.clone()) {
            free.push('_');
        }
        format_ident!("{free}")
    }

    /// Looks for conversions; if there is none, those that were found on the way are forgotten.
    pub fn attempt<R>(&mut self, look: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        let before = self.added.len();
        let found = look(self);
        if found.is_none() {
            for (key, name) in self.added.drain(before..) {
                let _ = self.named.remove(&key);
                let _ = self.taken.remove(&name);
            }
        }
        found
    }

    /// Returns the versions between which a direction leads.
    fn versions(&self, direction: Direction) -> (usize, usize) {
        match direction {
            Direction::Up => (self.old, self.old + 1),
            Direction::Down => (self.old + 1, self.old),
        }
    }

    /// Finds a way to convert a value; none if the program must convert what it is a part of.
    pub fn find(&mut self, direction: Direction, from: &Ty, to: &Ty) -> Option<Conversion> {
        let (from_version, to_version) = self.versions(direction);
        if self.model.is_same((from_version, from), (to_version, to)) {
            return Some(Conversion::Same);
        }
        let from = self.model.versions[from_version].defs.resolve(from);
        let to = self.model.versions[to_version].defs.resolve(to);
        let boxed = |found: Option<Conversion>| found.map(Box::new);
        Some(match (&from, &to) {
            (Ty::Option(from), Ty::Option(to)) => {
                Conversion::Option(boxed(self.find(direction, from, to))?)
            }
            (Ty::List(from), Ty::List(to)) => {
                Conversion::List(boxed(self.find(direction, from, to))?)
            }
            (Ty::Array(from, len), Ty::Array(to, other)) if len == other => {
                Conversion::Array(boxed(self.find(direction, from, to))?)
            }
            (Ty::Result(from_ok, from_err), Ty::Result(to_ok, to_err)) => Conversion::Result(
                boxed(self.find(direction, from_ok, to_ok))?,
                boxed(self.find(direction, from_err, to_err))?,
            ),
            (Ty::Tuple(from), Ty::Tuple(to)) if from.len() == to.len() => {
                let parts = from.iter().zip(to);
                let parts = parts.map(|(from, to)| self.find(direction, from, to));
                Conversion::Tuple(parts.collect::<Option<_>>()?)
            }
            (Ty::Named(from), Ty::Named(to)) => self.named(direction, from, to)?,
            _ => return None,
        })
    }

    fn named(&mut self, direction: Direction, from: &Path, to: &Path) -> Option<Conversion> {
        let key = (direction, from.clone(), to.clone());
        if let Some(found) = self.named.get(&key) {
            return Some(found.conversion.clone());
        }
        let (from_version, to_version) = self.versions(direction);
        let is_of_values = |version: usize, path: &Path| {
            let def = self.model.versions[version].defs.all.get(path);
            def.is_some_and(|def| !matches!(def, Def::Resource | Def::Foreign))
        };
        if !is_of_values(from_version, from) || !is_of_values(to_version, to) {
            return None;
        }
        let (old, new) = if direction == Direction::Up { (from, to) } else { (to, from) };
        // Fields of the same names prove nothing for types that the versions call differently.
        let is_one = {
            let defs = |version: usize| &self.model.versions[version].defs;
            defs(self.old + 1).counterpart(old, defs(self.old)) == Some(new)
        };
        let body = match is_one {
            true => self.attempt(|conversions| conversions.body(direction, from, to)),
            false => None,
        };
        let ident = match is_one {
            true => self.ident(direction, old, body.is_some()),
            false => self.ident_of_two(direction, from, to),
        };
        let name = ident.to_string();
        let conversion = match body {
            Some(_) => Conversion::Derived(ident),
            None => Conversion::Written(self.model.conversions(self.old), ident),
        };
        let named = Named {
            from: self.model.path(self.old, from_version, from),
            to: self.model.path(self.old, to_version, to),
            paths: (old.clone(), new.clone()),
            conversion: conversion.clone(),
            body: body.unwrap_or_default(),
        };
        self.added.push((key.clone(), name));
        let _ = self.named.insert(key, named);
        Some(conversion)
    }

    /// Returns a free name for the conversion of a type: with the name of its interface if that of the type alone is
    /// taken.
    fn ident(&mut self, direction: Direction, path: &Path, is_derived: bool) -> Ident {
        let verb = direction.verb();
        let prefix = if is_derived { "__" } else { "" };
        let words: Vec<String> = path.iter().rev().map(|word| word.to_snake_case()).collect();
        let name = |words: &[String]| {
            let words: Vec<&str> = words.iter().rev().map(String::as_str).collect();
            format!("{prefix}{verb}_{}", words.join("_"))
        };
        let mut names = (1..=words.len()).map(|count| name(&words[..count]));
        let free = names.find(|name| !self.taken.contains(name)).unwrap_or_else(|| name(&words));
        self.free(&free)
    }

    /// Returns a free name for the conversion between types with different names.
    fn ident_of_two(&mut self, direction: Direction, from: &Path, to: &Path) -> Ident {
        let name = |path: &Path| path.last().map(|word| word.to_snake_case()).unwrap_or_default();
        self.free(&format!("{}_{}_to_{}", direction.verb(), name(from), name(to)))
    }

    /// Writes the conversion of a type with a name, if it can be derived.
    fn body(&mut self, direction: Direction, from: &Path, to: &Path) -> Option<Body> {
        let (from_version, to_version) = self.versions(direction);
        let defs = |version: usize, path: &Path| self.model.versions[version].defs.all.get(path);
        let (from_def, to_def) = (defs(from_version, from)?.clone(), defs(to_version, to)?.clone());
        let (from_path, to_path) = (
            self.model.path(self.old, from_version, from),
            self.model.path(self.old, to_version, to),
        );
        match (from_def, to_def) {
            (Def::Record(from), Def::Record(to)) => {
                return self.record(direction, &from, &to, &to_path);
            }
            (
                Def::Variant(from_cases) | Def::Enum(from_cases),
                Def::Variant(to_cases) | Def::Enum(to_cases),
            ) => {
                let name = from.last()?.to_kebab_case();
                self.cases(direction, (&from_cases, &from_path), (&to_cases, &to_path), &name)
            }
            (Def::Flags(from_flags), Def::Flags(to_flags)) => {
                let name = from.last()?.to_kebab_case();
                self.flags(direction, (&from_flags, &from_path), (&to_flags, &to_path), &name)
            }
            _ => None,
        }
        .map(|tokens| Body { tokens, dropped: Vec::new() })
    }

    /// Fields that only one version has must be options: they are `None`, or dropped. Fields that were added in the
    /// place of others may be the same under new names.
    fn record(
        &mut self,
        direction: Direction,
        from: &[Part],
        to: &[Part],
        path: &TokenStream,
    ) -> Option<Body> {
        let (from_version, to_version) = self.versions(direction);
        let is_option = |version: usize, part: &Part| {
            part.ty.as_ref().is_some_and(|ty| self.model.is_option(version, ty))
        };
        let lacks = |parts: &[Part], part: &Part| parts.iter().all(|own| own.name != part.name);
        let dropped: Vec<&Part> = from.iter().filter(|part| lacks(to, part)).collect();
        let has_added = to.iter().any(|part| lacks(from, part));
        if dropped.len() == from.len()
            || !dropped.is_empty() && has_added
            || !dropped.iter().all(|part| is_option(from_version, part))
        {
            return None;
        }
        let mut fields = Vec::new();
        for field in to {
            let ident = &field.ident;
            let Some(own) = from.iter().find(|part| part.name == field.name) else {
                if !is_option(to_version, field) {
                    return None;
                }
                fields.push(quote!(#ident: ::core::option::Option::None));
                continue;
            };
            let conversion = self.find(direction, own.ty.as_ref()?, field.ty.as_ref()?)?;
            let from = &own.ident;
            let value = conversion.write(&quote!(value.#from), &by());
            fields.push(quote!(#ident: #value));
        }
        let dropped = dropped.into_iter().map(|part| part.name.clone()).collect();
        Some(Body { tokens: quote!(#path { #(#fields),* }), dropped })
    }

    /// The newer version may have more cases: going down they are errors.
    fn cases(
        &mut self,
        direction: Direction,
        (from, from_path): (&[Part], &TokenStream),
        (to, to_path): (&[Part], &TokenStream),
        name: &str,
    ) -> Option<TokenStream> {
        let mut arms = Vec::new();
        for case in from {
            let ident = &case.ident;
            let Some(other) = to.iter().find(|other| other.name == case.name) else {
                let error = self.missing(direction, name, &case.name)?;
                let pattern = case.ty.as_ref().map(|_| quote!((_)));
                arms.push(quote!(#from_path::#ident #pattern => #error));
                continue;
            };
            let target = &other.ident;
            arms.push(match (&case.ty, &other.ty) {
                (None, None) => quote!(#from_path::#ident => #to_path::#target),
                (Some(from), Some(to)) => {
                    let conversion = self.find(direction, from, to)?;
                    let value = conversion.write(&quote!(value), &by());
                    quote!(#from_path::#ident(value) => #to_path::#target(#value))
                }
                _ => return None,
            });
        }
        Some(quote!(match value { #(#arms,)* }))
    }

    fn flags(
        &self,
        direction: Direction,
        (from, from_path): (&[Part], &TokenStream),
        (to, to_path): (&[Part], &TokenStream),
        name: &str,
    ) -> Option<TokenStream> {
        let mut statements = Vec::new();
        for flag in from {
            let ident = &flag.ident;
            let then = match to.iter().find(|other| other.name == flag.name) {
                Some(other) => {
                    let target = &other.ident;
                    quote!(converted |= #to_path::#target)
                }
                None => self.missing(direction, name, &flag.name)?,
            };
            statements.push(quote!(if value.contains(#from_path::#ident) { #then; }));
        }
        Some(quote!({
            let mut converted = #to_path::empty();
            #(#statements)*
            converted
        }))
    }

    /// Writes the error for a value that the older version lacks. None if it is the newer that lacks it.
    fn missing(&self, direction: Direction, ty: &str, case: &str) -> Option<TokenStream> {
        let version = &self.model.versions[self.old].version.name;
        (direction == Direction::Down)
            .then(|| quote!(return Err(__rt::no_case(#version, #ty, #case))))
    }

    /// Writes the functions that are derived.
    pub fn functions(&self, bound: &TokenStream) -> TokenStream {
        let by = by();
        let functions = self.all().filter_map(|named| match &named.conversion {
            Conversion::Derived(ident) => {
                let Named { from, to, body: Body { tokens, .. }, .. } = named;
                Some(quote! {
                    pub(super) fn #ident<#by: #bound>(value: #from) -> __rt::Result<#to> {
                        Ok(#tokens)
                    }
                })
            }
            _ => None,
        });
        quote!(#(#functions)*)
    }

    /// Lists the methods that the program writes: the name, whether it leads to the newer version, the type's path in
    /// both, and the types.
    pub fn written(&self) -> impl Iterator<Item = Written<'_>> {
        self.named.iter().filter_map(|((direction, ..), named)| match &named.conversion {
            Conversion::Written(_, ident) => {
                let Named { from, to, paths, .. } = named;
                Some(Written { ident, direction: *direction, paths, from, to })
            }
            _ => None,
        })
    }

    /// Lists the types whose conversions are derived.
    pub fn derived(&self) -> BTreeSet<&Path> {
        let derived = self.all().filter(|named| matches!(named.conversion, Conversion::Derived(_)));
        derived.map(|named| &named.paths.0).collect()
    }

    /// Lists the optional fields that one of the versions lacks, with their types.
    pub fn dropped(&self) -> BTreeSet<String> {
        let fields = self.all().flat_map(|named| {
            named.body.dropped.iter().map(|field| format!("{}.{field}", named.paths.0.join("::")))
        });
        fields.collect()
    }

    fn all(&self) -> impl Iterator<Item = &Named> {
        self.named.values()
    }
}

/// The parameter that stands for data with the program's conversions. No type of WIT has this name.
pub(super) fn by() -> TokenStream {
    quote!(_C)
}

impl Conversion {
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same)
    }

    /// Writes the conversion of a value; `by` is the type that has the program's conversions.
    pub fn write(&self, value: &TokenStream, by: &TokenStream) -> TokenStream {
        let inner = quote!(value);
        match self {
            Self::Same => value.clone(),
            Self::Option(own) => {
                let own = own.write(&inner, by);
                quote! {
                    match #value {
                        ::core::option::Option::Some(value) => ::core::option::Option::Some(#own),
                        ::core::option::Option::None => ::core::option::Option::None,
                    }
                }
            }
            Self::List(own) => {
                let own = own.write(&inner, by);
                quote!(__rt::convert_list(#value, |value| Ok(#own))?)
            }
            Self::Array(own) => {
                let own = own.write(&inner, by);
                quote!(__rt::convert_array(#value, |value| Ok(#own))?)
            }
            Self::Result(ok, err) => {
                let (ok, err) = (ok.write(&inner, by), err.write(&inner, by));
                quote! {
                    match #value {
                        ::core::result::Result::Ok(value) => ::core::result::Result::Ok(#ok),
                        ::core::result::Result::Err(value) => ::core::result::Result::Err(#err),
                    }
                }
            }
            Self::Tuple(parts) => {
                let names: Vec<Ident> =
                    (0..parts.len()).map(|index| format_ident!("part{index}")).collect();
                let parts =
                    parts.iter().zip(&names).map(|(part, name)| part.write(&quote!(#name), by));
                let parts: Vec<TokenStream> = parts.collect();
                quote!({ let (#(#names,)*) = #value; (#(#parts,)*) })
            }
            Self::Derived(ident) => quote!(#ident::<#by>(#value)?),
            Self::Written(conversions, ident) => quote!(<#by as #conversions>::#ident(#value)?),
        }
    }
}
