//! The surface of generated code: hosts to implement and functions to call, read from the tree.

use crate::codegen::component::error::ComponentError;
use crate::codegen::component::rewrite::{doc, interface, module, without_option};
use crate::codegen::docs::code;
use heck::{ToKebabCase as _, ToSnakeCase as _};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{
    FnArg, GenericArgument, ImplItem, ImplItemFn, Item, ItemImpl, Pat, Path, PathArguments,
    ReturnType, Type, TypeParamBound, WherePredicate,
};

/// The way in which a function waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Waits {
    No,
    /// With the store to itself.
    Alone,
    /// Beside other calls.
    Concurrently,
}

/// A function that the component exports.
#[derive(Clone)]
pub(in super::super) struct Method {
    /// The wrapper's method, which takes a store.
    pub call: Ident,
    /// The name in WIT, after that of its resource.
    pub name: String,
    /// The lines of its documentation.
    pub docs: Vec<String>,
    pub params: Vec<(Ident, Type)>,
    pub result: TokenStream,
    pub waits: Waits,
}

/// An interface that the component exports.
#[derive(Clone)]
pub(in super::super) struct Guest {
    /// The name, as the component has it.
    pub name: String,
    /// The wrapper's method that returns it.
    pub accessor: Ident,
    /// Whether the component may lack it.
    pub is_optional: bool,
    /// The modules that lead to `Guest`.
    pub module: Vec<Ident>,
    pub methods: Vec<Method>,
    pub resources: Vec<Resource>,
}

/// A resource of an interface that the component exports.
#[derive(Clone)]
pub(in super::super) struct Resource {
    /// The method of `Guest` that returns it, if it has functions.
    pub accessor: Ident,
    /// The type that has its functions.
    pub ty: Ident,
    pub methods: Vec<Method>,
}

impl Resource {
    /// Returns the name in WIT. Without functions nothing but the type has it, in camel case.
    pub fn name(&self) -> String {
        let method = self.methods.first().and_then(|method| method.name.split_once('.'));
        let ty = self.ty.to_string();
        let of_type = || ty.strip_prefix("Guest").unwrap_or(&ty).to_kebab_case();
        method.map_or_else(of_type, |(resource, _)| resource.to_owned())
    }
}

/// Everything that a wrapper offers.
#[derive(Default)]
pub(in super::super) struct Surface {
    /// Whether the program implements any import.
    pub has_linker: bool,
    /// `Host` traits.
    pub hosts: Vec<TokenStream>,
    /// Traits with functions that reach the store, for stores of `T`.
    pub hosts_with_store: Vec<Path>,
    pub methods: Vec<Method>,
    pub guests: Vec<Guest>,
}

impl Surface {
    /// Reads the code of the wrapper type `ty`.
    ///
    /// # Errors
    ///
    /// Fails if the code has no module for an exported interface.
    pub fn of(items: &mut [Item], ty: &Ident) -> Result<Self, ComponentError> {
        let mut surface = Self::default();
        let mut accessors = Vec::new();
        for function in functions(&*items, ty) {
            if function.sig.ident == "add_to_linker" {
                surface.linker(function);
            } else if let Some(method) = method(function) {
                surface.methods.push(method);
            } else if let Some((module, is_optional)) = guest_module(&function.sig.output) {
                accessors.push((function.sig.ident.clone(), module, is_optional));
            }
        }
        for (accessor, path, is_optional) in accessors {
            let missing = || ComponentError::MissingModule(code(&accessor));
            let module = module(items, &path).ok_or_else(missing)?;
            let name = interface(module).ok_or_else(missing)?;
            let (_, own) = module.content.as_ref().ok_or_else(missing)?;
            let guest = guest(name, accessor, path, own);
            surface.guests.push(Guest { is_optional, ..guest });
        }
        Ok(surface)
    }

    fn linker(&mut self, function: &ImplItemFn) {
        self.has_linker = true;
        let clause = &function.sig.generics.where_clause;
        for predicate in clause.iter().flat_map(|clause| &clause.predicates) {
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
    let (methods, resources) = (Vec::new(), Vec::new());
    let mut guest = Guest { name, accessor, is_optional: false, module: path, methods, resources };
    for function in functions(items, &format_ident!("Guest")) {
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
    let without_functions = items
        .iter()
        .filter_map(resource_type)
        .filter(|ty| guest.resources.iter().all(|resource| resource.ty != **ty))
        .map(|ty| {
            let name = ty.to_string();
            let name = name.strip_prefix("Guest").unwrap_or(&name).to_snake_case();
            Resource { accessor: format_ident!("{name}"), ty: ty.clone(), methods: Vec::new() }
        });
    let without_functions: Vec<Resource> = without_functions.collect();
    guest.resources.extend(without_functions);
    guest
}

/// Returns the type that holds the functions of an exported resource. If there are none, `Guest` has no
/// method that returns it.
fn resource_type(item: &Item) -> Option<&Ident> {
    let Item::Struct(item) = item else { return None };
    let field = item.fields.iter().next()?;
    let is_guest = matches!(&field.ty, Type::Reference(ty)
        if matches!(&*ty.elem, Type::Path(path) if path.path.is_ident("Guest")));
    is_guest.then_some(&item.ident)
}

/// Lists the methods of a type.
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
    let docs = function.attrs.iter().filter_map(doc).map(|line| line.trim().to_string());
    let docs: Vec<String> = docs.collect();
    let call = signature.ident.clone();
    let name = wit_name(&docs).unwrap_or_else(|| call.to_string());
    Some(Method { call, name, docs, params, result: result(&signature.output)?, waits })
}

/// Reads the name from the last line of a function's documentation, which is its signature in WIT.
fn wit_name(docs: &[String]) -> Option<String> {
    let signature = docs.last()?.trim_matches(['`', ' ']);
    let (name, kind) = signature.split_once(": ")?;
    let is_constructor = kind.starts_with("constructor");
    Some(if is_constructor { format!("{name}.constructor") } else { name.into() })
}

/// Returns the type in a `Result`.
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

/// Returns the module of the `Guest` to which a method returns a reference, and whether it may be missing.
fn guest_module(output: &ReturnType) -> Option<(Vec<Ident>, bool)> {
    let ReturnType::Type(_, ty) = output else { return None };
    let (ty, is_optional) = without_option(ty);
    let Type::Reference(reference) = ty else { return None };
    let Type::Path(path) = &*reference.elem else { return None };
    let mut idents: Vec<Ident> = path.path.segments.iter().map(|s| s.ident.clone()).collect();
    (idents.pop()? == "Guest").then_some((idents, is_optional))
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::tests::{has, plain};

    #[test]
    fn a_resource_without_functions_has_a_view() {
        let text = plain(
            "package demo:app;
             interface tokens { resource %struct; issue: func() -> %struct; }
             world app { export tokens; }",
        );
        assert!(has(&text, "pub fn struct_(&mut self) -> GuestStructSession<'_, T>"), "{text}");
        let drop = "__rt::call(&mut *self.0, \"demo:app/tokens#struct.drop\", |_, store| resource.resource_drop(store))";
        assert!(has(&text, drop), "{text}");
    }
}
