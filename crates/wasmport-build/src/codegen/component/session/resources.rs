//! The resources that the host gives, for components that are looked at without it.

use crate::codegen::component::rewrite::interface;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Item, ItemFn, Path, PathArguments};

/// Writes the function that defines the resources of the interfaces in `items`; nothing if there are
/// none.
pub(in super::super) fn define(items: &mut [Item]) -> Option<TokenStream> {
    let mut definitions = Vec::new();
    collect(items, &mut Vec::new(), &mut definitions);
    (!definitions.is_empty()).then(|| {
        quote! {
            /// Defines the types of the resources that the host gives, without functions.
            fn __define_resources<T: 'static>(linker: &mut __rt::Linker<T>) -> __rt::Result<()> {
                #(#definitions)*
                Ok(())
            }
        }
    })
}

fn collect(items: &mut [Item], path: &mut Vec<Ident>, definitions: &mut Vec<TokenStream>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        path.push(module.ident.clone());
        let name = interface(module);
        if let Some((_, own)) = &mut module.content {
            if let Some(name) = name {
                let mut found = Resources::default();
                own.iter().filter_map(linker).for_each(|function| found.visit_item_fn(function));
                for (resource, ty) in found.0 {
                    definitions.push(quote! {
                        linker.instance(#name)?.resource(
                            #resource,
                            __rt::ResourceType::host::<#(#path::)*#ty>(),
                            |_, _| Ok(()),
                        )?;
                    });
                }
            }
            collect(own, path, definitions);
        }
        let _ = path.pop();
    }
}

/// Returns the function that defines the items of an interface.
fn linker(item: &Item) -> Option<&ItemFn> {
    match item {
        Item::Fn(function) if function.sig.ident == "add_to_linker_instance" => Some(function),
        _ => None,
    }
}

/// The names of resources, and their types as paths in their module.
#[derive(Default)]
struct Resources(Vec<(Expr, Path)>);

impl<'ast> Visit<'ast> for Resources {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let mut args = call.args.iter();
        if call.method == "resource"
            && let (Some(name), Some(Expr::Call(ty))) = (args.next(), args.next())
            && let Some(ty) = host_type(&ty.func)
        {
            self.0.push((name.clone(), ty));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Returns `Document` of `ResourceType::host::<Document>`.
fn host_type(func: &Expr) -> Option<Path> {
    let Expr::Path(path) = func else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(syn::Type::Path(ty)) => Some(ty.path.clone()),
        _ => None,
    }
}
