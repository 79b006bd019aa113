//! Digests of the types that only a module has, with everything that they refer to.

use crate::wasm::ValidWasm;
use std::collections::HashMap;
use std::fmt::Write as _;
use wasmparser::types::{CoreTypeId, EntityType, RecGroupId, TypesRef};
use wasmparser::{
    BinaryReaderError, CompositeInnerType, FieldType, HeapType, PackedIndex, Parser, Payload,
    RefType, StorageType, SubType, UnpackedIndex, ValType,
};
use wasmport::Digest;

/// The largest number of types that are written for all items of a module. Items beyond it have no digest.
const MOST_TYPES: usize = 1 << 20;

/// The digests of the imports and exports of a module, in its order.
#[derive(Default)]
pub(super) struct InnerTypes {
    pub imports: Vec<Option<Digest>>,
    pub exports: Vec<Option<Digest>>,
}

/// Returns the digests of the types that imports and exports refer to. Equal digests stand for types that are equal by the
/// rules of the specification: those of recursion groups with the same structure.
///
/// # Errors
///
/// Fails if a section cannot be read.
pub(super) fn inner_types(module: &ValidWasm) -> Result<InnerTypes, BinaryReaderError> {
    let (mut writer, mut found) = (Writer::new(module.types()), InnerTypes::default());
    for payload in Parser::new(0).parse_all(module.wasm()) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let ty = writer.types.entity_type_from_import(&import?);
                    found.imports.push(ty.and_then(|ty| writer.digest(ty)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let ty = writer.types.entity_type_from_export(&export?);
                    found.exports.push(ty.and_then(|ty| writer.digest(ty)));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Writes types. Each recursion group has the number of its first appearance.
struct Writer<'a> {
    types: TypesRef<'a>,
    known: HashMap<CoreTypeId, Option<Digest>>,
    groups: Vec<RecGroupId>,
    /// The number of the group of each type, and its place there.
    places: HashMap<CoreTypeId, (usize, usize)>,
    text: String,
    budget: usize,
}

impl<'a> Writer<'a> {
    fn new(types: TypesRef<'a>) -> Self {
        let (known, places) = (HashMap::new(), HashMap::new());
        Self { types, known, groups: Vec::new(), places, text: String::new(), budget: MOST_TYPES }
    }

    fn digest(&mut self, ty: EntityType) -> Option<Digest> {
        let id = match ty {
            EntityType::Func(id) | EntityType::FuncExact(id) | EntityType::Tag(id) => Some(id),
            EntityType::Table(table) => self.named(table.element_type),
            EntityType::Global(global) => match global.content_type {
                ValType::Ref(ty) => self.named(ty),
                _ => None,
            },
            EntityType::Memory(_) => None,
        }?;
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let digest = self.whole(id);
        let _ = self.known.insert(id, digest);
        digest
    }

    /// Returns the type of the module that a reference names.
    fn named(&self, ty: RefType) -> Option<CoreTypeId> {
        match ty.heap_type() {
            HeapType::Concrete(index) | HeapType::Exact(index) => self.id(index),
            HeapType::Abstract { .. } => None,
        }
    }

    fn id(&self, index: UnpackedIndex) -> Option<CoreTypeId> {
        match index {
            UnpackedIndex::Id(id) => Some(id),
            UnpackedIndex::Module(index) => (index < self.types.core_type_count_in_module())
                .then(|| self.types.core_type_at_in_module(index)),
            UnpackedIndex::RecGroup(_) => None,
        }
    }

    /// Writes a type and all groups that it leads to.
    fn whole(&mut self, id: CoreTypeId) -> Option<Digest> {
        self.text.clear();
        self.groups.clear();
        self.places.clear();
        self.reference(id);
        let mut next = 0;
        while let Some(group) = self.groups.get(next).copied() {
            next += 1;
            self.text.push('\n');
            let types = self.types;
            let elements = types.rec_group_elements(group);
            self.budget = self.budget.checked_sub(elements.len())?;
            elements.for_each(|element| self.sub_type(&types[element]));
        }
        Some(Digest::of(self.text.as_bytes()))
    }

    /// Writes the number of the group of a type, and its place there.
    fn reference(&mut self, id: CoreTypeId) {
        if !self.places.contains_key(&id) {
            let group = self.types.rec_group_id_of(id);
            let number = self.groups.len();
            self.groups.push(group);
            let elements = self.types.rec_group_elements(group).enumerate();
            self.places.extend(elements.map(|(place, element)| (element, (number, place))));
        }
        let (number, place) = self.places.get(&id).copied().unwrap_or_default();
        self.push(&format!("{number}.{place}"));
    }

    fn push(&mut self, part: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, " {part}");
    }

    fn sub_type(&mut self, ty: &SubType) {
        self.push(if ty.is_final { "(final" } else { "(open" });
        ty.supertype_idx.into_iter().for_each(|index| self.packed(index));
        if ty.composite_type.shared {
            self.push("shared");
        }
        match &ty.composite_type.inner {
            CompositeInnerType::Func(func) => {
                self.push("func");
                func.params().iter().for_each(|ty| self.value(*ty));
                self.push("->");
                func.results().iter().for_each(|ty| self.value(*ty));
            }
            CompositeInnerType::Array(array) => {
                self.push("array");
                self.field(array.0);
            }
            CompositeInnerType::Struct(ty) => {
                self.push("struct");
                ty.fields.iter().for_each(|field| self.field(*field));
            }
            CompositeInnerType::Cont(ty) => {
                self.push("cont");
                self.packed(ty.0);
            }
        }
        self.push(")");
    }

    fn packed(&mut self, index: PackedIndex) {
        match self.id(index.unpack()) {
            Some(id) => self.reference(id),
            None => self.push(&index.to_string()),
        }
    }

    fn field(&mut self, field: FieldType) {
        self.push(if field.mutable { "mut" } else { "const" });
        match field.element_type {
            StorageType::I8 => self.push("i8"),
            StorageType::I16 => self.push("i16"),
            StorageType::Val(ty) => self.value(ty),
        }
    }

    fn value(&mut self, ty: ValType) {
        let ValType::Ref(reference) = ty else { return self.push(&ty.to_string()) };
        match self.named(reference) {
            Some(id) => {
                let exact = matches!(reference.heap_type(), HeapType::Exact(_));
                self.push(if reference.is_nullable() { "null" } else { "ref" });
                self.push(if exact { "exact" } else { "of" });
                self.reference(id);
            }
            None => self.push(&reference.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ImportLimits;
    use crate::wasm::{RawWasm, validate};
    use wasmport::engine::{RequiredFeatures, WasmFeature};

    fn digests(text: &str) -> Vec<Option<Digest>> {
        let wasm = RawWasm::new("a.wat", wat::parse_str(text).unwrap());
        let all: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
        let module = validate(wasm, all, &ImportLimits::default()).unwrap();
        let InnerTypes { imports, exports } = inner_types(&module).unwrap();
        imports.into_iter().chain(exports).collect()
    }

    #[test]
    fn equal_structures_have_equal_digests_wherever_they_are() {
        let one = digests(
            "(module (type $s (struct (field i32))) (type $f (func (param (ref $s)))) (func (export \"f\") (type $f)))",
        );
        // Another number, and a name.
        let two = digests(
            "(module (type $x (array i8)) (type $t (struct (field $name i32))) (func (export \"f\") (param (ref $t))))",
        );
        assert!(one[0].is_some());
        assert_eq!(one, two);
    }

    #[test]
    fn a_difference_deep_inside_changes_the_digest() {
        let with = |field: &str, extra: &str| {
            digests(&format!(
                "(module (rec (type $list (struct (field (ref null $list)) (field (ref $leaf)))) \
                 (type $leaf (struct (field {field}))) {extra}) \
                 (global (export \"g\") (ref null $list) (ref.null $list)) (memory (export \"m\") 1) \
                 (table (export \"t\") 1 (ref null $list)))"
            ))
        };
        let base = with("i32", "");
        assert_eq!((base[0], base[1]), (base[2], None));
        assert_eq!(base, with("i32", ""));
        assert_ne!(base[0], with("i64", "")[0]);
        assert_ne!(base[0], with("(mut i32)", "")[0]);
        // The group is part of the type.
        assert_ne!(base[0], with("i32", "(type (func))")[0]);
    }
}
