//! What a toolchain makes of a small change of one function: its body is longer, everything after it
//! moves, and there is more data.

use crate::Result;
use std::ops::Range;
use wasm_encoder::{CodeSection, ConstExpr, DataSection, Encode as _, Module, RawSection};
use wasmparser::{DataKind, FunctionBody, Operator, Parser, Payload};

/// What the function did not do before: more than 128 bytes, so that lengths take more bytes too.
const STATEMENTS: usize = 60;
/// A text that was not there.
const DATA: &[u8] = b"a message that the change of the function prints, with its arguments";

/// The module after an edit of a function in the middle of it.
pub(crate) fn edited(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut bodies: Vec<FunctionBody<'_>> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::CodeSectionEntry(body) => {
                bodies.push(body.clone());
                continue;
            }
            Payload::CodeSectionStart { .. } => continue,
            _ if !bodies.is_empty() => {
                module.section(&code(wasm, &std::mem::take(&mut bodies))?);
            }
            _ => {}
        }
        if let Payload::DataSection(reader) = payload {
            module.section(&data(reader)?);
        } else if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: bytes(wasm, range)? });
        }
    }
    let edited = module.finish();
    wasmparser::validate(&edited)?;
    Ok(edited)
}

fn bytes(wasm: &[u8], range: Range<usize>) -> Result<&[u8]> {
    wasm.get(range).ok_or("a range outside of the module".into())
}

fn code(wasm: &[u8], bodies: &[FunctionBody<'_>]) -> Result<CodeSection> {
    let mut section = CodeSection::new();
    for (index, body) in bodies.iter().enumerate() {
        let raw = bytes(wasm, body.range())?;
        if index == bodies.len() / 2 {
            let start = body.get_operators_reader()?.original_position() - body.range().start;
            let (locals, operators) = raw.split_at(start);
            let mut longer = locals.to_vec();
            for number in 0..STATEMENTS {
                wasm_encoder::Instruction::I32Const(i32::try_from(number)?).encode(&mut longer);
                wasm_encoder::Instruction::Drop.encode(&mut longer);
            }
            longer.extend(operators);
            section.raw(&longer);
        } else {
            section.raw(raw);
        }
    }
    Ok(section)
}

/// The last of the segments is longer: what comes before stays where it is, as linkers have it who
/// put new data last.
fn data(reader: wasmparser::DataSectionReader<'_>) -> Result<DataSection> {
    let mut section = DataSection::new();
    let last = reader.count().saturating_sub(1);
    for (index, segment) in (0..).zip(reader) {
        let segment = segment?;
        let mut bytes = segment.data.to_vec();
        if index == last {
            bytes.extend(DATA);
        }
        match segment.kind {
            DataKind::Passive => section.passive(bytes),
            DataKind::Active { memory_index, offset_expr } => {
                let offset = match offset_expr.get_operators_reader().read()? {
                    Operator::I32Const { value } => ConstExpr::i32_const(value),
                    Operator::I64Const { value } => ConstExpr::i64_const(value),
                    Operator::GlobalGet { global_index } => ConstExpr::global_get(global_index),
                    other => return Err(format!("an offset that is {other:?}").into()),
                };
                section.active(memory_index, &offset, bytes)
            }
        };
    }
    Ok(section)
}
