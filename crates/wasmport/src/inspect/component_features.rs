//! Features that the types and built-in functions of components need, and whether a component needs an
//! engine with concurrency.

use crate::engine::{RequiredFeatures, WasmFeature as F};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentDefinedType, ComponentExternName,
    ComponentFuncType, ComponentType, ComponentTypeDeclaration, ComponentValType, Encoding,
    InstanceTypeDeclaration, Parser, Payload, PrimitiveValType, Result, ValType,
};

const NONE: RequiredFeatures = RequiredFeatures::NONE;
const ASYNC: RequiredFeatures = NONE.with(F::ComponentModelAsync);
const ERROR_CONTEXT: RequiredFeatures = ASYNC.with(F::ComponentModelErrorContext);

/// Returns the features of a section of a component; none for all other parts of a file.
///
/// # Errors
///
/// Fails if the section is damaged.
pub(super) fn of_section(payload: &Payload<'_>) -> Result<RequiredFeatures> {
    let mut features = NONE;
    match payload {
        Payload::ComponentTypeSection(types) => {
            for ty in types.clone() {
                features = features.union(of_type(&ty?));
            }
        }
        Payload::ComponentImportSection(imports) => {
            for import in imports.clone() {
                features = features.union(of_name(&import?.name));
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports.clone() {
                features = features.union(of_name(&export?.name));
            }
        }
        Payload::ComponentCanonicalSection(functions) => {
            for function in functions.clone() {
                features = features.union(of_function(&function?));
            }
        }
        _ => {}
    }
    Ok(features)
}

/// Returns whether a binary needs an engine with concurrency: a component with async functions,
/// futures, streams or error contexts, or one that imports WASI 0.3. It reads no function bodies.
///
/// # Errors
///
/// Fails if the file is damaged.
pub fn needs_concurrency(wasm: &[u8]) -> Result<bool> {
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Module, range, .. } if range.start == 0 => {
                return Ok(false);
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    if is_preview_3(import?.name.name) {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
        if of_section(&payload)?.need_concurrency() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns whether an import is an interface of WASI 0.3, some functions of which are async.
fn is_preview_3(import: &str) -> bool {
    let versioned = import.strip_prefix("wasi:").and_then(|name| name.split_once('@'));
    versioned.is_some_and(|(_, version)| version.starts_with("0.3.") && !version.contains('-'))
}

fn of_name(name: &ComponentExternName<'_>) -> RequiredFeatures {
    let implements = name.implements.is_some() || name.external_id.is_some();
    if implements { NONE.with(F::ComponentModelImplements) } else { NONE }
}

fn of_type(ty: &ComponentType<'_>) -> RequiredFeatures {
    match ty {
        ComponentType::Defined(ty) => of_defined_type(ty),
        ComponentType::Func(ty) => of_function_type(ty),
        ComponentType::Component(declarations) => {
            all(declarations.iter().map(|declaration| match declaration {
                ComponentTypeDeclaration::Type(ty) => of_type(ty),
                ComponentTypeDeclaration::Export { name, .. } => of_name(name),
                ComponentTypeDeclaration::Import(import) => of_name(&import.name),
                ComponentTypeDeclaration::CoreType(_) | ComponentTypeDeclaration::Alias(_) => NONE,
            }))
        }
        ComponentType::Instance(declarations) => {
            all(declarations.iter().map(|declaration| match declaration {
                InstanceTypeDeclaration::Type(ty) => of_type(ty),
                InstanceTypeDeclaration::Export { name, .. } => of_name(name),
                InstanceTypeDeclaration::CoreType(_) | InstanceTypeDeclaration::Alias(_) => NONE,
            }))
        }
        ComponentType::Resource { rep, .. } => of_core_type(*rep),
    }
}

fn of_function_type(ty: &ComponentFuncType<'_>) -> RequiredFeatures {
    let waits = if ty.async_ { ASYNC } else { NONE };
    let values = ty.params.iter().map(|(_, ty)| ty).chain(&ty.result);
    waits.union(of_values(values))
}

fn of_defined_type(ty: &ComponentDefinedType<'_>) -> RequiredFeatures {
    use ComponentDefinedType as D;
    match ty {
        D::Primitive(ty) => of_values([&ComponentValType::Primitive(*ty)]),
        D::Record(fields) => of_values(fields.iter().map(|(_, ty)| ty)),
        D::Variant(cases) => of_values(cases.iter().filter_map(|case| case.ty.as_ref())),
        D::List(ty) | D::Option(ty) => of_values([ty]),
        D::Map(key, value) => of_values([key, value]).with(F::ComponentModelMap),
        D::FixedLengthList(ty, _) => of_values([ty]).with(F::ComponentModelFixedLengthLists),
        D::Tuple(types) => of_values(types.iter()),
        D::Result { ok, err } => of_values(ok.iter().chain(err)),
        D::Future(ty) | D::Stream(ty) => of_values(ty.iter()).union(ASYNC),
        D::Flags(_) | D::Enum(_) | D::Own(_) | D::Borrow(_) => NONE,
    }
}

fn of_values<'a>(types: impl IntoIterator<Item = &'a ComponentValType>) -> RequiredFeatures {
    let is_error_context =
        |ty| matches!(ty, &ComponentValType::Primitive(PrimitiveValType::ErrorContext));
    if types.into_iter().any(is_error_context) { ERROR_CONTEXT } else { NONE }
}

fn of_core_type(ty: ValType) -> RequiredFeatures {
    if ty == ValType::I64 { NONE.with(F::ComponentModelMemory64) } else { NONE }
}

fn of_function(function: &CanonicalFunction) -> RequiredFeatures {
    use CanonicalFunction as C;
    let more_if = |condition| {
        if condition { ASYNC.with(F::ComponentModelMoreAsyncBuiltins) } else { ASYNC }
    };
    match function {
        C::Lift { options, .. } if is_async(options) => {
            let has_callback =
                options.iter().any(|option| matches!(option, CanonicalOption::Callback(_)));
            if has_callback { ASYNC } else { ASYNC.with(F::ComponentModelAsyncStackful) }
        }
        C::Lower { options, .. } if is_async(options) => ASYNC,
        C::Lift { .. } | C::Lower { .. } => NONE,
        C::ResourceNew { .. } | C::ResourceDrop { .. } | C::ResourceRep { .. } => NONE,
        C::ContextGet { ty, slot } | C::ContextSet { ty, slot } => {
            let threading = ASYNC.with(F::ComponentModelThreading);
            (if *slot > 0 { threading } else { ASYNC }).union(of_core_type(*ty))
        }
        C::SubtaskCancel { async_ }
        | C::StreamCancelRead { async_, .. }
        | C::StreamCancelWrite { async_, .. }
        | C::FutureCancelRead { async_, .. }
        | C::FutureCancelWrite { async_, .. } => more_if(*async_),
        C::StreamRead { options, .. }
        | C::StreamWrite { options, .. }
        | C::FutureRead { options, .. }
        | C::FutureWrite { options, .. } => more_if(!is_async(options)),
        C::ErrorContextNew { .. } | C::ErrorContextDebugMessage { .. } | C::ErrorContextDrop => {
            ERROR_CONTEXT
        }
        C::ThreadIndex
        | C::ThreadNewIndirect { .. }
        | C::ThreadResumeLater
        | C::ThreadSuspend { .. }
        | C::ThreadSuspendThenResume { .. }
        | C::ThreadYieldThenResume { .. }
        | C::ThreadSuspendThenPromote { .. }
        | C::ThreadYieldThenPromote { .. } => ASYNC.with(F::ComponentModelThreading),
        _ => ASYNC,
    }
}

fn is_async(options: &[CanonicalOption]) -> bool {
    options.iter().any(|option| matches!(option, CanonicalOption::Async))
}

fn all(features: impl Iterator<Item = RequiredFeatures>) -> RequiredFeatures {
    features.fold(NONE, RequiredFeatures::union)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(text: &str) -> bool {
        needs_concurrency(&wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn components_with_anything_that_waits_need_concurrency() {
        for text in [
            r#"(component (import "f" (func async)))"#,
            r#"(component (import "f" (func (param "s" (stream u8)))))"#,
            r#"(component (import "f" (func (result (future)))))"#,
            r#"(component (import "f" (func (param "e" error-context))))"#,
            r#"(component (import "i" (instance (export "f" (func async)))))"#,
            r#"(component (component (core func (canon task.cancel))))"#,
            r#"(component (core func (canon waitable-set.new)))"#,
            r#"(component (import "wasi:random/random@0.3.0" (instance)))"#,
        ] {
            assert!(needs(text), "{text}");
        }
    }

    #[test]
    fn modules_and_other_components_do_not() {
        for text in [
            r#"(module (import "wasi:random/random@0.3.0" "f" (func)))"#,
            "(component)",
            r#"(component (import "f" (func (param "m" (map u32 u8)))))"#,
            r#"(component (import "wasi:random/random@0.3.0-rc-2026-03-15" (instance)))"#,
            r#"(component (import "wasi:random/random@0.2.6" (instance)))"#,
            r#"(component (type $r (resource (rep i32))) (core func (canon resource.drop $r)))"#,
        ] {
            assert!(!needs(text), "{text}");
        }
        assert!(needs_concurrency(b"\0asm\x0d\0\x01\0\x07\x05").is_err());
    }
}
