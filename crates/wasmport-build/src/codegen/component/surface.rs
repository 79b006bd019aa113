//! What generated code offers: hosts to implement, functions to call, read from the tree.

use super::document::interface;
use super::tidy::doc;
use heck::ToSnakeCase as _;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{
    Expr, FnArg, GenericArgument, ImplItem, ImplItemFn, Item, ItemImpl, ItemMod, Pat, Path,
    PathArguments, ReturnType, Stmt, Type, TypeParamBound, WherePredicate,
};

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    No,
    /// With the store to itself.
    Alone,
    /// Beside other calls.
    Concurrently,
}

/// A function that the component exports.
#[derive(Clone)]
pub(crate) struct Method {
    /// The wrapper's, which takes a store.
    pub call: Ident,
    /// The lines of its documentation.
    pub docs: Vec<String>,
    pub params: Vec<(Ident, Type)>,
    pub result: TokenStream,
    pub waits: Waits,
}

/// An interface that the component exports.
#[derive(Clone)]
pub(crate) struct Guest {
    /// As the component has it.
    pub name: String,
    /// The wrapper's method that gives it.
    pub accessor: Ident,
    /// The modules that lead to `Guest`.
    pub module: Vec<Ident>,
    pub methods: Vec<Method>,
    pub resources: Vec<Resource>,
}

/// A resource of an interface that the component exports.
#[derive(Clone)]
pub(crate) struct Resource {
    /// The method of `Guest` that gives it, where it has functions.
    pub accessor: Ident,
    /// The type that has its functions.
    pub ty: Ident,
    pub methods: Vec<Method>,
}

/// All that a wrapper offers.
#[derive(Default)]
pub(super) struct Surface {
    /// Whether there is anything that the program gives.
    pub has_linker: bool,
    /// `Host` traits.
    pub hosts: Vec<TokenStream>,
    /// Those with functions that reach the store, for stores of `T`.
    pub hosts_with_store: Vec<Path>,
    pub methods: Vec<Method>,
    pub guests: Vec<Guest>,
}

impl Surface {
    /// Reads the code of the wrapper type `ty`.
    pub fn of(items: &mut [Item], ty: &Ident) -> Self {
        let mut surface = Self::default();
        let mut accessors = Vec::new();
        for function in functions(inner(items), ty) {
            if function.sig.ident == "add_to_linker" {
                surface.linker(function);
            } else if let Some(method) = method(function) {
                surface.methods.push(method);
            } else if let Some(module) = guest_module(&function.sig.output) {
                accessors.push((function.sig.ident.clone(), module));
            }
        }
        for (accessor, path) in accessors {
            let Some(module) = module(items, &path) else { continue };
            let name = interface(module).unwrap_or_default();
            let own =
                module.content.as_ref().map(|(_, items)| items.as_slice()).unwrap_or_default();
            surface.guests.push(guest(name, accessor, path, own));
        }
        surface
    }

    fn linker(&mut self, function: &ImplItemFn) {
        self.has_linker = true;
        let Some(clause) = &function.sig.generics.where_clause else { return };
        for predicate in &clause.predicates {
            let WherePredicate::Type(predicate) = predicate else { continue };
            let paths = predicate.bounds.iter().filter_map(|bound| match bound {
                TypeParamBound::Trait(bound) => Some(&bound.path),
                _ => None,
            });
            let is_host = |path: &&Path| {
                !path.is_ident("Send") && path.segments.last().is_some_and(|s| s.ident != "HasData")
            };
            match &predicate.bounded_ty {
                Type::Path(path) if path.path.is_ident("D") => {
                    self.hosts_with_store = paths.filter(is_host).cloned().collect();
                }
                Type::Path(path) if path.path.segments.len() > 1 => {
                    self.hosts = paths.filter(is_host).map(|path| path.to_token_stream()).collect();
                }
                _ => {}
            }
        }
    }
}

fn guest(name: String, accessor: Ident, path: Vec<Ident>, items: &[Item]) -> Guest {
    let mut guest =
        Guest { name, accessor, module: path, methods: Vec::new(), resources: Vec::new() };
    for function in functions(items, &Ident::new("Guest", proc_macro2::Span::call_site())) {
        if let Some(method) = method(function) {
            guest.methods.push(method);
        } else if let ReturnType::Type(_, ty) = &function.sig.output
            && let Type::Path(path) = &**ty
            && let Some(ty) = path.path.segments.last()
            && ty.ident.to_string().starts_with("Guest")
        {
            let methods = functions(items, &ty.ident).filter_map(method).collect();
            let accessor = function.sig.ident.clone();
            guest.resources.push(Resource { accessor, ty: ty.ident.clone(), methods });
        }
    }
    let rest: Vec<Resource> = items
        .iter()
        .filter_map(resource_type)
        .filter(|ty| guest.resources.iter().all(|resource| resource.ty != **ty))
        .map(|ty| {
            let name = ty.to_string();
            let name = name.strip_prefix("Guest").unwrap_or(&name).to_snake_case();
            Resource { accessor: format_ident!("{name}"), ty: ty.clone(), methods: Vec::new() }
        })
        .collect();
    guest.resources.extend(rest);
    guest
}

/// The type that has an exported resource's functions, of which there may be none: then `Guest` has no
/// method that gives it.
fn resource_type(item: &Item) -> Option<&Ident> {
    let Item::Struct(item) = item else { return None };
    let field = item.fields.iter().next()?;
    let is_guest = matches!(&field.ty, Type::Reference(ty)
        if matches!(&*ty.elem, Type::Path(path) if path.path.is_ident("Guest")));
    is_guest.then_some(&item.ident)
}

/// The items of the wrapper type itself.
fn inner(items: &[Item]) -> impl Iterator<Item = &Item> {
    items
        .iter()
        .flat_map(|item| match item {
            Item::Const(item) => match &*item.expr {
                Expr::Block(block) => block.block.stmts.as_slice(),
                _ => &[],
            },
            _ => &[],
        })
        .filter_map(|stmt| match stmt {
            Stmt::Item(item) => Some(item),
            _ => None,
        })
}

/// The methods of a type.
fn functions<'a>(
    items: impl IntoIterator<Item = &'a Item>,
    ty: &Ident,
) -> impl Iterator<Item = &'a ImplItemFn> {
    let is_of_type = |item: &ItemImpl| match &*item.self_ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == *ty),
        _ => false,
    };
    let impls = items.into_iter().filter_map(move |item| match item {
        Item::Impl(item) if item.trait_.is_none() && is_of_type(item) => {
            Some(item.items.as_slice())
        }
        _ => None,
    });
    impls.flatten().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}

fn method(function: &ImplItemFn) -> Option<Method> {
    let signature = &function.sig;
    let _ = signature.ident.to_string().strip_prefix("call_")?;
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pat) => Some((pat.ident.clone(), (*input.ty).clone())),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    let mut params: Vec<_> = typed.collect();
    if params.is_empty() {
        return None;
    }
    let (first, _) = params.remove(0);
    let waits = match (signature.asyncness.is_some(), first == "accessor") {
        (_, true) => Waits::Concurrently,
        (true, false) => Waits::Alone,
        (false, false) => Waits::No,
    };
    let docs = function.attrs.iter().filter_map(doc).map(|line| line.trim().to_string()).collect();
    let call = signature.ident.clone();
    Some(Method { call, docs, params, result: result(&signature.output)?, waits })
}

/// What is in the `Result`.
fn result(output: &ReturnType) -> Option<TokenStream> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(path) = &**ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(quote!(#ty)),
        _ => None,
    }
}

/// The module of the `Guest` to which a method gives a reference.
fn guest_module(output: &ReturnType) -> Option<Vec<Ident>> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Reference(reference) = &**ty else { return None };
    let Type::Path(path) = &*reference.elem else { return None };
    let mut idents: Vec<Ident> = path.path.segments.iter().map(|s| s.ident.clone()).collect();
    (idents.pop()? == "Guest").then_some(idents)
}

/// The module at the path.
pub(super) fn module<'a>(items: &'a mut [Item], path: &[Ident]) -> Option<&'a mut ItemMod> {
    let (first, rest) = path.split_first()?;
    let found = items.iter_mut().find_map(|item| match item {
        Item::Mod(module) if module.ident == *first => Some(module),
        _ => None,
    })?;
    if rest.is_empty() {
        return Some(found);
    }
    let (_, items) = found.content.as_mut()?;
    module(items, rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{has, plain};

    #[test]
    fn a_resource_without_functions_has_a_view() {
        let text = plain(
            "package demo:app;
             interface tokens { resource %struct; issue: func() -> %struct; }
             world app { export tokens; }",
        );
        assert!(has(&text, "pub fn struct_(&mut self) -> GuestStructSession<'_, T>"), "{text}");
        assert!(has(&text, "resource.resource_drop(store)"), "{text}");
    }
}
