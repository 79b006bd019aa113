//! The guest's side: functions of a version that can be called on guests of older versions too.

use super::convert::{Conversion, Direction, by};
use super::defs::{Ty, ty};
use super::model::{Model, owned};
use super::params::{Pairs, Params, pair};
use super::step::{Method, Step};
use crate::codegen::component::ComponentError;
use crate::codegen::component::session::{self, Guest, Surface, Waits};
use crate::codegen::docs::{code, outer};
use crate::names::unversioned;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// An exported function of a version.
#[derive(Clone)]
pub(super) struct Export {
    /// The interface without its version, empty for the world.
    interface: String,
    /// The name in WIT, after that of its resource.
    name: String,
    /// The generated function that calls it on any guest.
    pub ident: Ident,
    /// The wrapper's methods that lead to it.
    interface_accessor: Option<Ident>,
    resource_accessor: Option<Ident>,
    call: Ident,
    params: Vec<(Ident, Ty)>,
    result: Ty,
    /// Whether guests of this very version may lack the interface, or the function.
    is_interface_optional: bool,
    is_optional: bool,
    is_async: bool,
}

impl Export {
    /// Returns whether guests of this very version may lack the function.
    pub fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// Returns whether it is a method of a wrapper.
    pub fn is_of(
        &self,
        guest: Option<&Guest>,
        resource: Option<&Ident>,
        method: &session::Method,
    ) -> bool {
        self.interface_accessor.as_ref() == guest.map(|guest| &guest.accessor)
            && self.resource_accessor.as_ref() == resource
            && self.call == method.call
    }

    /// Returns the whole name in WIT, without the version.
    pub fn path(&self) -> String {
        match self.interface.as_str() {
            "" => self.name.clone(),
            interface => format!("{interface}#{}", self.name),
        }
    }
}

/// Lists the exported functions of a version.
///
/// # Errors
///
/// Fails with [`ComponentError::Unconvertible`] if one runs beside other calls.
pub(super) fn exports(
    surface: &Surface,
    optional: &BTreeSet<String>,
    version: &str,
) -> Result<Vec<Export>, ComponentError> {
    let (mut found, mut taken) = (Vec::new(), BTreeSet::new());
    let mut add = |guest: Option<&Guest>, resource: Option<&Ident>, method: &session::Method| {
        if method.waits == Waits::Concurrently {
            let what = "an export that runs beside other calls";
            return Err(ComponentError::Unconvertible { what, version: version.into() });
        }
        let module: Vec<String> =
            guest.iter().flat_map(|guest| &guest.module).map(ToString::to_string).collect();
        let params = method.params.iter().map(|(name, own)| (name.clone(), ty(own, &module)));
        let result = syn::parse2(method.result.clone())?;
        // Words of an interface and a function may join to the name of another function.
        let mut name = name(guest, resource, method);
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        let is_optional = guest.is_none() && optional.contains(&method.name);
        let result = match ty(&result, &module) {
            Ty::Option(inner) if is_optional => *inner,
            result => result,
        };
        found.push(Export {
            interface: guest.map(|guest| unversioned(&guest.name).to_owned()).unwrap_or_default(),
            name: method.name.clone(),
            ident: format_ident!("{name}"),
            interface_accessor: guest.map(|guest| guest.accessor.clone()),
            resource_accessor: resource.cloned(),
            call: method.call.clone(),
            params: params.collect(),
            result,
            is_interface_optional: guest.is_some_and(|guest| guest.is_optional),
            is_optional,
            is_async: method.waits == Waits::Alone,
        });
        Ok(())
    };
    for method in &surface.methods {
        add(None, None, method)?;
    }
    for guest in &surface.guests {
        for method in &guest.methods {
            add(Some(guest), None, method)?;
        }
        for resource in &guest.resources {
            for method in &resource.methods {
                add(Some(guest), Some(&resource.accessor), method)?;
            }
        }
    }
    Ok(found)
}

/// Returns a name for the function that calls an export on any guest.
fn name(guest: Option<&Guest>, resource: Option<&Ident>, method: &session::Method) -> String {
    let call = method.call.to_string();
    let call = call.strip_prefix("call_").unwrap_or(&call);
    let scope = guest.map(|guest| format!("{}_", guest.accessor)).unwrap_or_default();
    let resource = resource.map(|resource| format!("{resource}_")).unwrap_or_default();
    format!("call_{scope}{resource}{call}").replace("r#", "")
}

/// Finds the function of an older version: that of the same interface, else the only one of its name, if it has
/// moved: a function that is still in its interface is another one.
fn counterpart<'e>(own: &Export, version: &[Export], exports: &'e [Export]) -> Option<&'e Export> {
    let mut named = exports.iter().filter(|other| other.name == own.name);
    if let Some(same) = named.clone().find(|other| other.interface == own.interface) {
        return Some(same);
    }
    let found = named.next()?;
    let is_still_there =
        version.iter().any(|own| own.name == found.name && own.interface == found.interface);
    (named.next().is_none() && !is_still_there).then_some(found)
}

/// Returns whether guests of a version or of an older one may lack a function.
pub(super) fn may_lack(all: &[Vec<Export>], version: usize, own: &Export) -> bool {
    if own.is_optional || own.is_interface_optional {
        return true;
    }
    let Some(older) = version.checked_sub(1) else { return false };
    match counterpart(own, &all[version], &all[older]) {
        Some(found) => may_lack(all, older, found),
        None => true,
    }
}

/// The bounds of data that has the conversions of all versions before one; `up` leads to the root of the version `at`.
pub(super) fn bounds(
    model: &Model,
    up: &TokenStream,
    (at, version): (usize, usize),
    has_trait: &[bool],
) -> TokenStream {
    let written = (0..version).filter(|older| has_trait[*older]);
    let traits = written.map(|older| {
        let (module, conversions) = (model.module(at, older), model.conversions(older));
        quote!(#up #module #conversions +)
    });
    traits.collect()
}

/// The conversions of a call.
struct Call {
    /// The source and conversion of each parameter of the function that is called; none for a value that callers lack.
    args: Vec<Option<(usize, Conversion)>>,
    result: Conversion,
    pairs: Pairs,
    /// Whether all values are passed as they are.
    is_direct: bool,
}

/// Returns the conversions with which an export calls that of the older version; none if the program must write the
/// call.
fn conversions(step: &mut Step<'_>, own: &Export, older: &Export) -> Option<Call> {
    let (model, old) = (step.conversions.model, step.conversions.old);
    if own.is_async != older.is_async {
        return None;
    }
    let from = Params { version: old + 1, params: &own.params };
    let pairs = pair(model, from, Params { version: old, params: &older.params })?;
    step.conversions.attempt(|conversions| {
        let (mut args, mut is_direct) = (Vec::new(), true);
        for (index, (source, (_, to))) in pairs.sources.iter().zip(&older.params).enumerate() {
            let Some(source) = *source else {
                is_direct = false;
                args.push(None);
                continue;
            };
            let from = &own.params[source].1;
            let conversion = conversions.find(Direction::Down, &owned(from), &owned(to))?;
            // A value that is converted is a new one: it is a copy of what is lent, and its references are to it.
            let is_cloned = matches!(from, Ty::Ref(_) | Ty::Slice(_));
            let is_same = conversion.is_same() && is_written_alike(from, to);
            is_direct &= is_same && source == index;
            let is_convertible = is_same
                || (!is_cloned || model.versions[old + 1].defs.is_clone(&owned(from)))
                    && match to {
                        Ty::Ref(inner) => **inner != Ty::Plain("str".into()),
                        Ty::Slice(_) => true,
                        other => owned(other) == *other,
                    };
            if !is_convertible {
                return None;
            }
            args.push(Some((source, conversion)));
        }
        let result = conversions.find(Direction::Up, &older.result, &own.result)?;
        is_direct &= result.is_same() && own.params.len() == older.params.len();
        Some(Call { args, result, pairs, is_direct })
    })
}

/// Returns whether both types are lent, or both are given.
fn is_written_alike(one: &Ty, other: &Ty) -> bool {
    let is_lent = |ty: &Ty| owned(ty) != *ty;
    is_lent(one) == is_lent(other)
}

/// Writes the functions at the root of the older version that call it with the types of the next.
pub(super) fn serve(step: &mut Step<'_>, all: &[Vec<Export>]) -> Served {
    let old = step.conversions.old;
    let mut served = Served::default();
    for own in &all[old + 1] {
        let Some(older) = counterpart(own, &all[old + 1], &all[old]) else {
            step.lacking.push(own.path());
            continue;
        };
        let _ = served.needed.insert(older.ident.to_string());
        let may_lack = may_lack(all, old, older);
        let body = match conversions(step, own, older) {
            Some(call) => {
                step.note(&own.path(), &call.pairs, Direction::Down);
                if call.is_direct {
                    let _ = served.direct.insert(own.ident.to_string());
                    continue;
                }
                derived(own, older, &call, may_lack)
            }
            None => {
                let written = write_method(step, own, may_lack);
                let names = own.params.iter().map(|(name, _)| name);
                let wait = own.is_async.then(|| quote!(.await));
                let (by, conversions) = (by(), step.conversions.model.conversions(old));
                quote!(<#by as #conversions>::#written(plugin, store, #(#names),*) #wait)
            }
        };
        let ident = format_ident!("__serve_{}", own.ident);
        served.functions.push((ident, own.clone(), may_lack, body));
    }
    served
}

/// The functions that call an older version with the types of the next.
#[derive(Default)]
pub(super) struct Served {
    functions: Vec<(Ident, Export, bool, TokenStream)>,
    /// The functions of the older version that are called.
    pub needed: BTreeSet<String>,
    /// The functions of the newer version whose types are those of the older.
    pub direct: BTreeSet<String>,
}

impl Served {
    /// Writes the functions.
    pub fn write(
        &self,
        model: &Model,
        old: usize,
        bounds: &TokenStream,
        ty: &Ident,
    ) -> TokenStream {
        let functions = self.functions.iter().map(|(ident, own, may_lack, body)| {
            let head = head(model, old, old + 1, own, *may_lack, bounds, ty);
            let asyncness = own.is_async.then(|| quote!(async));
            quote!(pub(super) #asyncness fn #ident #head { #body })
        });
        quote!(#(#functions)*)
    }
}

/// Writes generics, parameters and result of a function that calls an export on any guest.
fn head(
    model: &Model,
    at: usize,
    of: usize,
    own: &Export,
    may_lack: bool,
    bounds: &TokenStream,
    ty: &Ident,
) -> TokenStream {
    let names = own.params.iter().map(|(name, _)| name);
    let types = own.params.iter().map(|(_, ty)| model.rust(at, of, ty));
    let result = result(model.rust(at, of, &own.result), may_lack);
    let (store, by) = (store(own.is_async), by());
    quote! {
        <#by: #bounds>(
            plugin: &super::#ty,
            store: #store,
            #(#names: #types),*
        ) -> __rt::Result<#result>
    }
}

fn store(is_async: bool) -> TokenStream {
    match is_async {
        true => quote!(impl __rt::AsContextMut<Data: Send> + Send),
        false => quote!(impl __rt::AsContextMut),
    }
}

fn result(result: TokenStream, may_lack: bool) -> TokenStream {
    if may_lack { quote!(::core::option::Option<#result>) } else { result }
}

fn derived(own: &Export, older: &Export, call: &Call, may_lack: bool) -> TokenStream {
    let (by, result) = (by(), &call.result);
    let (mut lets, mut names) = (call.pairs.unused(&own.params), Vec::new());
    for (arg, (_, to)) in call.args.iter().zip(&older.params) {
        let Some((source, arg)) = arg else {
            names.push(quote!(::core::option::Option::None));
            continue;
        };
        let (name, from) = &own.params[*source];
        if arg.is_same() && is_written_alike(from, to) {
            names.push(quote!(#name));
            continue;
        }
        let value = match from {
            Ty::Ref(_) => quote!(::core::clone::Clone::clone(#name)),
            Ty::Slice(_) => quote!(#name.to_vec()),
            _ => quote!(#name),
        };
        let value = arg.write(&value, &by);
        lets.extend(quote!(let #name = #value;));
        names.push(match to {
            Ty::Ref(_) | Ty::Slice(_) => quote!(&#name),
            _ => quote!(#name),
        });
    }
    let ident = &older.ident;
    let wait = own.is_async.then(|| quote!(.await));
    let call = quote!(#ident::<#by>(plugin, store, #(#names),*) #wait);
    if result.is_same() {
        return quote!(#lets #call);
    }
    if may_lack {
        let converted = result.write(&quote!(result), &by);
        return quote! {
            #lets
            match #call? {
                ::core::option::Option::Some(result) => Ok(::core::option::Option::Some(#converted)),
                ::core::option::Option::None => Ok(::core::option::Option::None),
            }
        };
    }
    let converted = result.write(&quote!(result), &by);
    quote! {
        #lets
        let result = #call?;
        Ok(#converted)
    }
}

/// Adds the method that the program writes to call an older guest.
fn write_method(step: &mut Step<'_>, own: &Export, may_lack: bool) -> Ident {
    let (model, old) = (step.conversions.model, step.conversions.old);
    let ident = step.conversions.free(&own.ident.to_string());
    let ty = &model.versions[old].prepared.ty;
    let mut params = vec![
        (format_ident!("plugin"), quote!(&super::#ty)),
        (format_ident!("store"), store(own.is_async)),
    ];
    let own_params =
        own.params.iter().map(|(name, ty)| (name.clone(), model.rust(old, old + 1, ty)));
    params.extend(own_params);
    let (older, newer) = (step.name(old), step.name(old + 1));
    step.methods.push(Method {
        docs: format!(
            "Calls {} of {newer} on a guest of {older} or older, where it has another signature: the functions \
             `call_…` of this module call it.",
            code(own.path())
        ),
        ident: ident.clone(),
        receiver: false,
        params,
        result: result(model.rust(old, old + 1, &own.result), may_lack),
        is_async: own.is_async,
    });
    ident
}

/// Writes the functions at the root of a version that call its exports on guests of it and of older versions.
pub(super) fn functions(
    model: &Model,
    version: usize,
    all: &[Vec<Export>],
    (needed, direct): (Option<&BTreeSet<String>>, &BTreeSet<String>),
    bounds: &TokenStream,
    ty: &Ident,
) -> TokenStream {
    let is_needed =
        |own: &&Export| needed.is_none_or(|needed| needed.contains(&own.ident.to_string()));
    let functions = all[version].iter().filter(is_needed).map(|own| {
        let may_lack = may_lack(all, version, own);
        let head = head(model, version, version, own, may_lack, bounds, ty);
        let (ident, asyncness) = (&own.ident, own.is_async.then(|| quote!(async)));
        let arms = arms(model, version, all, own, direct, ty);
        let doc = outer(&format!(
            "Calls {} on a guest of {} or of an older version.",
            code(own.path()),
            code(&model.versions[version].version.name)
        ));
        quote! {
            #doc
            pub #asyncness fn #ident #head {
                match plugin {
                    #arms
                }
            }
        }
    });
    quote!(#(#functions)*)
}

fn arms(
    model: &Model,
    version: usize,
    all: &[Vec<Export>],
    own: &Export,
    direct: &BTreeSet<String>,
    ty: &Ident,
) -> TokenStream {
    let may_lack = may_lack(all, version, own);
    let variant = format_ident!("{}", model.versions[version].version.variant);
    let names: Vec<&Ident> = own.params.iter().map(|(name, _)| name).collect();
    let wait = own.is_async.then(|| quote!(.await));
    let resource = own.resource_accessor.iter();
    let call = &own.call;
    let call = quote!(#(.#resource())*.#call(store, #(#names),*) #wait);
    let some = quote!(.map(::core::option::Option::Some));
    let called = match &own.interface_accessor {
        Some(accessor) if own.is_interface_optional => quote! {
            match guest.#accessor() {
                ::core::option::Option::Some(guest) => guest #call #some,
                ::core::option::Option::None => Ok(::core::option::Option::None),
            }
        },
        accessor => {
            let accessor = accessor.iter();
            let is_wrapped = may_lack && !own.is_optional;
            let some = is_wrapped.then_some(some);
            quote!(guest #(.#accessor())* #call #some)
        }
    };
    let own_arm = quote!(super::#ty::#variant(guest) => #called,);
    let Some(older) = version.checked_sub(1) else {
        let newer = (model.versions.len() > 1).then(|| quote!(_ => Err(__rt::newer()),));
        return quote!(#own_arm #newer);
    };
    let older_arm = match counterpart(own, &all[version], &all[older]) {
        None => quote!(Ok(::core::option::Option::None)),
        Some(found) => {
            let is_direct = direct.contains(&own.ident.to_string());
            let serve = match is_direct {
                true => found.ident.clone(),
                false => format_ident!("__serve_{}", own.ident),
            };
            let module = model.module(version, older);
            let by = by();
            let call = quote!(#module #serve::<#by>(plugin, store, #(#names),*) #wait);
            match may_lack && !self::may_lack(all, older, found) {
                true => quote!(#call.map(::core::option::Option::Some)),
                false => call,
            }
        }
    };
    let is_newest = version + 1 == model.versions.len();
    let older_variants =
        model.versions[..version].iter().map(|own| format_ident!("{}", own.version.variant));
    match is_newest {
        true => quote!(#own_arm _ => #older_arm,),
        false => quote! {
            #own_arm
            #(super::#ty::#older_variants(_))|* => #older_arm,
            _ => Err(__rt::newer()),
        },
    }
}
