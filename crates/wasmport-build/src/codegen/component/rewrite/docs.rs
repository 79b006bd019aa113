//! The pass that documents every public item that WIT does not document.

use super::Context;
use super::tree::{Hits, doc, path_of, type_ident};
use crate::codegen::docs::code;
use proc_macro2::Ident;
use std::collections::BTreeMap;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprCall, ExprMethodCall, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl,
    ItemMod, ItemStruct, ItemTrait, Lit, ReturnType, TraitItem, Type, Visibility, parse_quote,
};

/// Documents the public items among `items`, and in modules below.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn documented_items(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let mut interfaces = BTreeMap::new();
    collect_interfaces(items, &mut Vec::new(), &mut interfaces);
    let mut document = Document { context, interfaces, impl_of: None, hits: 0 };
    items.iter_mut().for_each(|item| document.visit_item_mut(item));
    Ok(document.hits)
}

/// Returns the name of the interface that a module is made of, as the component has it.
pub(in super::super) fn interface(module: &mut ItemMod) -> Option<String> {
    let (_, items) = module.content.as_mut()?;
    let mut found = InstanceName(None);
    for item in items.iter_mut().filter(|item| !matches!(item, Item::Mod(_))) {
        found.visit_item_mut(item);
    }
    found.0
}

/// Finds the first name that code looks up as an instance.
struct InstanceName(Option<String>);

impl InstanceName {
    fn found(&mut self, argument: Option<&Expr>) {
        if let Some(Expr::Lit(literal)) = argument
            && let Lit::Str(name) = &literal.lit
        {
            let _ = self.0.get_or_insert_with(|| name.value());
        }
    }
}

impl VisitMut for InstanceName {
    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        if call.method == "instance" {
            self.found(call.args.last());
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        let path = path_of(&call.func).and_then(|path| path.segments.last());
        if path.is_some_and(|last| last.ident == "exported_interface") {
            self.found(call.args.last());
        }
        visit_mut::visit_expr_call_mut(self, call);
    }
}

/// Collects the names of interfaces by the paths of their modules.
fn collect_interfaces(
    items: &mut [Item],
    path: &mut Vec<String>,
    interfaces: &mut BTreeMap<Vec<String>, String>,
) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        path.push(module.ident.to_string());
        if let Some(name) = interface(module) {
            let _ = interfaces.insert(path.clone(), name);
        }
        if let Some((_, items)) = &mut module.content {
            collect_interfaces(items, path, interfaces);
        }
        let _ = path.pop();
    }
}

struct Document<'a> {
    context: &'a Context<'a>,
    /// By the path of the module.
    interfaces: BTreeMap<Vec<String>, String>,
    /// The type of the `impl` block around.
    impl_of: Option<Ident>,
    hits: usize,
}

impl Document<'_> {
    /// Documents an item unless it has documentation; the wrapper's type has the world's first.
    fn document(&mut self, attributes: &mut Vec<Attribute>, visibility: &Visibility, text: &str) {
        let is_documented = attributes.iter().any(|attribute| doc(attribute).is_some());
        if matches!(visibility, Visibility::Public(_)) && !is_documented {
            let text: Vec<String> = text.lines().map(str::to_string).collect();
            let _ = attributes.splice(0..0, lines(&text)).count();
            self.hits += 1;
        }
    }

    fn struct_text(&self, name: &str) -> String {
        let ty = self.context.ty.to_string();
        match name.strip_prefix(&ty) {
            Some("") => {
                let world = self.context.docs.world.join("\n");
                let own = format!(
                    "The exports of an instance, called with the store that it lives in; \
                     [`{ty}Session`] owns both."
                );
                return if world.is_empty() { own } else { format!("{world}\n\n{own}") };
            }
            Some("Pre") => {
                return format!("A [`{ty}`] that is linked once and instantiated often.");
            }
            Some("Indices") => {
                return format!("The places of the exports in the component, for [`{ty}Pre`].");
            }
            _ => {}
        }
        match name.strip_prefix("Guest") {
            Some("") => "The functions of the interface, in an instance.".into(),
            Some("Indices") => "The places of the functions in the component.".into(),
            _ => "The functions of the resource, in an instance.".into(),
        }
    }

    fn method_text(&self, name: &str, output: &ReturnType) -> String {
        let ty = &self.context.ty;
        let of_indices =
            self.impl_of.as_ref().is_some_and(|own| own.to_string().ends_with("Indices"));
        let of_pre = self.impl_of.as_ref().is_some_and(|own| *own == format!("{ty}Pre"));
        match name {
            "new" if of_indices || of_pre => {
                "Looks up the exports. Fails if one is missing or has another type.".into()
            }
            "new" => "Wraps an instance of the component in `store`.".into(),
            "load" => "Returns the exports of `instance`.".into(),
            "instantiate" if of_pre => "Instantiates the component in `store`.".into(),
            "instantiate" => "Links and instantiates the component in `store`.".into(),
            "instantiate_async" => "The async version of [`Self::instantiate`].".into(),
            "engine" => "Returns the engine of the component.".into(),
            "instance_pre" => "Returns Wasmtime's linked component.".into(),
            "message" => "Returns the documentation of the case.".into(),
            "name" => "Returns the name of the case.".into(),
            _ => match linker_text(name) {
                Some(text) => text.into(),
                None => self.accessor_text(name, output),
            },
        }
    }

    /// Documents a method that returns functions: one, those of an interface, or those of a resource.
    fn accessor_text(&self, name: &str, output: &ReturnType) -> String {
        let ReturnType::Type(_, output) = output else { return String::new() };
        if let Type::Reference(reference) = &**output
            && let Type::Path(path) = &*reference.elem
        {
            let mut module: Vec<String> =
                path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let _ = module.pop();
            let interface = self.interfaces.get(&module).map(code).unwrap_or_default();
            return format!("Returns the functions of the exported interface {interface}.");
        }
        match name.strip_prefix("func_") {
            Some(own) if type_ident(output).is_some_and(|ty| ty == "TypedFunc") => {
                format!("Returns Wasmtime's typed function for `call_{own}`.")
            }
            _ => "Returns the functions of the exported resource.".into(),
        }
    }
}

impl VisitMut for Document<'_> {
    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        if module.ident.to_string().starts_with("__") {
            return;
        }
        let name = interface(module);
        let known =
            name.as_deref().map(|name| self.context.docs.interface(name)).unwrap_or_default();
        let text = match &name {
            _ if !known.is_empty() => known.join("\n"),
            Some(name) => format!("The interface {}.", code(name)),
            None if module.ident == "exports" => "The exported interfaces.".into(),
            None => format!("The interfaces in {}.", code(&module.ident)),
        };
        self.document(&mut module.attrs, &module.vis, &text);
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_trait_mut(&mut self, item: &mut ItemTrait) {
        let name = item.ident.to_string();
        let imports = format!("{}Imports", self.context.ty);
        let text = match name.strip_suffix("WithStore") {
            Some(base) => format!("The functions of [`{base}`] that reach the store."),
            None if name == imports => {
                "The imported functions outside of interfaces, which the program implements.".into()
            }
            None => match name.strip_prefix("Host") {
                None | Some("") => {
                    "The functions of the interface, which the program implements.".into()
                }
                Some(resource) => {
                    format!("The functions of [`{resource}`], which the program implements.")
                }
            },
        };
        self.document(&mut item.attrs, &item.vis, &text);
        for item in &mut item.items {
            let TraitItem::Fn(function) = item else { continue };
            let text = match function.sig.ident.to_string().as_str() {
                "drop" => "Called when the guest drops the resource.",
                _ => "Converts the program's error into the guest's, or ends the guest's call.",
            };
            self.document(&mut function.attrs, &parse_quote!(pub), text);
        }
    }

    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        let text = self.struct_text(&item.ident.to_string());
        self.document(&mut item.attrs, &item.vis, &text);
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let text = linker_text(&function.sig.ident.to_string()).unwrap_or_default();
        self.document(&mut function.attrs, &function.vis, text);
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        self.impl_of = type_ident(&item.self_ty).cloned();
        for item in &mut item.items {
            let ImplItem::Fn(ImplItemFn { sig, attrs, vis, .. }) = item else { continue };
            let text = self.method_text(&sig.ident.to_string(), &sig.output);
            self.document(attrs, vis, &text);
        }
    }
}

fn linker_text(name: &str) -> Option<&'static str> {
    Some(match name {
        "add_to_linker" => {
            "Defines the imports in `linker`; `host_getter` borrows their implementation from the \
             store's data."
        }
        "add_to_linker_imports" => "Defines the imports outside of interfaces.",
        "add_to_linker_instance" => "Defines the functions in one instance of a linker.",
        _ => return None,
    })
}

/// Makes doc attributes of lines.
pub(in super::super) fn lines(lines: &[String]) -> Vec<Attribute> {
    let padded =
        lines.iter().map(|line| if line.is_empty() { line.clone() } else { format!(" {line}") });
    padded.map(|line| parse_quote!(#[doc = #line])).collect()
}
