//! `WrapperApi`: the signatures in the source of a generated wrapper.

use super::nesting::is_shallow;
use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, Signature, TraitItem, Type, Visibility};

/// The stack of the thread that parses a wrapper: enough for the deepest nesting, of which only the used part takes memory.
const STACK: usize = 256 << 20;

/// A function of a `Host` trait.
#[derive(Clone, Debug)]
pub(super) struct HostFunction {
    /// The path of the trait in the wrapper.
    pub path: String,
    pub signature: String,
    /// Whether the program need not implement it.
    pub has_default: bool,
}

/// The signatures of a wrapper: methods of sessions, and host functions.
#[derive(Debug, Default)]
pub(super) struct WrapperApi {
    /// The methods of the session by name, or those of the wrapper.
    methods: BTreeMap<String, String>,
    /// The functions of exported interfaces of a component, by interface and name.
    exports: BTreeMap<(String, String), String>,
    hosts: BTreeMap<(String, String), HostFunction>,
    /// The paths of `Host` traits, by import module or interface.
    traits: BTreeMap<String, String>,
    /// The imports of core modules that the wrapper's linker defines.
    declared: BTreeSet<(String, String)>,
}

impl WrapperApi {
    /// Reads the source of a wrapper, on a thread with a stack of its own.
    ///
    /// # Errors
    ///
    /// Fails if it is no Rust, or is nested too deep for a parser.
    pub fn of(source: &str) -> Result<Self, String> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            // The texts that spans refer to are kept for the thread, and end with it.
            let parsed = thread.spawn_scoped(scope, || Self::parsed(source));
            let parsed = parsed.map_err(|e| format!("no thread can be started: {e}"))?;
            parsed.join().map_err(|_| "the parser panicked".to_owned())?
        })
    }

    fn parsed(source: &str) -> Result<Self, String> {
        let tokens: TokenStream =
            source.parse().map_err(|e: proc_macro2::LexError| e.to_string())?;
        if !is_shallow(tokens.clone()) {
            return Err("it is nested too deep".into());
        }
        let file: syn::File = syn::parse2(tokens).map_err(|e| e.to_string())?;
        let mut api = Self::default();
        let modules = import_modules(&file.items);
        api.read(&file.items, &[], &modules, "");
        Ok(api)
    }

    /// Returns the signature of the session's method.
    pub fn method(&self, method: &str) -> Option<&str> {
        self.methods.get(method).map(String::as_str)
    }

    /// Returns the signature for a function of a component; a method of a resource is found by its own name.
    pub fn export(&self, interface: &str, name: &str) -> Option<&str> {
        self.exports.get(&(interface.to_owned(), own_name(name).to_owned())).map(String::as_str)
    }

    /// Returns the host function for an import.
    pub fn host(&self, of: &str, name: &str) -> Option<&HostFunction> {
        self.hosts.get(&(of.to_owned(), own_name(name).to_owned()))
    }

    /// Returns the path of the `Host` trait for a module or interface.
    pub fn host_trait(&self, of: &str) -> Option<&str> {
        self.traits.get(of).map(String::as_str)
    }

    /// Returns whether the wrapper's linker defines an import of a core module.
    pub fn declares(&self, of: &str, name: &str) -> bool {
        self.declared.contains(&(of.to_owned(), name.to_owned()))
    }

    /// Reads the items of a module. `of` is the interface or the import module that it is for.
    fn read(&mut self, items: &[Item], path: &[String], modules: &Modules, of: &str) {
        for item in items {
            match item {
                Item::Mod(module) => {
                    let inner = [path, &[module.ident.to_string()]].concat();
                    let own = match modules.get(&module.ident.to_string()) {
                        Some(name) if path.is_empty() => name.clone(),
                        _ => interface_name(&module.attrs).unwrap_or_else(|| of.to_owned()),
                    };
                    let items = module.content.as_ref().map(|(_, items)| items.as_slice());
                    self.read(items.unwrap_or_default(), &inner, modules, &own);
                }
                Item::Const(constant) if constant.ident == "IMPORTS" => {
                    if let Some(text) = literal(&constant.expr) {
                        let names = text.lines().filter_map(quoted_start);
                        self.declared.extend(names.map(|name| (of.to_owned(), name)));
                    }
                }
                Item::Trait(item) => self.host_functions(item, path, of),
                Item::Impl(item) if item.trait_.is_none() => self.own_methods(item, path, of),
                _ => {}
            }
        }
    }

    fn host_functions(&mut self, item: &syn::ItemTrait, path: &[String], of: &str) {
        let name = item.ident.to_string();
        let is_host =
            if path.is_empty() { name.contains("Imports") } else { name.starts_with("Host") };
        if !is_host {
            return;
        }
        let full = [path, std::slice::from_ref(&name)].concat().join("::");
        if !name.contains("WithStore") || !self.traits.contains_key(of) {
            let _ = self.traits.insert(of.to_owned(), full.clone());
        }
        for item in &item.items {
            let TraitItem::Fn(function) = item else { continue };
            let Some(import) = documented_name(&function.attrs) else { continue };
            let signature = text_of(&function.sig);
            let has_default = function.default.is_some();
            let host = HostFunction { path: full.clone(), signature, has_default };
            let _ = self.hosts.insert((of.to_owned(), import), host);
        }
    }

    fn own_methods(&mut self, item: &syn::ItemImpl, path: &[String], of: &str) {
        let is_session = type_name(&item.self_ty).is_some_and(|name| name.ends_with("Session"));
        for item in &item.items {
            let ImplItem::Fn(function) = item else { continue };
            if matches!(function.vis, Visibility::Inherited) {
                continue;
            }
            let name = function.sig.ident.to_string();
            if path.is_empty() && (is_session || !self.methods.contains_key(&name)) {
                let _ = self.methods.insert(name, text_of(&function.sig));
            }
            if let Some(export) = documented_name(&function.attrs).filter(|_| is_session) {
                let key = (of.to_owned(), export);
                let _ = self.exports.entry(key).or_insert_with(|| text_of(&function.sig));
            }
        }
    }
}

/// The import modules of a core module, by the Rust module of each.
type Modules = BTreeMap<String, String>;

/// Reads the import modules from `INTERFACE`.
fn import_modules(items: &[Item]) -> Modules {
    let interface = items.iter().find_map(|item| match item {
        Item::Static(item) if item.ident == "INTERFACE" => Some(&*item.expr),
        _ => None,
    });
    let mut modules = Modules::new();
    let mut expr = interface;
    // Options follow the call that creates it.
    while let Some(Expr::MethodCall(call)) = expr {
        expr = Some(&call.receiver);
    }
    let Some(Expr::Call(call)) = expr else { return modules };
    let Some(Expr::Reference(list)) = call.args.get(1) else { return modules };
    let Expr::Array(list) = &*list.expr else { return modules };
    for element in &list.elems {
        let Expr::Tuple(pair) = element else { continue };
        let (Some(name), Some(Expr::Path(path))) = (pair.elems.first(), pair.elems.get(1)) else {
            continue;
        };
        if let (Some(name), Some(module)) = (literal(name), path.path.segments.first()) {
            let _ = modules.insert(module.ident.to_string(), name);
        }
    }
    modules
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the lines of the documentation.
fn docs(attrs: &[Attribute]) -> impl Iterator<Item = String> {
    attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => {
            literal(&meta.value).map(|line| line.trim().to_owned())
        }
        _ => None,
    })
}

/// Returns the interface that a Rust module is for.
fn interface_name(attrs: &[Attribute]) -> Option<String> {
    let line = docs(attrs).next()?;
    let rest = line.strip_prefix("The interface `")?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Returns the import or export that the documentation of a function names.
fn documented_name(attrs: &[Attribute]) -> Option<String> {
    docs(attrs).find_map(|line| {
        if let Some((_, rest)) = line.split_once("the import ") {
            return quoted_start(rest.trim_start_matches('`').trim_start());
        }
        let (name, _) = line.strip_prefix('`')?.split_once(": ")?;
        let rest = line.split_once(": ")?.1;
        (rest.starts_with("func") || rest.starts_with("async func") || rest.starts_with("static"))
            .then(|| name.to_owned())
    })
}

/// Returns the Rust string literal with which a text begins.
fn quoted_start(text: &str) -> Option<String> {
    let rest = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = rest.char_indices().find_map(|(at, c)| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end.then_some(at)
    })?;
    let literal: syn::LitStr = syn::parse_str(&text[..end + 2]).ok()?;
    Some(literal.value())
}

/// Returns the name of a function of a resource, such as `get` of `[method]thing.get`; other names are whole.
fn own_name(name: &str) -> &str {
    match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest.split_once('.').map_or(rest, |(_, own)| own),
        None => name,
    }
}

fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// Writes a signature in one line, with the paths that a user knows.
fn text_of(signature: &Signature) -> String {
    // A signature with an empty body is a function.
    let Ok(file) = syn::parse2::<syn::File>(quote::quote!(#signature {})) else {
        return String::new();
    };
    let text = prettyplease::unparse(&file);
    let text = text.trim().trim_end_matches("{}").trim();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace("__rt::", "").replace("::wasmport::", "wasmport::");
    text.replace("( ", "(").replace(", )", ")").replace(" )", ")").replace(",)", ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_wrappers_have_methods_and_host_functions() {
        let source = r##"
            pub struct FooSession<T>(T);
            impl Foo { pub fn add(&self, store: impl S, a: i32) -> __rt::Result<i32> { x() } }
            impl<T: 'static> FooSession<T> {
                pub fn add(&mut self, a: i32) -> ::wasmport::Result<i32> { x() }
            }
            pub mod env {
                pub trait Host<T: 'static> {
                    /// Implements the import `"l\"og"`: `(func (param i32))`
                    fn log(host: &mut __rt::Access<'_, T, Self>, arg0: i32) -> __rt::Result<()>;
                    /// Implements the import `"later"`: `(func)`
                    fn later(host: &mut __rt::Access<'_, T, Self>) -> __rt::Result<()> { x() }
                }
                pub const IMPORTS: &str = "\"l\\\"og\" (func (param i32))\n\"later\" (func)\n\"memory\" (memory 1)\n";
            }
            pub static INTERFACE: __rt::Interface = __rt::interface("a", &[("my env", env::IMPORTS)], &[], "").with_wasi();
        "##;
        let api = WrapperApi::of(source).unwrap();
        assert_eq!(api.method("add"), Some("fn add(&mut self, a: i32) -> wasmport::Result<i32>"));
        let log = api.host("my env", "l\"og").unwrap();
        assert_eq!(
            (log.path.as_str(), log.signature.as_str(), log.has_default),
            ("env::Host", "fn log(host: &mut Access<'_, T, Self>, arg0: i32) -> Result<()>", false)
        );
        assert!(api.host("my env", "later").unwrap().has_default);
        assert!(api.declares("my env", "memory") && !api.declares("my env", "other"));
        assert!(api.host("env", "later").is_none());
    }

    #[test]
    fn component_wrappers_have_interfaces() {
        let source = r#"
            impl<T> FooSession<T> {
                /// `run: func() -> string`
                pub fn run(&mut self) -> ::wasmport::Result<String> { x() }
            }
            pub trait FooImports {
                /// Beeps.
                ///
                /// `beep: func()`
                fn beep(&mut self);
            }
            pub mod demo { pub mod math {
                /// The interface `demo:math/add@0.1.0`.
                pub mod add {
                    pub trait Host { /// `get: func(a: u32) -> u32`
                        fn get(&mut self, a: u32) -> u32; }
                    impl<T> GuestSession<'_, T> {
                        /// `add: func(a: u32) -> u32`
                        pub fn add(&mut self, a: u32) -> ::wasmport::Result<u32> { x() }
                    }
                }
            } }
        "#;
        let api = WrapperApi::of(source).unwrap();
        assert_eq!(api.export("", "run"), Some("fn run(&mut self) -> wasmport::Result<String>"));
        let add = "fn add(&mut self, a: u32) -> wasmport::Result<u32>";
        assert_eq!(api.export("demo:math/add@0.1.0", "add"), Some(add));
        let get = api.host("demo:math/add@0.1.0", "[method]thing.get").unwrap();
        assert_eq!(get.path, "demo::math::add::Host");
        assert_eq!(api.host("", "beep").unwrap().path, "FooImports");
        assert!(WrapperApi::of("not Rust").is_err());
    }

    #[test]
    fn deep_wrappers_are_refused() {
        let source = |count| {
            let (open, close) = ("(".repeat(count), ")".repeat(count));
            format!("const X: u32 = {open}1{close}; impl A {{ pub fn a(&self) {{}} }}")
        };
        assert_eq!(WrapperApi::of(&source(150)).unwrap().method("a"), Some("fn a(&self)"));
        let error = WrapperApi::of(&source(100_000)).unwrap_err();
        assert_eq!(error, "it is nested too deep");
        // The deepest that is parsed does not overflow the stack.
        for deep in ["!", "Box<", "1 + ", "|| "] {
            let _ = WrapperApi::of(&format!("const X: u32 = {}1;", deep.repeat(1900)));
            let _ = WrapperApi::of(&format!("const X: {}u32 = 1;", deep.repeat(1900)));
        }
    }
}
