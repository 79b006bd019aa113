//! Removal of an export from a component.

use super::error::RemoveExportError;
use std::convert::Infallible;
use wasm_encoder::reencode::component_utils::{
    parse_component_alias_section, parse_component_canonical_section,
    parse_component_import_section, parse_custom_component_name_subsection,
};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportSection,
    ComponentImportSection, ComponentNameSection, ComponentSectionId, NameMap, RawSection,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentAliasSectionReader,
    ComponentCanonicalSectionReader, ComponentExportSectionReader, ComponentExternalKind,
    ComponentImportSectionReader, ComponentName, Parser,
};

/// Returns the component without the exported function `name`, or unchanged if there is none.
///
/// # Errors
///
/// Fails with [`RemoveExportError`] if the component cannot be read.
pub(crate) fn without_export(component: &[u8], name: &str) -> Result<Vec<u8>, RemoveExportError> {
    let mut encoded = Component::new();
    let mut remover = ExportRemover { name, funcs: 0, removed: None };
    let parsed = remover.parse_component(&mut encoded, Parser::new(0), component);
    parsed.map_err(|source| RemoveExportError { name: name.into(), source })?;
    Ok(encoded.finish())
}

/// An encoder that copies a component and skips one export.
struct ExportRemover<'a> {
    name: &'a str,
    /// The number of functions so far; an export adds one.
    funcs: u32,
    removed: Option<Removed>,
}

/// The index of the removed export.
#[derive(Clone, Copy)]
struct Removed {
    index: u32,
    /// The function that was exported.
    exported: u32,
}

impl ExportRemover<'_> {
    fn is_removed(&self, index: u32) -> bool {
        self.removed.is_some_and(|removed| removed.index == index)
    }
}

impl Reencode for ExportRemover<'_> {
    type Error = Infallible;
}

type Encoded = Result<(), Error<Infallible>>;

impl ReencodeComponent for ExportRemover<'_> {
    fn component_func_index(&mut self, index: u32) -> u32 {
        match self.removed {
            Some(removed) if index == removed.index => removed.exported,
            Some(removed) if index > removed.index => index - 1,
            _ => index,
        }
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Encoded {
        component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
        Ok(())
    }

    /// Inner components have their own index space of functions.
    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        _: Parser,
        inner: &[u8],
        _: &[u8],
    ) -> Encoded {
        component.section(&RawSection { id: ComponentSectionId::Component.into(), data: inner });
        Ok(())
    }

    fn parse_component_alias_section(
        &mut self,
        aliases: &mut ComponentAliasSection,
        section: ComponentAliasSectionReader<'_>,
    ) -> Encoded {
        for alias in section.clone() {
            if let ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. } = alias?
            {
                self.funcs += 1;
            }
        }
        parse_component_alias_section(self, aliases, section)
    }

    fn parse_component_canonical_section(
        &mut self,
        canonicals: &mut CanonicalFunctionSection,
        section: ComponentCanonicalSectionReader<'_>,
    ) -> Encoded {
        for canonical in section.clone() {
            if let CanonicalFunction::Lift { .. } = canonical? {
                self.funcs += 1;
            }
        }
        parse_component_canonical_section(self, canonicals, section)
    }

    fn parse_component_import_section(
        &mut self,
        imports: &mut ComponentImportSection,
        section: ComponentImportSectionReader<'_>,
    ) -> Encoded {
        for import in section.clone() {
            if import?.ty.kind() == ComponentExternalKind::Func {
                self.funcs += 1;
            }
        }
        parse_component_import_section(self, imports, section)
    }

    fn parse_component_export_section(
        &mut self,
        exports: &mut ComponentExportSection,
        section: ComponentExportSectionReader<'_>,
    ) -> Encoded {
        for export in section {
            let export = export?;
            let is_func = export.kind == ComponentExternalKind::Func;
            if is_func && export.name.name == self.name {
                self.removed = Some(Removed { index: self.funcs, exported: export.index });
            } else {
                self.parse_component_export(exports, export)?;
            }
            self.funcs += u32::from(is_func);
        }
        Ok(())
    }

    fn parse_custom_component_name_subsection(
        &mut self,
        names: &mut ComponentNameSection,
        section: ComponentName<'_>,
    ) -> Encoded {
        let ComponentName::Funcs(funcs) = section else {
            return parse_custom_component_name_subsection(self, names, section);
        };
        let mut map = NameMap::new();
        for naming in funcs {
            let naming = naming?;
            if !self.is_removed(naming.index) {
                map.append(self.component_func_index(naming.index), naming.name);
            }
        }
        names.funcs(&map);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Validator, WasmFeatures};

    /// Functions that are imported, aliased, lifted and exported, before and after.
    const COMPONENT: &str = r#"(component
        (import "log" (func $log))
        (import "demo:app/store" (instance $store (export "open" (func))))
        (alias export $store "open" (func $open))
        (core module $m (func (export "init")) (func (export "get") (result i32) (i32.const 7)))
        (core instance $i (instantiate $m))
        (func $init (canon lift (core func $i "init")))
        (export "before" (func $open))
        (export $exported "init" (func $init))
        (func $get (result u32) (canon lift (core func $i "get")))
        (component $inner
            (core module $m (func (export "init")))
            (core instance $i (instantiate $m))
            (func (export "init") (canon lift (core func $i "init"))))
        (instance $inner (instantiate $inner))
        (export "inner" (instance $inner))
        (export "get" (func $get))
        (export "log-again" (func $log))
        (export "init-again" (func $exported)))"#;

    fn wasm(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    fn is_valid(component: &[u8]) -> bool {
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).is_ok()
    }

    fn text(component: &[u8]) -> String {
        wit_component::decode(component).map_or_else(
            |error| panic!("{error:#}"),
            |decoded| {
                let mut printer = wit_component::WitPrinter::default();
                printer.print(decoded.resolve(), decoded.package(), &[]).unwrap();
                printer.output.to_string()
            },
        )
    }

    #[test]
    fn one_export_is_removed_and_the_rest_is_the_same() {
        let component = wasm(COMPONENT);
        let without = without_export(&component, "init").unwrap();
        assert!(is_valid(&without));
        let line = "  export init: func();\n";
        let (before, after) = (text(&component), text(&without));
        assert_eq!(before.matches(line).count(), 1, "{before}");
        assert_eq!(before.replace(line, ""), after);
        assert!(after.contains("export get: func() -> u32;"), "{after}");
        assert!(after.contains("export init-again: func();"), "{after}");
    }

    #[test]
    fn names_of_functions_stay_with_them() {
        let named = |component: &[u8]| {
            // The section of the inner component comes first.
            let sections = Parser::new(0).parse_all(component).filter_map(|payload| {
                let wasmparser::Payload::CustomSection(section) = payload.unwrap() else {
                    return None;
                };
                match section.as_known() {
                    wasmparser::KnownCustom::ComponentName(names) => Some(names),
                    _ => None,
                }
            });
            let funcs =
                sections.last().unwrap().into_iter().find_map(|names| match names.unwrap() {
                    ComponentName::Funcs(funcs) => Some(funcs),
                    _ => None,
                });
            let funcs = funcs.unwrap().into_iter().map(Result::unwrap);
            funcs.map(|naming| (naming.index, naming.name.to_string())).collect::<Vec<_>>()
        };
        let names = |names: [(u32, &str); 5]| names.map(|(i, name)| (i, name.to_string())).to_vec();
        let component = wasm(COMPONENT);
        let before = [(0, "log"), (1, "open"), (2, "init"), (4, "exported"), (5, "get")];
        assert_eq!(named(&component), names(before));
        let after = named(&without_export(&component, "init").unwrap());
        assert_eq!(after, [&names(before)[..3], &[(4, "get".to_string())]].concat());
    }

    #[test]
    fn a_missing_export_changes_nothing() {
        let component = wasm(COMPONENT);
        for name in ["other", "inner", "log"] {
            assert_eq!(without_export(&component, name).unwrap(), component, "{name}");
        }
    }

    #[test]
    fn core_modules_are_refused() {
        assert!(without_export(&wasm("(module)"), "init").is_err());
    }
}
