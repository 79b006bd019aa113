//! Generates the part of the program that uses everything in a wrapper, from the wrapper's source.

use proc_macro2::{Delimiter, TokenTree};
use quote::{format_ident, quote};
use syn::{
    Attribute, Expr, ExprLit, File, FnArg, Ident, ImplItem, ImplItemFn, Item, ItemImpl, ItemMod,
    Lit, Meta, MetaNameValue, Signature, TraitItem, Type,
};

/// Generates the `calls` module of the program, with a module for each wrapper.
pub fn tree(names: &[&str]) -> String {
    let modules: String = names.iter().map(|name| format!("mod {name};\n")).collect();
    let calls: String =
        names.iter().map(|name| format!("    ({name:?}, {name}::call),\n")).collect();
    format!("{modules}\npub const ALL: &[(&str, fn(&mut crate::Run))] = &[\n{calls}];\n")
}

/// Generates the program's module for the wrapper of `asset`, whose methods are `exports`.
///
/// # Errors
///
/// Fails if the wrapper lacks one of the methods.
pub fn calls(asset: &str, source: &str, exports: &[&str]) -> crate::Result<String> {
    let wrapper = format_ident!("{asset}");
    let file = syn::parse_file(source)?;
    let ty = &wrapper_type(&file).ok_or("the wrapper has no wrapper type")?;
    let methods = || inherent(&file, ty);

    let hosts = file.items.iter().filter_map(host).map(|(module, functions)| {
        let functions = functions.iter().map(|signature| {
            quote!(#signature { Err(::wasmport::wasmtime::Trap::UnreachableCodeReached.into()) })
        });
        quote! {
            impl<T: 'static> #wrapper::#module::Host<T> for crate::Imports {
                #(#functions)*
            }
        }
    });
    let functions = methods().find(|method| method.sig.ident == "add_to_linker").map(|method| {
        // Functions with types of the module's own need the module.
        let module = args(&method.sig).any(|ty| matches!(ty, Type::Reference(ty) if name(&ty.elem).is_some_and(|name| name == "LoadedModule")));
        let module = module.then(|| quote!(module,));
        quote!(#wrapper::#ty::add_to_linker(linker, #module |data: &mut crate::Data| &mut data.imports)?;)
    });
    let imports = format_ident!("{ty}Imports");
    let values = has_struct(&file, &imports).then(|| {
        quote! {
            if has_zeros {
                #wrapper::#imports::fresh(&mut *store, module)?.add_to_linker(linker, store)?;
            }
        }
    });
    let wrapped = exports.iter().map(|export| {
        let method = methods().find(|method| method.sig.ident == *export);
        method.ok_or_else(|| format!("the wrapper has no method `{export}`"))
    });
    let wrapped: Vec<&ImplItemFn> = wrapped.collect::<Result<_, _>>()?;
    let setters = methods().filter(|method| is_setter(&method.attrs));
    let uses = wrapped.into_iter().chain(setters).map(|method| {
        let ident = &method.sig.ident;
        let name = ident.to_string();
        let args: Vec<&Type> = args(&method.sig).collect();
        if args.iter().all(|ty| has_zero(ty)) {
            let zeros = args.iter().map(|_| quote!(crate::Zero::zero()));
            quote! {
                let result = wrapper.#ident(run.store(), #(#zeros),*);
                run.check(#name, result);
            }
        } else {
            // An argument of another type has no value here: the call is only compiled.
            let args: Vec<_> = (0..args.len()).map(|i| format_ident!("arg{i}")).collect();
            quote! {
                let _ = |run: &mut crate::Run, #(#args),*| wrapper.#ident(run.store(), #(#args),*);
            }
        }
    });
    let tokens = quote! {
        #![allow(non_snake_case, unused_variables, unused_mut)]
        #[allow(unused_imports, reason = "wrappers without imports have no host functions")]
        use ::wasmport::support as __rt;
        use wasmport_wrappers::assets::#wrapper;

        #(#hosts)*

        pub fn call(run: &mut crate::Run) {
            run.link(&#wrapper::ASSET, |linker, store, module, has_zeros| {
                #functions
                #values
                Ok(())
            });
            let Some(instance) = run.instantiate(&#wrapper::ASSET) else { return };
            let wrapper = #wrapper::#ty::new(instance);
            #(#uses)*
        }
    };
    Ok(prettyplease::unparse(&syn::parse2(tokens)?))
}

/// Returns the type that the macro `wrapper!` is called for: `wrapper: pub Foo { … }`.
fn wrapper_type(file: &File) -> Option<Ident> {
    let calls = file.items.iter().filter_map(|item| match item {
        Item::Macro(call) => Some(&call.mac),
        _ => None,
    });
    let mut calls =
        calls.filter(|call| call.path.segments.last().is_some_and(|n| n.ident == "wrapper"));
    let mut last = None;
    for token in calls.next()?.tokens.clone() {
        match token {
            TokenTree::Ident(ident) => last = Some(ident),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return last,
            _ => {}
        }
    }
    None
}

/// Returns the last segment of a type's path.
fn name(ty: &Type) -> Option<&Ident> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|last| &last.ident)
}

fn impls(file: &File) -> impl Iterator<Item = &ItemImpl> {
    file.items.iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    })
}

/// Returns the inherent methods of a type.
fn inherent<'a>(file: &'a File, ty: &'a Ident) -> impl Iterator<Item = &'a ImplItemFn> {
    let own = impls(file)
        .filter(move |item| item.trait_.is_none() && name(&item.self_ty).is_some_and(|n| n == ty));
    own.flat_map(|item| &item.items).filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    })
}

fn has_struct(file: &File, name: &Ident) -> bool {
    file.items.iter().any(|item| matches!(item, Item::Struct(item) if item.ident == *name))
}

/// Returns the name of a module with a `Host` trait, and the trait's functions.
fn host(item: &Item) -> Option<(&Ident, Vec<&Signature>)> {
    let Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) = item else { return None };
    items.iter().find_map(|item| match item {
        Item::Trait(item) if item.ident == "Host" => {
            let functions = item.items.iter().filter_map(|item| match item {
                TraitItem::Fn(function) => Some(&function.sig),
                _ => None,
            });
            Some((ident, functions.collect()))
        }
        _ => None,
    })
}

/// Whether a method sets a global: the manifest does not list setters.
fn is_setter(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::NameValue(MetaNameValue {
            value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }),
            ..
        }) => text.value().starts_with(" Sets the global "),
        _ => false,
    })
}

/// Returns the types of the arguments after `self` and the store.
fn args(signature: &Signature) -> impl Iterator<Item = &Type> {
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&*input.ty),
        _ => None,
    });
    typed.skip(1)
}

/// Whether the type implements the program's trait `Zero`.
fn has_zero(ty: &Type) -> bool {
    name(ty).is_some_and(|name| {
        matches!(&*name.to_string(), "i32" | "i64" | "f32" | "f64" | "V128" | "Option")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAPPER: &str = r#"
        impl Ab {
            pub fn new(instance: Instance) -> Self {}
            pub fn add(&self, store: impl Store, a: i32, b: ::core::option::Option<Func>) {}
            /// Sets the global `"g"`.
            pub fn set_g(&self, store: impl Store, value: i64) {}
            pub fn sub(&self, store: impl Store, a: Func) {}
        }
        __rt::wrapper! { wrapper: pub Ab { exports0 }, pre: AbPre(InstancePre) }
        pub mod env { pub trait Host<T> { fn tick(host: Access<'_, T, Self>) -> Result<()>; } }
    "#;

    #[test]
    fn every_export_is_used_and_every_host_implemented() {
        let text = calls("ab", WRAPPER, &["add", "sub"]).unwrap();
        assert!(
            text.contains("wrapper.add(run.store(), crate::Zero::zero(), crate::Zero::zero())")
        );
        assert!(text.contains("|run: &mut crate::Run, arg0| wrapper.sub(run.store(), arg0)"));
        assert!(text.contains("ab::env::Host<T> for crate::Imports"));
        assert!(text.contains("fn tick("));
        assert!(text.contains("wrapper.set_g(run.store(), crate::Zero::zero())"));
        assert!(!text.contains("wrapper.new"));
        assert!(calls("ab", WRAPPER, &["mul"]).is_err());
    }
}
