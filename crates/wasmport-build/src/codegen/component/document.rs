//! Documentation for every public item of a wrapper: what WIT says, or what it is for.

use super::super::docs::code;
use super::tidy::doc;
use super::wit_docs::WitDocs;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprMethodCall, Ident, ImplItemFn, Item, ItemFn, ItemMod, ItemStruct,
    ItemTrait, Lit, LitStr, ReturnType, TraitItemFn, Visibility, parse_quote,
};

/// Documents `items` throughout.
pub(super) fn document(items: &mut [Item], docs: &WitDocs) {
    let mut document = Document { docs };
    items.iter_mut().for_each(|item| document.visit_item_mut(item));
}

/// The name of the interface that a module is made of, as the component has it.
pub(super) fn interface(module: &mut ItemMod) -> Option<String> {
    let (_, items) = module.content.as_mut()?;
    let mut found = InstanceName(None);
    for item in items.iter_mut().filter(|item| !matches!(item, Item::Mod(_))) {
        found.visit_item_mut(item);
    }
    found.0
}

struct InstanceName(Option<String>);

impl VisitMut for InstanceName {
    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        let method = call.method.to_string();
        if ["instance", "get_export_index"].contains(&method.as_str())
            && let Some(Expr::Lit(literal)) = call.args.last()
            && let Lit::Str(name) = &literal.lit
        {
            let _ = self.0.get_or_insert_with(|| name.value());
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }
}

struct Document<'a> {
    docs: &'a WitDocs,
}

impl Document<'_> {
    /// Documentation for an item that has none.
    fn item(&self, attributes: &mut Vec<Attribute>, visibility: &Visibility, text: &str) {
        if matches!(visibility, Visibility::Public(_))
            && !attributes.iter().any(|a| doc(a).is_some())
        {
            let _ = attributes.splice(0..0, lines(&[text.into()])).count();
        }
    }
}

impl VisitMut for Document<'_> {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let marked = attributes
            .iter()
            .position(|a| doc(a).is_some_and(|mark| self.docs.entry(&mark).is_some()));
        let Some(at) = marked else { return };
        let mark = attributes.remove(at);
        if let Some(entry) = doc(&mark).and_then(|mark| self.docs.entry(&mark)) {
            let _ = attributes.splice(at..at, lines(&entry.lines)).count();
        }
    }

    /// What the generator put into literals.
    fn visit_lit_str_mut(&mut self, literal: &mut LitStr) {
        if let Some(entry) = self.docs.entry(&literal.value()) {
            *literal = LitStr::new(&entry.text, literal.span());
        }
    }

    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        let name = interface(module);
        let known = name.as_deref().map(|name| self.docs.interface(name)).unwrap_or_default();
        let text = match &name {
            Some(name) => format!("The interface {}.", code(name)),
            None if module.ident == "exports" => "What the component exports.".into(),
            None => format!("What is in {}.", code(&module.ident)),
        };
        if known.is_empty() {
            self.item(&mut module.attrs, &module.vis, &text);
        } else {
            let _ = module.attrs.splice(0..0, lines(known)).count();
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_trait_mut(&mut self, item: &mut ItemTrait) {
        let name = item.ident.to_string();
        let text = match name.strip_suffix("WithStore") {
            Some(base) => {
                format!("The functions beside [`{base}`] that reach the store.")
            }
            None => match name.strip_prefix("Host") {
                None | Some("") => "What the program gives to the component.".into(),
                Some(resource) => format!("What the program does for the resource [`{resource}`]."),
            },
        };
        self.item(&mut item.attrs, &item.vis, &text);
        visit_mut::visit_item_trait_mut(self, item);
    }

    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        let name = item.ident.to_string();
        let text = match name.strip_prefix("Guest") {
            Some("") => "The functions of the exported interface, in an instance.".into(),
            Some("Indices") => {
                "Where the functions of the exported interface are in the component.".into()
            }
            _ => "The functions of an exported resource.".to_string(),
        };
        self.item(&mut item.attrs, &item.vis, &text);
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let text = function_text(&function.sig.ident, &function.sig.output);
        self.item(&mut function.attrs, &function.vis, &text);
        visit_mut::visit_item_fn_mut(self, function);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        let text = function_text(&function.sig.ident, &function.sig.output);
        self.item(&mut function.attrs, &function.vis, &text);
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    fn visit_trait_item_fn_mut(&mut self, function: &mut TraitItemFn) {
        let text = match function.sig.ident.to_string().as_str() {
            "drop" => "Called when the guest is done with the resource.",
            _ => "Makes what the guest gets of the program's error, or ends the guest's call.",
        };
        self.item(&mut function.attrs, &parse_quote!(pub), text);
        visit_mut::visit_trait_item_fn_mut(self, function);
    }
}

fn function_text(ident: &Ident, output: &ReturnType) -> String {
    let name = ident.to_string();
    let text = match name.as_str() {
        "add_to_linker" => {
            "Defines the imports in `linker`; `host_getter` finds in the store's data what gives them."
        }
        "add_to_linker_imports" => "Defines what the component imports outside of interfaces.",
        "add_to_linker_instance" => "As `add_to_linker`, in one instance of a linker.",
        "engine" => "The engine it is for.",
        "instance_pre" => "Wasmtime's linked component.",
        "load" => "The functions in `instance`.",
        "message" => "What the WIT says about the case.",
        "name" => "The case's name.",
        _ => match (name.strip_prefix("func_"), output) {
            (Some(name), _) => return format!("Wasmtime's typed function below `call_{name}`."),
            (None, ReturnType::Type(_, ty)) if matches!(**ty, syn::Type::Reference(_)) => {
                "The functions of the exported interface."
            }
            (None, _) => "The functions of the exported resource.",
        },
    };
    text.into()
}

/// Doc attributes.
pub(super) fn lines(lines: &[String]) -> Vec<Attribute> {
    let padded =
        lines.iter().map(|line| if line.is_empty() { line.clone() } else { format!(" {line}") });
    padded.map(|line| parse_quote!(#[doc = #line])).collect()
}
