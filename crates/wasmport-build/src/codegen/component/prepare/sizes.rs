//! Sizes at which generated Rust would not compile: Wasmtime and the standard library have traits for tuples
//! up to some length.

use super::aliases::Aliases;
use crate::codegen::docs::code;
use heck::ToUpperCamelCase as _;
use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

/// The largest tuple that Wasmtime has types for, and the largest number of parameters.
const LARGEST_TUPLE: usize = 17;

/// The largest tuple that implements `Debug`.
const LARGEST_DEBUG: usize = 12;

/// The largest number of types in one that has no name and is written out where it is used. Types double
/// with each tuple of two equal ones: a file of 600 bytes would have a wrapper of 1.7 MB.
const LARGEST_WRITTEN: u64 = 4096;

/// The largest variant. rustc's time grows with the square of the number of cases, because Wasmtime's derives write
/// closures for each.
const LARGEST_VARIANT: usize = 300;

/// Removes the functions that no Rust type fits, and the types that only they could use. Returns a warning for
/// each function.
pub(super) fn remove_untypable(resolve: &mut Resolve, world: WorldId) -> Vec<String> {
    let mut untypable = Untypable::default();
    let types: Vec<TypeId> = resolve.types.iter().map(|(id, _)| id).collect();
    let types: BTreeSet<TypeId> =
        types.into_iter().filter(|id| untypable.ty(resolve, Type::Id(*id)).is_some()).collect();
    let mut warnings = Vec::new();
    let mut items = resolve.worlds[world].clone();
    for (items, verb) in [(&mut items.imports, "imports"), (&mut items.exports, "exports")] {
        items.retain(|key, item| match item {
            WorldItem::Function(function) => {
                let reason = untypable.function(resolve, function);
                warnings.extend(reason.iter().map(|reason| warning(&function.name, verb, reason)));
                reason.is_none()
            }
            WorldItem::Type { id, .. } => !types.contains(id),
            WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                for function in resolve.interfaces[*id].functions.values() {
                    if let Some(reason) = untypable.function(resolve, function) {
                        let name = format!("{interface}.{}", function.name);
                        warnings.push(warning(&name, verb, &reason));
                    }
                }
                true
            }
        });
    }
    resolve.worlds[world] = items;
    // A type belongs to its world or interface only while that has it.
    for id in &types {
        resolve.types[*id].owner = TypeOwner::None;
    }
    let interfaces: Vec<_> = resolve.interfaces.iter().map(|(id, _)| id).collect();
    for id in interfaces {
        let mut interface = resolve.interfaces[id].clone();
        interface.functions.retain(|_, function| untypable.function(resolve, function).is_none());
        interface.types.retain(|_, id| !types.contains(id));
        resolve.interfaces[id] = interface;
    }
    warnings
}

fn warning(name: &str, verb: &str, reason: &str) -> String {
    let way = match verb {
        "imports" => "define it with `func_new` in the linker of `SessionPre::with_linker`",
        _ => "call it through the instance of `Session::of`",
    };
    format!("the wrapper leaves out {}, which the component {verb}: {reason}; {way}", code(name))
}

/// The reasons why types are none in Rust.
#[derive(Default)]
struct Untypable {
    reasons: BTreeMap<TypeId, Option<String>>,
    /// The number of types that are written out for each.
    written: BTreeMap<TypeId, u64>,
    /// Whether each is or has an error context.
    error_contexts: BTreeMap<TypeId, bool>,
}

impl Untypable {
    fn function(&mut self, resolve: &Resolve, function: &Function) -> Option<String> {
        let count = function.params.len();
        if count > LARGEST_TUPLE {
            return Some(format!(
                "it has {count} parameters, and Wasmtime has types for {LARGEST_TUPLE}"
            ));
        }
        function.parameter_and_result_types().find_map(|ty| self.ty(resolve, ty))
    }

    fn ty(&mut self, resolve: &Resolve, ty: Type) -> Option<String> {
        let Type::Id(id) = ty else { return None };
        if let Some(known) = self.reasons.get(&id) {
            return known.clone();
        }
        let written = self.written_out(resolve, id);
        let reason = match &resolve.types[id].kind {
            TypeDefKind::Tuple(tuple) if tuple.types.len() > LARGEST_TUPLE => {
                let count = tuple.types.len();
                Some(format!(
                    "a tuple has {count} parts, and Wasmtime has types for {LARGEST_TUPLE}"
                ))
            }
            TypeDefKind::Variant(variant) if variant.cases.len() > LARGEST_VARIANT => {
                let count = variant.cases.len();
                Some(format!(
                    "a variant has {count} cases, and rustc takes long for more than {LARGEST_VARIANT}"
                ))
            }
            _ if written > LARGEST_WRITTEN => Some(format!(
                "a type without a name has {written} parts, and wrappers write out {LARGEST_WRITTEN}"
            )),
            // The generator derives `Clone` for both.
            kind @ (TypeDefKind::Record(_) | TypeDefKind::Variant(_))
                if parts(kind).into_iter().any(|ty| self.has_error_context(resolve, ty)) =>
            {
                Some(
                    "a record or variant has an `error-context`, which Wasmtime has no copies of"
                        .into(),
                )
            }
            kind => parts(kind).into_iter().find_map(|ty| self.ty(resolve, ty)),
        };
        let _ = self.reasons.insert(id, reason.clone());
        reason
    }

    /// Returns whether a type is an error context, or has one outside of records and variants of its own.
    fn has_error_context(&mut self, resolve: &Resolve, ty: Type) -> bool {
        let id = match ty {
            Type::ErrorContext => return true,
            Type::Id(id) => id,
            _ => return false,
        };
        if let Some(known) = self.error_contexts.get(&id) {
            return *known;
        }
        let mut parts = inner(&resolve.types[id].kind).into_iter();
        let has = parts.any(|ty| self.has_error_context(resolve, ty));
        let _ = self.error_contexts.insert(id, has);
        has
    }

    /// Returns the number of types that a use of `ty` writes.
    fn written(&mut self, resolve: &Resolve, ty: Type) -> u64 {
        match ty {
            Type::Id(id) if resolve.types[id].name.is_none() => self.written_out(resolve, id),
            _ => 1,
        }
    }

    /// Returns the number of types that are written out for one, whether it has a name or not.
    fn written_out(&mut self, resolve: &Resolve, id: TypeId) -> u64 {
        if let Some(known) = self.written.get(&id) {
            return *known;
        }
        let types = inner(&resolve.types[id].kind).into_iter();
        let written = types.map(|ty| self.written(resolve, ty)).fold(1, u64::saturating_add);
        let _ = self.written.insert(id, written);
        written
    }
}

/// Returns the types that a type is made of; resources are none.
pub(super) fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        kind => inner(kind),
    }
}

/// Returns the types that a type without a name of its own in Rust is made of.
fn inner(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Record(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}

/// Lists the fields and cases whose types do not implement `Debug`: each with the name of its own type in Rust;
/// fields have their names in WIT, and cases those in Rust.
pub(super) fn without_debug(resolve: &Resolve, aliases: &Aliases) -> BTreeSet<(String, String)> {
    let camel = |name: &str| aliases.ident(&name.to_upper_camel_case());
    let mut known = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (_, ty) in resolve.types.iter() {
        let parts: Vec<(String, Type)> = match &ty.kind {
            TypeDefKind::Record(own) => {
                let name = |name: &str| aliases.own_name(name);
                own.fields.iter().map(|field| (name(&field.name), field.ty)).collect()
            }
            TypeDefKind::Variant(own) => {
                let cases = own.cases.iter();
                cases.filter_map(|case| Some((camel(&case.name), case.ty?))).collect()
            }
            _ => continue,
        };
        let Some(name) = &ty.name else { continue };
        for (part, ty) in parts {
            if has_long_tuple(resolve, ty, &mut known) {
                let _ = found.insert((camel(name), part));
            }
        }
    }
    found
}

fn has_long_tuple(resolve: &Resolve, ty: Type, known: &mut BTreeMap<TypeId, bool>) -> bool {
    let Type::Id(id) = ty else { return false };
    if let Some(known) = known.get(&id) {
        return *known;
    }
    let kind = &resolve.types[id].kind;
    let is_long = matches!(kind, TypeDefKind::Tuple(tuple) if tuple.types.len() > LARGEST_DEBUG);
    let has = is_long || inner(kind).into_iter().any(|ty| has_long_tuple(resolve, ty, known));
    let _ = known.insert(id, has);
    has
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::prepare::Choices;
    use crate::codegen::component::tests::{has, plain, text, wrapper};

    #[test]
    fn functions_that_no_rust_type_fits_are_left_out_with_a_warning() {
        let numbers = |count: usize| vec!["u8"; count].join(", ");
        let params: Vec<String> = (0..18).map(|number| format!("p{number}: u8")).collect();
        let wit = format!(
            "package a:b;
             interface i {{
                 type wide = tuple<{}>;
                 record row {{ key: tuple<{}>, wide: option<wide> }}
                 record found {{ key: tuple<{}>, name: string }}
                 variant any {{ key(tuple<{}>), name(string), none }}
                 get: func(found: found) -> any;
                 put: func(row: row);
                 sum: func({}) -> u32;
             }}
             world app {{ import i; export i; export sum: func({}); }}",
            numbers(18),
            numbers(13),
            numbers(13),
            numbers(17),
            params.join(", "),
            params.join(", ")
        );
        let bindings = wrapper(&wit, &Choices::default()).unwrap();
        let import = "define it with `func_new` in the linker of `SessionPre::with_linker`";
        let export = "call it through the instance of `Session::of`";
        let tuple = "a tuple has 18 parts, and Wasmtime has types for 17";
        let many = "it has 18 parameters, and Wasmtime has types for 17";
        let out = "the wrapper leaves out";
        assert_eq!(
            bindings.warnings,
            [
                format!("{out} `a:b/i.put`, which the component imports: {tuple}; {import}"),
                format!("{out} `a:b/i.sum`, which the component imports: {many}; {import}"),
                format!("{out} `sum`, which the component exports: {many}; {export}"),
                format!("{out} `a:b/i.put`, which the component exports: {tuple}; {export}"),
                format!("{out} `a:b/i.sum`, which the component exports: {many}; {export}"),
            ]
        );
        let text = text(bindings);
        for absent in ["fn sum", "fn call_sum", "Row", "Wide"] {
            assert!(!has(&text, absent), "{absent}: {text}");
        }
        for expected in [
            "f.debug_struct(\"Found\").field(\"name\", &self.name).finish_non_exhaustive()",
            "Any::Key(..) => f.write_str(\"Any::Key(..)\"),",
            "Any::Name(e) =>",
        ] {
            assert!(has(&text, expected), "{expected}: {text}");
        }
    }

    #[test]
    fn enums_have_the_size_that_their_cases_need() {
        for (count, repr) in [(255, "u8"), (256, "u8"), (257, "u16"), (10_000, "u16")] {
            let cases: Vec<String> = (0..count).map(|case| format!("c{case}")).collect();
            let text = plain(&format!(
                "package a:b; interface i {{ enum e {{ {} }} f: func(e: e); }} world app {{ import i; }}",
                cases.join(", ")
            ));
            assert!(has(&text, &format!("#[repr({repr})] pub enum E {{")), "{count}");
        }
    }

    #[test]
    fn variants_have_the_size_that_their_cases_need() {
        // The number of the case is one byte up to 256 cases, then two; the value follows, aligned to 4.
        for (count, value, size, align) in
            [(256, "u8", 2, 1), (257, "u8", 4, 2), (256, "u32", 8, 4), (257, "u32", 8, 4)]
        {
            let cases: Vec<String> = (1..count).map(|case| format!("c{case}")).collect();
            let text = plain(&format!(
                "package a:b; interface i {{ variant v {{ c0({value}), {} }} f: func(v: v); }} world app {{ import i; }}",
                cases.join(", ")
            ));
            let last = format!("#[component(name = \"c{0}\")] C{0},", count - 1);
            assert!(has(&text, &last), "{count}: {text}");
            let check = format!("const _: () = __rt::check_layout::<V>({size}, {align});");
            assert!(has(&text, &check), "{count} {value}: {text}");
        }
    }

    #[test]
    fn functions_with_variants_that_rustc_takes_long_for_are_left_out() {
        let wit = |kind: &str, count: usize| {
            let cases: Vec<String> = (0..count).map(|case| format!("c{case}")).collect();
            format!(
                "package a:b;
                 interface i {{ {kind} code {{ {} }} f: func(at: list<code>); g: func(); }}
                 world app {{ import i; export last: func() -> u32; }}",
                cases.join(", ")
            )
        };
        for (kind, count) in [("variant", 300), ("enum", 301)] {
            let fits = wrapper(&wit(kind, count), &Choices::default()).unwrap();
            assert!(fits.warnings.is_empty(), "{kind}: {:?}", fits.warnings);
        }
        let bindings = wrapper(&wit("variant", 301), &Choices::default()).unwrap();
        assert_eq!(
            bindings.warnings,
            [
                "the wrapper leaves out `a:b/i.f`, which the component imports: a variant has 301 cases, and rustc \
              takes long for more than 300; define it with `func_new` in the linker of `SessionPre::with_linker`"
            ]
        );
        let text = text(bindings);
        assert!(has(&text, "fn g(") && !has(&text, "fn f(") && !has(&text, "enum Code"), "{text}");
    }

    #[test]
    fn functions_with_copies_of_error_contexts_are_left_out() {
        let wit = "package a:b;
             interface i {
                 type context = error-context;
                 record row { why: option<context> }
                 f: func(a: list<row>); g: func(why: error-context) -> option<context>;
             }
             world app { import i; }";
        let bindings = wrapper(wit, &Choices::default()).unwrap();
        assert_eq!(
            bindings.warnings,
            [
                "the wrapper leaves out `a:b/i.f`, which the component imports: a record or variant has an \
              `error-context`, which Wasmtime has no copies of; define it with `func_new` in the linker of \
              `SessionPre::with_linker`"
            ]
        );
        let text = text(bindings);
        assert!(has(&text, "fn g(") && !has(&text, "fn f(") && !has(&text, "Row"), "{text}");
    }

    #[test]
    fn a_function_whose_types_are_too_long_to_write_is_left_out() {
        let pairs = |times: usize| {
            (0..times).fold("u8".to_owned(), |inner, _| format!("tuple<{inner}, {inner}>"))
        };
        let wit = |times: usize| {
            format!(
                "package a:b; interface i {{ f: func(a: list<{}>); g: func(); }} world app {{ import i; }}",
                pairs(times)
            )
        };
        // A tuple of two and its parts, each time: 4,096 types with the list, and 8,192.
        let fits = wrapper(&wit(11), &Choices::default()).unwrap();
        assert!(fits.warnings.is_empty(), "{:?}", fits.warnings);
        let bindings = wrapper(&wit(12), &Choices::default()).unwrap();
        let expected = "the wrapper leaves out `a:b/i.f`, which the component imports: a type without a name has \
                        8192 parts, and wrappers write out 4096; define it with `func_new` in the linker of \
                        `SessionPre::with_linker`";
        assert_eq!(bindings.warnings, [expected]);
        let text = text(bindings);
        assert!(has(&text, "fn g(&mut self)") && !has(&text, "fn f(&mut self"), "{text}");
    }
}
