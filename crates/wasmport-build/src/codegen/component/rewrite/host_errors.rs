//! The pass over host functions that can fail: their errors name the import.

use super::Context;
use super::docs::interface;
use super::tree::{self, Hits};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprMethodCall, Item, ItemMod, Lit, parse_quote};

/// Gives the name of the import to each conversion of a host function's result.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn host_errors(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    let mut names = Names { interface: String::new(), function: String::new(), hits: 0 };
    items.iter_mut().for_each(|item| names.visit_item_mut(item));
    Ok(names.hits)
}

struct Names {
    /// The interface with a `#`, or nothing for the imports of the world.
    interface: String,
    /// The function whose definition is visited.
    function: String,
    hits: usize,
}

impl VisitMut for Names {
    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        let own = interface(module).map_or_else(String::new, |name| format!("{name}#"));
        let outer = std::mem::replace(&mut self.interface, own);
        visit_mut::visit_item_mod_mut(self, module);
        self.interface = outer;
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        let outer = self.function.clone();
        if let Some(name) = defined(call) {
            self.function = name;
        }
        visit_mut::visit_expr_method_call_mut(self, call);
        self.function = outer;
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if tree::called(expr).is_some_and(|ident| ident == "to_wasmtime_result")
            && let Expr::Call(call) = expr
        {
            let name = format!("{}{}", self.interface, self.function);
            call.func = parse_quote!(__rt::host_result);
            call.args.insert(0, parse_quote!(#name));
            self.hits += 1;
        }
    }
}

/// Returns the name of the function that a call defines in a linker, as signatures have it.
fn defined(call: &ExprMethodCall) -> Option<String> {
    let Some(Expr::Lit(literal)) = call.args.first() else { return None };
    let Lit::Str(name) = &literal.lit else { return None };
    let name = name.value();
    let method = call.method.to_string();
    if method.starts_with("resource") {
        return Some(format!("{name}.drop"));
    }
    let name = match name.strip_prefix("[constructor]") {
        Some(resource) => format!("{resource}.constructor"),
        None => name.split_once(']').map_or(name.clone(), |(_, own)| own.to_owned()),
    };
    method.starts_with("func_").then_some(name)
}
