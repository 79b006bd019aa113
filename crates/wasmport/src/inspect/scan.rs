//! Features and sizes of a module, found in one pass over it.
//!
//! The features are a close guess, which the importer checks by validating the module.

use super::component_features;
use crate::engine::{RequiredFeatures, WasmFeature as F};
use std::collections::BTreeSet;
use wasmparser::{
    AbstractHeapType, BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems,
    ElementKind, Encoding, ExternalKind, HeapType, MemoryType, Operator, OperatorsReader, Parser,
    Payload, RefType, Result, TableInit, TableType, TypeRef, ValType,
};

/// Features and sizes of a module.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The features that the module appears to use.
    pub features: RequiredFeatures,
    /// The proposals of its operators that Wasmtime does not have.
    pub beyond: BTreeSet<String>,
    /// The number of functions.
    pub functions: u32,
    /// The deepest nesting of blocks in a function.
    pub nesting: u32,
    /// The length of all data segments.
    pub data_bytes: u64,
}

/// Reads the module once, until `is_enough`.
///
/// # Errors
///
/// Fails if the module is damaged.
pub fn scan(wasm: &[u8], is_enough: impl Fn(&Scanned) -> bool) -> Result<Scanned> {
    let mut scan = Scan::default();
    for payload in Parser::new(0).parse_all(wasm) {
        scan.payload(payload?)?;
        if is_enough(&scan.found) {
            break;
        }
    }
    Ok(scan.found)
}

/// Returns whether WebAssembly may compute with floats.
#[cfg(feature = "winch")]
pub(crate) fn has_floats(wasm: &[u8]) -> bool {
    let without = wasmparser::WasmFeatures::all() - wasmparser::WasmFeatures::FLOATS;
    wasmparser::Validator::new_with_features(without).validate_all(wasm).is_err()
}

/// The features of the adapter modules that Wasmtime puts between components.
const ADAPTERS: RequiredFeatures = RequiredFeatures::of(&[
    F::MutableGlobal,
    F::SaturatingFloatToInt,
    F::SignExtension,
    F::ReferenceTypes,
    F::MultiValue,
    F::BulkMemory,
    F::MultiMemory,
    F::ComponentModel,
]);

/// A scan that is under way.
#[derive(Default)]
pub(super) struct Scan {
    pub found: Scanned,
    memories: u32,
    tables: u32,
    mutable_globals: Vec<bool>,
}

impl Scan {
    fn needs(&mut self, feature: F) {
        self.found.features = self.found.features.with(feature);
    }

    fn needs_if(&mut self, condition: bool, feature: F) {
        if condition {
            self.needs(feature);
        }
    }

    /// Adds a part of the file.
    pub fn payload(&mut self, payload: Payload<'_>) -> Result<()> {
        let features = component_features::of_section(&payload)?;
        self.found.features = self.found.features.union(features);
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => {
                // One of several in a component.
                let found = std::mem::take(&mut self.found);
                *self = Self { found, ..Self::default() };
            }
            Payload::Version { encoding: Encoding::Component, .. } => {
                ADAPTERS.iter().for_each(|feature| self.needs(feature));
            }
            Payload::TypeSection(types) => {
                for group in types {
                    let group = group?;
                    self.needs_if(group.is_explicit_rec_group(), F::Gc);
                    group.types().for_each(|ty| self.sub_type(ty));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.import(import?.ty);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?;
                    self.table(table.ty);
                    if let TableInit::Expr(expr) = table.init {
                        self.needs(F::FunctionReferences);
                        self.const_expr(&expr)?;
                    }
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memory(memory?);
                }
            }
            Payload::TagSection(_) => self.needs(F::Exceptions),
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    self.mutable_globals.push(global.ty.mutable);
                    self.value(global.ty.content_type);
                    self.const_expr(&global.init_expr)?;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let mutable = self.mutable_globals.get(export.index as usize) == Some(&true);
                    self.needs_if(export.kind == ExternalKind::Global && mutable, F::MutableGlobal);
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.element(element?)?;
                }
            }
            Payload::FunctionSection(functions) => {
                self.found.functions = self.found.functions.saturating_add(functions.count());
            }
            Payload::DataCountSection { .. } => self.needs(F::BulkMemory),
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    self.found.data_bytes += segment.data.len() as u64;
                    match segment.kind {
                        DataKind::Passive => self.needs(F::BulkMemory),
                        DataKind::Active { memory_index, offset_expr } => {
                            self.needs_if(memory_index > 0, F::MultiMemory);
                            self.const_expr(&offset_expr)?;
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for local in body.get_locals_reader()? {
                    self.value(local?.1);
                }
                self.operators(body.get_operators_reader()?)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn sub_type(&mut self, ty: &wasmparser::SubType) {
        self.needs_if(!ty.is_final || ty.supertype_idx.is_some(), F::Gc);
        match &ty.composite_type.inner {
            CompositeInnerType::Func(func) => {
                self.needs_if(func.results().len() > 1, F::MultiValue);
                func.params().iter().chain(func.results()).for_each(|ty| self.value(*ty));
            }
            CompositeInnerType::Array(_) | CompositeInnerType::Struct(_) => self.gc(),
            CompositeInnerType::Cont(_) => {}
        }
    }

    fn gc(&mut self) {
        self.needs(F::Gc);
        self.needs(F::GcTypes);
        self.needs(F::ReferenceTypes);
        self.needs(F::FunctionReferences);
    }

    fn import(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Table(table) => self.table(table),
            TypeRef::Memory(memory) => self.memory(memory),
            TypeRef::Global(global) => {
                self.mutable_globals.push(global.mutable);
                self.needs_if(global.mutable, F::MutableGlobal);
                self.value(global.content_type);
            }
            TypeRef::Tag(_) => self.needs(F::Exceptions),
            TypeRef::Func(_) | TypeRef::FuncExact(_) => {}
        }
    }

    fn memory(&mut self, memory: MemoryType) {
        self.memories += 1;
        self.needs_if(self.memories > 1, F::MultiMemory);
        self.needs_if(memory.memory64, F::Memory64);
        self.needs_if(memory.shared, F::Threads);
        self.needs_if(memory.page_size_log2.is_some(), F::CustomPageSizes);
    }

    fn table(&mut self, table: TableType) {
        self.tables += 1;
        self.needs_if(self.tables > 1, F::ReferenceTypes);
        self.needs_if(table.table64, F::Memory64);
        self.reference(table.element_type);
    }

    fn value(&mut self, ty: ValType) {
        match ty {
            ValType::V128 => self.needs(F::Simd),
            ValType::Ref(ty) => {
                self.needs(F::ReferenceTypes);
                self.reference(ty);
            }
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => {}
        }
    }

    fn reference(&mut self, ty: RefType) {
        if ty.is_func_ref() {
            return;
        }
        self.needs(F::ReferenceTypes);
        self.needs_if(!ty.is_nullable(), F::FunctionReferences);
        self.heap(ty.heap_type());
    }

    fn heap(&mut self, ty: HeapType) {
        use AbstractHeapType as A;
        match ty {
            HeapType::Abstract { ty: A::Func, .. } => {}
            HeapType::Abstract { ty: A::Extern, .. } => self.needs(F::GcTypes),
            HeapType::Abstract { ty: A::Exn | A::NoExn, .. } => {
                self.needs(F::Exceptions);
                self.needs(F::GcTypes);
            }
            HeapType::Abstract { .. } => self.gc(),
            HeapType::Concrete(_) | HeapType::Exact(_) => self.needs(F::FunctionReferences),
        }
    }

    fn element(&mut self, element: wasmparser::Element<'_>) -> Result<()> {
        match element.kind {
            ElementKind::Active { table_index, offset_expr } => {
                self.needs_if(table_index.is_some(), F::ReferenceTypes);
                self.const_expr(&offset_expr)?;
            }
            ElementKind::Passive => self.needs(F::BulkMemory),
            ElementKind::Declared => {
                self.needs(F::BulkMemory);
                self.needs(F::ReferenceTypes);
            }
        }
        if let ElementItems::Expressions(ty, exprs) = element.items {
            self.needs(F::BulkMemory);
            self.reference(ty);
            for expr in exprs {
                self.const_expr(&expr?)?;
            }
        }
        Ok(())
    }

    fn const_expr(&mut self, expr: &ConstExpr<'_>) -> Result<()> {
        let mut operators = 0;
        for operator in expr.get_operators_reader() {
            let operator = operator?;
            operators += 1;
            self.operator(&operator);
            use Operator as O;
            let arithmetic = matches!(
                operator,
                O::I32Add | O::I32Sub | O::I32Mul | O::I64Add | O::I64Sub | O::I64Mul
            );
            self.needs_if(arithmetic && operators > 1, F::ExtendedConst);
        }
        Ok(())
    }

    fn operators(&mut self, operators: OperatorsReader<'_>) -> Result<()> {
        let mut depth = 0_u32;
        for operator in operators {
            let operator = operator?;
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
                | Operator::Try { .. } => {
                    depth += 1;
                    self.found.nesting = self.found.nesting.max(depth);
                }
                // One more for the function itself, and `delegate` ends a `try` too.
                Operator::End | Operator::Delegate { .. } => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.operator(&operator);
        }
        Ok(())
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        match proposal(operator) {
            "mvp" => self.mvp(operator),
            "gc" => self.gc(),
            "exceptions" => {
                self.needs(F::Exceptions);
                self.needs(F::GcTypes);
            }
            "relaxed_simd" => {
                self.needs(F::RelaxedSimd);
                self.needs(F::Simd);
            }
            "reference_types" => {
                self.needs(F::ReferenceTypes);
                match *operator {
                    Operator::RefNull { hty } => self.heap(hty),
                    Operator::TypedSelect { ty } => self.value(ty),
                    _ => {}
                }
            }
            name => match F::ALL.iter().find(|f| f.name().replace('-', "_") == name) {
                Some(feature) => self.needs(*feature),
                None if name == UNKNOWN => {}
                None => {
                    let _ = self.found.beyond.insert(name.replace('_', "-"));
                }
            },
        }
    }

    /// The first version's operators, where later proposals widened what they may say.
    fn mvp(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                match blockty {
                    BlockType::FuncType(_) => self.needs(F::MultiValue),
                    BlockType::Type(ty) => self.value(ty),
                    BlockType::Empty => {}
                }
            }
            Operator::CallIndirect { table_index, .. } => {
                self.needs_if(table_index > 0, F::ReferenceTypes)
            }
            _ => {}
        }
    }
}

/// The proposal of an operator that wasmparser's table lacks.
const UNKNOWN: &str = "unknown";

/// The proposal that brought an operator, by wasmparser's own table.
fn proposal(operator: &Operator<'_>) -> &'static str {
    macro_rules! table {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op { .. } => stringify!($proposal),)*
                _ => UNKNOWN,
            }
        };
    }
    wasmparser::for_each_operator!(table)
}
