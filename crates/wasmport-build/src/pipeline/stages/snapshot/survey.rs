//! `Survey`: the state of a module, and what of it a snapshot cannot hold.

use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use wasmparser::types::TypesRef;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ConstExpr, DataKind, Element, ElementItems, ElementKind,
    ExternalKind, FunctionBody, ImportSectionReader, Operator, Parser, Payload, TableInit, TypeRef,
};
use wasmport::reserved;

/// The reason why sessions of a module cannot be saved.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    #[error("the file is a component, and only sessions of core modules can be saved")]
    Component,
    #[error("memory {0} is shared between threads, which a snapshot cannot stop")]
    SharedMemory(u32),
    #[error("the export {0:?} has a name that is reserved for snapshots")]
    ReservedName(String),
    #[error(
        "the {kind} segment {index} begins at an offset, or has elements, that an import decides, so that a snapshot cannot tell what has changed"
    )]
    DependentSegment { kind: &'static str, index: u32 },
    #[error(
        "table {0} begins with a value that an import decides, so that a snapshot cannot tell what has changed"
    )]
    DependentTable(u32),
    #[error(
        "a table, segment or immutable global begins with an object of type {0}, whose fields can change, and a snapshot holds no objects"
    )]
    Object(u32),
    #[error("the module cannot be read: {0}")]
    Parse(#[from] BinaryReaderError),
}

impl Refusal {
    /// Returns the mend.
    pub fn help(&self) -> &'static str {
        match self {
            Self::ReservedName(_) => {
                "rename the export: names that begin with `wasmport:` are the importer's; or set `snapshot = false`"
            }
            Self::SharedMemory(_) => {
                "build the module without threads, or set `snapshot = false` for the asset"
            }
            Self::DependentSegment { .. } | Self::DependentTable(_) => {
                "link the module statically, or set `snapshot = false` for the asset"
            }
            Self::Component | Self::Object(_) | Self::Parse(_) => {
                "set `snapshot = false` for the asset"
            }
        }
    }
}

/// The state of a module, by index.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub memories: u32,
    /// The mutable globals.
    pub globals: Vec<u32>,
    /// The number of all globals.
    pub all_globals: u32,
    /// The tables that can change.
    pub tables: BTreeSet<u32>,
    /// The functions that these tables and globals can hold.
    pub funcs: BTreeSet<u32>,
    pub start: Option<u32>,
    /// The passive segments that code drops, with the index of the global that tells.
    pub dropped_data: BTreeMap<u32, u32>,
    pub dropped_elements: BTreeMap<u32, u32>,
    /// The number of types and of functions.
    pub types: u32,
    pub all_funcs: u32,
}

/// The findings that the survey is made of.
#[derive(Default)]
struct Findings {
    survey: Survey,
    imported_memories: u32,
    imported_tables: u32,
    /// Whether the value of each global depends on imports.
    depends: Vec<bool>,
    /// The types of the objects with which tables, segments and immutable globals begin.
    objects: BTreeSet<u32>,
    passive_data: BTreeSet<u32>,
    passive_elements: BTreeSet<u32>,
    next_table: u32,
}

impl Survey {
    /// Surveys a valid module.
    ///
    /// # Errors
    ///
    /// Fails if a snapshot cannot hold the state of the module.
    pub fn of(wasm: &[u8], types: TypesRef<'_>) -> Result<Self, Refusal> {
        let mut findings = Findings::default();
        for payload in Parser::new(0).parse_all(wasm) {
            findings.read(payload?)?;
        }
        findings.finish(types)
    }

    /// Returns whether segments are dropped, so that a restored instance has to do the same.
    pub fn drops_segments(&self) -> bool {
        !self.dropped_data.is_empty() || !self.dropped_elements.is_empty()
    }
}

impl Findings {
    fn read(&mut self, payload: Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    self.survey.types += group?.types().len() as u32;
                }
            }
            Payload::ImportSection(imports) => self.imports(imports)?,
            Payload::TableSection(tables) => {
                for table in tables {
                    let index = self.imported_tables + self.next_table;
                    if let TableInit::Expr(init) = table?.init
                        && self.depends_on_imports(&init)?
                    {
                        return Err(Refusal::DependentTable(index));
                    }
                    self.next_table += 1;
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    // What a mutable one holds is looked at when it is saved.
                    let depends = self.constant(&global.init_expr, global.ty.mutable)?;
                    self.depends.push(depends);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.name.starts_with(reserved::PREFIX) {
                        return Err(Refusal::ReservedName(export.name.into()));
                    }
                    match export.kind {
                        ExternalKind::Table => {
                            let _ = self.survey.tables.insert(export.index);
                        }
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            let _ = self.survey.funcs.insert(export.index);
                        }
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => self.survey.start = Some(func),
            Payload::ElementSection(segments) => {
                for (index, segment) in (0..).zip(segments) {
                    self.element_segment(index, segment?)?;
                }
            }
            Payload::DataSection(segments) => {
                for (index, segment) in (0..).zip(segments) {
                    match segment?.kind {
                        DataKind::Passive => {
                            let _ = self.passive_data.insert(index);
                        }
                        DataKind::Active { memory_index, offset_expr } => {
                            let depends = self.depends_on_imports(&offset_expr)?;
                            if depends && memory_index >= self.imported_memories {
                                return Err(Refusal::DependentSegment { kind: "data", index });
                            }
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.body(&body)?,
            _ => {}
        }
        Ok(())
    }

    fn imports(&mut self, imports: ImportSectionReader<'_>) -> Result<(), Refusal> {
        for import in imports.into_imports() {
            match import?.ty {
                TypeRef::Table(_) => {
                    let _ = self.survey.tables.insert(self.imported_tables);
                    self.imported_tables += 1;
                }
                TypeRef::Memory(_) => self.imported_memories += 1,
                TypeRef::Global(_) => self.depends.push(true),
                _ => {}
            }
        }
        Ok(())
    }

    fn element_segment(&mut self, index: u32, segment: Element<'_>) -> Result<(), Refusal> {
        let mut depends = false;
        match segment.items {
            ElementItems::Functions(funcs) => {
                for func in funcs {
                    let _ = self.survey.funcs.insert(func?);
                }
            }
            ElementItems::Expressions(_, elements) => {
                for element in elements {
                    depends |= self.depends_on_imports(&element?)?;
                }
            }
        }
        match segment.kind {
            ElementKind::Passive => {
                let _ = self.passive_elements.insert(index);
            }
            ElementKind::Active { table_index, offset_expr } => {
                depends |= self.depends_on_imports(&offset_expr)?;
                if depends && table_index.unwrap_or_default() >= self.imported_tables {
                    return Err(Refusal::DependentSegment { kind: "element", index });
                }
            }
            ElementKind::Declared => {}
        }
        Ok(())
    }

    /// Returns whether imports decide the value of a constant expression that no snapshot saves.
    fn depends_on_imports(&mut self, expr: &ConstExpr<'_>) -> Result<bool, Refusal> {
        self.constant(expr, false)
    }

    /// Returns whether imports decide the value of a constant expression. Notes the functions in it, and the objects
    /// unless the value is saved.
    fn constant(&mut self, expr: &ConstExpr<'_>, is_saved: bool) -> Result<bool, Refusal> {
        let mut depends = false;
        for operator in expr.get_operators_reader() {
            match operator? {
                Operator::GlobalGet { global_index } => {
                    depends |= self.depends.get(global_index as usize).copied().unwrap_or(true);
                }
                Operator::RefFunc { function_index } => {
                    let _ = self.survey.funcs.insert(function_index);
                }
                Operator::StructNew { struct_type_index: ty }
                | Operator::StructNewDefault { struct_type_index: ty }
                | Operator::ArrayNew { array_type_index: ty }
                | Operator::ArrayNewDefault { array_type_index: ty }
                | Operator::ArrayNewFixed { array_type_index: ty, .. }
                    if !is_saved =>
                {
                    let _ = self.objects.insert(ty);
                }
                _ => {}
            }
        }
        Ok(depends)
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), Refusal> {
        let survey = &mut self.survey;
        for operator in body.get_operators_reader()? {
            let _ = match operator? {
                Operator::RefFunc { function_index } => survey.funcs.insert(function_index),
                Operator::TableSet { table }
                | Operator::TableGrow { table }
                | Operator::TableFill { table }
                | Operator::TableInit { table, .. }
                | Operator::TableCopy { dst_table: table, .. } => survey.tables.insert(table),
                Operator::DataDrop { data_index } => {
                    survey.dropped_data.insert(data_index, 0).is_none()
                }
                Operator::ElemDrop { elem_index } => {
                    survey.dropped_elements.insert(elem_index, 0).is_none()
                }
                _ => false,
            };
        }
        Ok(())
    }

    /// Adds what the types tell, and numbers the globals of segments, which come behind the module's own and the mark.
    fn finish(self, types: TypesRef<'_>) -> Result<Survey, Refusal> {
        let Self { mut survey, objects, passive_data, passive_elements, .. } = self;
        if let Some(ty) = objects.into_iter().find(|ty| has_mutable_fields(*ty, types)) {
            return Err(Refusal::Object(ty));
        }
        survey.memories = types.memory_count();
        if let Some(shared) = (0..survey.memories).find(|index| types.memory_at(*index).shared) {
            return Err(Refusal::SharedMemory(shared));
        }
        survey.all_globals = types.global_count();
        survey.all_funcs = types.function_count();
        survey.globals =
            (0..survey.all_globals).filter(|index| types.global_at(*index).mutable).collect();
        let holds_func = |index: &u32| types.global_at(*index).content_type.is_reference_type();
        if survey.tables.is_empty() && !survey.globals.iter().any(holds_func) {
            survey.funcs.clear();
        }
        // Other segments are empty after the instantiation.
        survey.dropped_data.retain(|index, _| passive_data.contains(index));
        survey.dropped_elements.retain(|index, _| passive_elements.contains(index));
        let flags = survey.dropped_data.values_mut().chain(survey.dropped_elements.values_mut());
        for (flag, index) in flags.zip(survey.all_globals + 1..) {
            *flag = index;
        }
        Ok(survey)
    }
}

/// Returns whether objects of a type can change.
fn has_mutable_fields(ty: u32, types: TypesRef<'_>) -> bool {
    match types.get(types.core_type_at_in_module(ty)).map(|ty| &ty.composite_type.inner) {
        Some(CompositeInnerType::Struct(ty)) => ty.fields.iter().any(|field| field.mutable),
        Some(CompositeInnerType::Array(ty)) => ty.0.mutable,
        _ => false,
    }
}
