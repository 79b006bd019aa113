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
        let defined = match call.args.first() {
            Some(Expr::Lit(literal)) if call.method.to_string().starts_with("func_wrap") => {
                match &literal.lit {
                    Lit::Str(name) => Some(name.value()),
                    _ => None,
                }
            }
            _ => None,
        };
        match defined {
            Some(name) => {
                let outer = std::mem::replace(&mut self.function, name);
                visit_mut::visit_expr_method_call_mut(self, call);
                self.function = outer;
            }
            None => visit_mut::visit_expr_method_call_mut(self, call),
        }
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
