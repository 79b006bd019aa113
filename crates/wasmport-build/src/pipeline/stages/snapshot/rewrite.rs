//! The exports of a module's state, and the globals that tell which segments were dropped.

use super::sections::{Sections, id};
use super::survey::Survey;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Encode as _, ExportKind, Function, GlobalSection,
    GlobalType, Instruction, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload, Result};
use wasmport::{Digest, reserved};

/// Returns the module with the exports.
///
/// # Errors
///
/// Fails if the validated module cannot be read.
pub(super) fn with_exports(wasm: &[u8], survey: &Survey) -> Result<Vec<u8>> {
    let mut sections = Sections::of(wasm)?;
    let mut exports = Exports::default();
    let flags: Vec<u32> = flags(survey).collect();
    let mark = format!("{}{}", reserved::MARK, Digest::of(wasm));
    exports.add(&mark, ExportKind::Global, survey.all_globals);
    exports.add_all(reserved::MEMORY, ExportKind::Memory, 0..survey.memories);
    let globals = survey.globals.iter().chain(&flags).copied();
    exports.add_all(reserved::GLOBAL, ExportKind::Global, globals);
    exports.add_all(reserved::TABLE, ExportKind::Table, survey.tables.iter().copied());
    exports.add_all(reserved::FUNC, ExportKind::Func, survey.funcs.iter().copied());
    if let Some(start) = survey.start {
        exports.add(reserved::START, ExportKind::Func, start);
        sections.remove(id::START);
    }
    if survey.drops_segments() {
        exports.add(reserved::DROP, ExportKind::Func, survey.all_funcs);
        sections.append(id::TYPE, 1, NO_PARAMETERS)?;
        let mut ty = Vec::new();
        survey.types.encode(&mut ty);
        sections.append(id::FUNCTION, 1, &ty)?;
        sections.replace(id::CODE, code(wasm, survey)?);
    }
    let globals = new_globals(flags.len());
    sections.append(id::GLOBAL, globals.len(), items(&globals)?.as_slice())?;
    sections.append(id::EXPORT, exports.count, &exports.items)?;
    Ok(sections.into_wasm())
}

/// The type of a function without parameters and results.
const NO_PARAMETERS: &[u8] = &[0x60, 0, 0];

#[derive(Default)]
struct Exports {
    count: u32,
    items: Vec<u8>,
}

impl Exports {
    fn add(&mut self, name: &str, kind: ExportKind, index: u32) {
        name.encode(&mut self.items);
        kind.encode(&mut self.items);
        index.encode(&mut self.items);
        self.count += 1;
    }

    fn add_all(&mut self, prefix: &str, kind: ExportKind, all: impl IntoIterator<Item = u32>) {
        all.into_iter().for_each(|index| self.add(&format!("{prefix}{index}"), kind, index));
    }
}

/// Returns the indices of the globals that tell which segments were dropped.
fn flags(survey: &Survey) -> impl Iterator<Item = u32> {
    survey.dropped_data.values().chain(survey.dropped_elements.values()).copied()
}

/// The mark, and a global for each segment that code drops.
fn new_globals(flags: usize) -> GlobalSection {
    let mut globals = GlobalSection::new();
    let ty = |mutable| GlobalType { val_type: ValType::I32, mutable, shared: false };
    globals.global(ty(false), &ConstExpr::i32_const(reserved::FORMAT));
    for _ in 0..flags {
        globals.global(ty(true), &ConstExpr::i32_const(0));
    }
    globals
}

/// Returns the items of a section without its length and number.
fn items(section: &impl wasm_encoder::Encode) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    let mut reader = wasmparser::BinaryReader::new(&bytes, 0);
    let _ = (reader.read_var_u32()?, reader.read_var_u32()?);
    Ok(bytes.get(reader.current_position()..).unwrap_or_default().to_vec())
}

/// Returns the content of the code section, in which each drop sets a global, with the function that drops what the
/// globals tell.
fn code(wasm: &[u8], survey: &Survey) -> Result<Vec<u8>> {
    let mut code = CodeSection::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload? {
            code.raw(&noting_drops(&body, survey)?);
        }
    }
    code.function(&drop_again(survey));
    let mut bytes = Vec::new();
    code.encode(&mut bytes);
    // The length of the section is that of its content.
    let mut reader = wasmparser::BinaryReader::new(&bytes, 0);
    let _ = reader.read_var_u32()?;
    Ok(bytes.get(reader.current_position()..).unwrap_or_default().to_vec())
}

/// Returns a function that sets a global after each drop of a passive segment.
fn noting_drops(body: &FunctionBody<'_>, survey: &Survey) -> Result<Vec<u8>> {
    let (bytes, start) = (body.as_bytes(), body.range().start);
    let mut new = Vec::with_capacity(bytes.len());
    let mut copied = 0;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let flag = match operators.read()? {
            Operator::DataDrop { data_index } => survey.dropped_data.get(&data_index),
            Operator::ElemDrop { elem_index } => survey.dropped_elements.get(&elem_index),
            _ => None,
        };
        let Some(flag) = flag else { continue };
        let end = operators.original_position() - start;
        new.extend_from_slice(bytes.get(copied..end).unwrap_or_default());
        Instruction::I32Const(1).encode(&mut new);
        Instruction::GlobalSet(*flag).encode(&mut new);
        copied = end;
    }
    new.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Ok(new)
}

/// Returns the function that drops the segments whose globals are set.
fn drop_again(survey: &Survey) -> Function {
    let mut function = Function::new([]);
    let data =
        survey.dropped_data.iter().map(|(index, flag)| (Instruction::DataDrop(*index), *flag));
    let elements =
        survey.dropped_elements.iter().map(|(index, flag)| (Instruction::ElemDrop(*index), *flag));
    for (drop, flag) in data.chain(elements) {
        function.instruction(&Instruction::GlobalGet(flag));
        function.instruction(&Instruction::If(BlockType::Empty));
        function.instruction(&drop);
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    function
}
