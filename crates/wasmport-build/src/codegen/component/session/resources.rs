//! The resources that the host gives, for components that are looked at without it.

use crate::codegen::component::error::ComponentError;
use crate::codegen::component::prepare::WasiResource;
use crate::codegen::component::rewrite::interface;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Item, Path, PathArguments};

/// Writes the function that returns the types of the host's resources, those of WASI included; none if there are no
/// resources.
///
/// # Errors
///
/// Fails if the path of a type is not valid.
pub(in super::super) fn list(
    items: &mut [Item],
    wasi: &[WasiResource],
) -> Result<Option<TokenStream>, ComponentError> {
    let mut resources = Vec::new();
    for WasiResource { interface, name, ty } in wasi {
        let ty: Path = syn::parse_str(ty)?;
        resources.push(entry(interface, name, &ty));
    }
    let world = items.iter().filter(|item| !matches!(item, Item::Mod(_)));
    resources.extend(Resources::of(world).entries("", &[]));
    collect(items, &mut Vec::new(), &mut resources);
    Ok((!resources.is_empty()).then(|| {
        quote! {
            /// Returns the types of the resources that the host gives, by interface and name.
            fn __host_resources() -> __rt::HostResources {
                [#(#resources),*].into()
            }
        }
    }))
}

fn entry(interface: &str, name: &impl ToTokens, ty: &impl ToTokens) -> TokenStream {
    quote!((#interface, #name, __rt::ResourceType::host::<#ty>()))
}

/// Adds the resources of all interfaces.
fn collect(items: &mut [Item], path: &mut Vec<Ident>, resources: &mut Vec<TokenStream>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        path.push(module.ident.clone());
        let name = interface(module);
        if let Some((_, own)) = &mut module.content {
            if let Some(name) = name {
                resources.extend(Resources::of(own.iter().filter(is_linker)).entries(&name, path));
            }
            collect(own, path, resources);
        }
        let _ = path.pop();
    }
}

/// Returns whether an item is the function that defines the items of an interface.
fn is_linker(item: &&Item) -> bool {
    matches!(item, Item::Fn(function) if function.sig.ident == "add_to_linker_instance")
}

/// The methods of linkers that define a resource.
const DEFINITIONS: [&str; 3] = ["resource", "resource_async", "resource_concurrent"];

/// The names of resources, and their types as paths in their module.
#[derive(Default)]
struct Resources(Vec<(Expr, Path)>);

impl Resources {
    fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Self {
        let mut found = Self::default();
        items.into_iter().for_each(|item| found.visit_item(item));
        found
    }

    /// Writes an entry for each, with the path of the module.
    fn entries(&self, interface: &str, path: &[Ident]) -> Vec<TokenStream> {
        let entries = self.0.iter();
        entries.map(|(name, ty)| entry(interface, name, &quote!(#(#path::)*#ty))).collect()
    }
}

impl<'ast> Visit<'ast> for Resources {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let mut args = call.args.iter();
        if DEFINITIONS.iter().any(|method| call.method == method)
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

#[cfg(test)]
mod tests {
    use crate::codegen::component::tests::{chosen, has, text, wrapper};

    #[test]
    fn resources_of_interfaces_and_of_the_world_are_listed() {
        let wit = "
            package demo:app@0.1.0;
            interface store { resource blob { read: func() -> u8; } }
            interface shop { use store.{blob}; sell: func() -> blob; }
            world app {
                import shop;
                resource ticket { price: func() -> u32; }
                export use-up: func(ticket: borrow<ticket>);
            }
        ";
        for asynchronous in [false, true] {
            let choices = chosen(|c| {
                c.is_interface = true;
                c.asynchronous = asynchronous;
            });
            let text = text(wrapper(wit, &choices).unwrap());
            for entry in [
                r#"("", "ticket", __rt::ResourceType::host::<Ticket>())"#,
                r#"("demo:app/store@0.1.0", "blob", __rt::ResourceType::host::<demo::app::store::Blob>())"#,
            ] {
                assert!(has(&text, entry), "{entry}: {text}");
            }
            assert!(!has(&text, r#"("demo:app/shop@0.1.0", "blob""#), "{text}");
        }
    }
}
