//! The host's side of older versions: their `Host` traits are implemented for all types that implement those of the
//! next version.

use super::convert::Direction;
use super::defs::{Path, Ty, ty};
use super::model::Model;
use super::params::{Params, pair};
use super::step::{Method, Step};
use crate::codegen::component::ComponentError;
use crate::codegen::component::rewrite::doc;
use heck::ToSnakeCase as _;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{
    FnArg, GenericArgument, Item, ItemTrait, Pat, PathArguments, ReturnType, TraitItem,
    TraitItemFn, Type, TypeParamBound,
};

/// A trait that the program implements for a version.
pub(super) struct HostTrait {
    /// The modules that lead to it.
    pub module: Path,
    pub ident: Ident,
    /// The resource that it is for.
    resource: Option<String>,
    pub functions: Vec<HostFn>,
}

impl HostTrait {
    /// Returns the path of a function.
    fn path(&self, function: &Ident) -> String {
        let resource = self.resource.iter().cloned();
        let words = self.module.iter().cloned().chain(resource);
        words.chain([function.to_string()]).collect::<Vec<_>>().join("::")
    }
}

/// A function that the host gives.
#[derive(Clone)]
pub(super) struct HostFn {
    pub ident: Ident,
    /// The lines of its documentation.
    docs: Vec<String>,
    params: Vec<(Ident, Ty)>,
    result: Ty,
    /// Whether it returns a `Result` of Wasmtime around its result.
    is_fallible: bool,
    is_async: bool,
}

/// Reads the traits of a version, whose wrapper is `ty`.
///
/// # Errors
///
/// Fails with [`ComponentError::Unconvertible`] if functions reach the store.
pub(super) fn traits(
    items: &[Item],
    ty: &Ident,
    version: &str,
) -> Result<Vec<HostTrait>, ComponentError> {
    let mut found = Vec::new();
    collect(items, &mut Vec::new(), version, &mut found)?;
    // The name of a wrapper may begin as those of resources' traits do.
    let of_world = format!("{ty}Imports");
    for item in found.iter_mut().filter(|own| own.module.is_empty() && own.ident == of_world) {
        item.resource = None;
    }
    Ok(found)
}

fn collect(
    items: &[Item],
    module: &mut Path,
    version: &str,
    found: &mut Vec<HostTrait>,
) -> Result<(), ComponentError> {
    for item in items {
        match item {
            // The module of the exports is at the root; an imported interface may have the same name.
            Item::Mod(own) if own.ident != "exports" || !module.is_empty() => {
                module.push(own.ident.to_string());
                if let Some((_, items)) = &own.content {
                    collect(items, module, version, found)?;
                }
                let _ = module.pop();
            }
            Item::Trait(own) => {
                let functions: Vec<HostFn> = functions(own, module).collect();
                // Traits that reach the store have its data as their parameter; a resource may have such a name.
                if own.generics.params.is_empty() {
                    let (module, ident) = (module.clone(), own.ident.clone());
                    let resource = resource(&ident);
                    found.push(HostTrait { module, ident, resource, functions });
                } else if !functions.is_empty() {
                    let what = "an import that reaches the store or runs beside other calls";
                    return Err(ComponentError::Unconvertible { what, version: version.into() });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn functions<'a>(item: &'a ItemTrait, module: &'a [String]) -> impl Iterator<Item = HostFn> + 'a {
    item.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) => Some(host_fn(function, module)),
        _ => None,
    })
}

fn host_fn(function: &TraitItemFn, module: &[String]) -> HostFn {
    let params = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pat) => Some((pat.ident.clone(), ty(&input.ty, module))),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    let params = params.collect();
    let mut is_async = function.sig.asyncness.is_some();
    let output = match &function.sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(match future(ty) {
            Some(output) => {
                is_async = true;
                output
            }
            None => &**ty,
        }),
    };
    let fallible = output.and_then(in_result);
    let result = match fallible.or(output) {
        Some(result) => ty(result, module),
        None => Ty::Tuple(Vec::new()),
    };
    let docs = function.attrs.iter().filter_map(doc).map(|line| line.trim().to_owned()).collect();
    let (ident, is_fallible) = (function.sig.ident.clone(), fallible.is_some());
    HostFn { ident, docs, params, result, is_fallible, is_async }
}

/// Returns `T` of `impl Future<Output = T>`.
fn future(ty: &Type) -> Option<&Type> {
    let Type::ImplTrait(own) = ty else { return None };
    own.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments
        else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(own) if own.ident == "Output" => Some(&own.ty),
            _ => None,
        })
    })
}

/// Returns `T` of Wasmtime's `Result<T>`.
fn in_result(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    let first = types.next()?;
    types.next().is_none().then_some(first)
}

/// A function of the next version, with its trait.
type Target<'t> = (&'t HostTrait, &'t HostFn);

/// Finds the function of the next version that serves one: in the same trait of the same module, else the only one of
/// that name in traits of the same kind, if it has moved: a function that was there before is another one.
fn counterpart<'t>(
    own: &HostTrait,
    function: &HostFn,
    version: &[HostTrait],
    traits: &'t [HostTrait],
) -> Option<Target<'t>> {
    let is_of = |other: &HostTrait| other.resource == own.resource;
    let named = |other: &'t HostTrait| {
        let found = other.functions.iter().find(|found| found.ident == function.ident)?;
        Some((other, found))
    };
    let same = traits.iter().find(|other| other.module == own.module && other.ident == own.ident);
    if let Some(found) = same.and_then(named) {
        return Some(found);
    }
    let mut all = traits.iter().filter(|other| is_of(other)).filter_map(named);
    let (found, target) = all.next()?;
    let was_there = version.iter().any(|other| {
        let is_it = other.module == found.module && other.ident == found.ident;
        is_it && other.functions.iter().any(|other| other.ident == target.ident)
    });
    (all.next().is_none() && !was_there).then_some((found, target))
}

/// Returns the resource that a trait of this name is for.
fn resource(ident: &Ident) -> Option<String> {
    let name = ident.to_string();
    name.strip_prefix("Host").filter(|name| !name.is_empty()).map(Into::into)
}

/// Writes the implementations for a version, with those of the next.
pub(super) fn serve(step: &mut Step<'_>, own: &[HostTrait], next: &[HostTrait]) -> Vec<HostImpl> {
    let mut all = Vec::new();
    for item in own {
        let functions: Vec<TokenStream> = item
            .functions
            .iter()
            .map(|function| {
                let target = counterpart(item, function, own, next);
                serve_fn(step, item, function, target)
            })
            .collect();
        let (path, ident) = (idents(&item.module), &item.ident);
        all.push(HostImpl { path: quote!(#(#path::)* #ident), functions });
    }
    all
}

/// An implementation of a trait of the older version.
pub(super) struct HostImpl {
    path: TokenStream,
    functions: Vec<TokenStream>,
}

impl HostImpl {
    /// Writes it for all types with these bounds.
    pub fn write(&self, bounds: &TokenStream) -> TokenStream {
        let Self { path, functions } = self;
        quote! {
            impl<_T: #bounds> #path for _T {
                #(#functions)*
            }
        }
    }
}

fn serve_fn(
    step: &mut Step<'_>,
    item: &HostTrait,
    function: &HostFn,
    target: Option<Target<'_>>,
) -> TokenStream {
    let (model, old) = (step.conversions.model, step.conversions.old);
    let HostFn { ident, params, result, is_async, .. } = function;
    let names: Vec<&Ident> = params.iter().map(|(name, _)| name).collect();
    let types = params.iter().map(|(_, ty)| model.rust(old, old, ty));
    let result_type = model.rust(old, old, result);
    let asyncness = is_async.then(|| quote!(async));
    let body = match derived(step, item, function, target) {
        Some(body) => body,
        None => {
            let written = write_method(step, item, function, target);
            let wait = is_async.then(|| quote!(.await));
            let conversions = model.conversions(old);
            quote!(<_T as #conversions>::#written(self, #(#names),*) #wait)
        }
    };
    let types: Vec<TokenStream> = types.collect();
    quote! {
        #asyncness fn #ident(&mut self, #(#names: #types),*) -> __rt::Result<#result_type> {
            #body
        }
    }
}

/// Writes the call of the next version's function, if all types can be converted.
fn derived(
    step: &mut Step<'_>,
    item: &HostTrait,
    function: &HostFn,
    target: Option<Target<'_>>,
) -> Option<TokenStream> {
    let (model, old) = (step.conversions.model, step.conversions.old);
    let (target, found) = target?;
    if found.is_async && !function.is_async {
        return None;
    }
    let from = Params { version: old, params: &function.params };
    let pairs = pair(model, from, Params { version: old + 1, params: &found.params })?;
    let by = quote!(_T);
    let (args, result) = step.conversions.attempt(|conversions| {
        let mut args = Vec::new();
        for (source, (_, to)) in pairs.sources.iter().zip(&found.params) {
            args.push(match source {
                Some(source) => {
                    let (name, from) = &function.params[*source];
                    conversions.find(Direction::Up, from, to)?.write(&quote!(#name), &by)
                }
                None => quote!(::core::option::Option::None),
            });
        }
        let result = conversions.find(Direction::Down, &found.result, &function.result)?;
        Some((args, result))
    })?;
    step.note(&item.path(&function.ident), &pairs, Direction::Up);
    let path = idents(&target.module);
    let unused = pairs.unused(&function.params);
    let (module, trait_ident, ident) = (model.module(old, old + 1), &target.ident, &found.ident);
    let wait = found.is_async.then(|| quote!(.await));
    let call = quote!(<_T as #module #(#path::)* #trait_ident>::#ident(self, #(#args),*) #wait);
    Some(match (found.is_fallible, result.is_same()) {
        (true, true) => quote!(#unused #call),
        (false, true) => quote!(#unused Ok(#call)),
        (is_fallible, false) => {
            let question = is_fallible.then(|| quote!(?));
            let converted = result.write(&quote!(result), &by);
            quote! {
                #unused
                let result = #call #question;
                Ok(#converted)
            }
        }
    })
}

/// Adds the method that the program writes in the place of a function.
fn write_method(
    step: &mut Step<'_>,
    item: &HostTrait,
    function: &HostFn,
    target: Option<Target<'_>>,
) -> Ident {
    let (model, old) = (step.conversions.model, step.conversions.old);
    let HostFn { ident, docs, params, result, is_async, .. } = function;
    let scope = item.resource.as_ref().map(|resource| resource.to_snake_case());
    let scope = scope.or_else(|| item.module.last().cloned());
    let name = match scope {
        Some(scope) => format!("{scope}_{}", ident.to_string().trim_start_matches("r#")),
        None => ident.to_string(),
    };
    let name = step.conversions.free(&name);
    let names: Vec<Ident> = params.iter().map(|(name, _)| name.clone()).collect();
    let types: Vec<TokenStream> = params.iter().map(|(_, ty)| model.rust(old, old, ty)).collect();
    let result = model.rust(old, old, result);
    let signature = docs.last().cloned().unwrap_or_else(|| format!("`{ident}`"));
    let (own, later) = (step.name(old), step.name(old + 1));
    let why = match target {
        Some(_) => format!("which has another signature in {later}"),
        None => format!("which {later} lacks"),
    };
    step.methods.push(Method {
        docs: format!("Serves a function of {own} {why}: {signature}"),
        ident: name.clone(),
        receiver: true,
        params: names.into_iter().zip(types).collect(),
        result,
        is_async: *is_async,
    });
    name
}

fn idents(module: &Path) -> Vec<Ident> {
    module.iter().map(|ident| format_ident!("{ident}")).collect()
}

/// Removes the implementations for references, which those for all types include.
pub(super) fn remove_forwards(items: &mut Vec<Item>) {
    items.retain(|item| match item {
        Item::Impl(own) => own.trait_.is_none() || !matches!(&*own.self_ty, Type::Reference(_)),
        _ => true,
    });
    for item in items {
        if let Item::Mod(own) = item
            && let Some((_, items)) = &mut own.content
        {
            remove_forwards(items);
        }
    }
}

/// Returns the bounds of data that serves a version: its own `Host` traits.
pub(super) fn bounds(model: &Model, at: usize, version: usize) -> TokenStream {
    let module = model.module(at, version);
    let hosts = &model.versions[version].surface.hosts;
    quote!(#(#module #hosts +)*)
}
