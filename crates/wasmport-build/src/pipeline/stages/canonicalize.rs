//! Canonicalize: fused multiply-and-add returns the same NaNs on every machine.
//!
//! In a deterministic project Wasmtime canonicalizes every NaN except those of relaxed multiply-and-add:
//! an x86-64 machine without `fma` calls a function of the runtime, whose NaNs stay as they are. Adding
//! −0 to the result changes no number, and Wasmtime canonicalizes the NaN of the addition.

use super::core_modules::each_module;
use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::pipeline::context::AssetContext;
use crate::store::CacheEntry;
use crate::wasm::ValidWasm;
use std::ops::Range;
use wasm_encoder::{CodeSection, Encode as _, Instruction, Section as _};
use wasmparser::{FunctionBody, Operator, Parser, Payload};
use wasmport::engine::WasmFeature;

/// Adds −0 to the result of each relaxed multiply-and-add, in deterministic projects.
///
/// # Errors
///
/// Fails if the validated module cannot be read.
pub(crate) fn canonicalize(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    run_stage(Stage::Canonicalize, None, module, asset, |module| {
        if !asset.project().engine.deterministic
            || !module.features().contains(WasmFeature::RelaxedSimd)
        {
            return Ok(None);
        }
        let mut is_changed = false;
        let wasm = each_module(Stage::Canonicalize, module, |wasm| {
            let new = with_canonical_nans(wasm)
                .map_err(|e| AssetError::new(module.path(), Stage::Canonicalize, e.to_string()))?;
            is_changed |= new.is_some();
            Ok(new.unwrap_or_else(|| wasm.to_vec()))
        })?;
        let changed = |wasm| Changed {
            wasm: CacheEntry::uncached(wasm),
            allowed: module.features(),
            same_exports: true,
            by: None,
        };
        Ok(is_changed.then(|| changed(wasm)))
    })
}

/// Rewrites the code section, or returns `None` if the module has no such instruction.
fn with_canonical_nans(wasm: &[u8]) -> wasmparser::Result<Option<Vec<u8>>> {
    let mut code = CodeSection::new();
    let mut section: Option<Range<usize>> = None;
    let mut is_changed = false;
    // The end of the section before is the beginning of this one's header.
    let mut end_of_last = 8;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::CodeSectionStart { range, .. } => section = Some(end_of_last..range.end),
            Payload::CodeSectionEntry(body) => {
                let new = new_body(body)?;
                is_changed |= new.is_some();
                code.raw(new.as_deref().unwrap_or(body.as_bytes()));
            }
            _ => {}
        }
        if let Some((_, range)) = payload.as_section() {
            end_of_last = range.end;
        }
    }
    let Some(section) = section.filter(|_| is_changed) else { return Ok(None) };
    let mut new = wasm.get(..section.start).unwrap_or_default().to_vec();
    code.append_to(&mut new);
    new.extend_from_slice(wasm.get(section.end..).unwrap_or_default());
    Ok(Some(new))
}

/// Rewrites a function, or returns `None` if it has no such instruction.
fn new_body(body: &FunctionBody<'_>) -> wasmparser::Result<Option<Vec<u8>>> {
    let (bytes, start) = (body.as_bytes(), body.range().start);
    let mut new = Vec::new();
    let mut copied = 0;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        let Some([zero, add]) = canonicalizing(&operator) else { continue };
        let end = operators.original_position() - start;
        new.extend_from_slice(bytes.get(copied..end).unwrap_or_default());
        zero.encode(&mut new);
        add.encode(&mut new);
        copied = end;
    }
    if copied == 0 {
        return Ok(None);
    }
    new.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Ok(Some(new))
}

/// Returns the instructions that add −0, if the operator's result may be a NaN that is not canonical.
fn canonicalizing(operator: &Operator<'_>) -> Option<[Instruction<'static>; 2]> {
    match operator {
        Operator::F32x4RelaxedMadd | Operator::F32x4RelaxedNmadd => {
            let lane = u128::from((-0.0_f32).to_bits());
            let zero = lane | lane << 32 | lane << 64 | lane << 96;
            Some([Instruction::V128Const(zero as i128), Instruction::F32x4Add])
        }
        Operator::F64x2RelaxedMadd | Operator::F64x2RelaxedNmadd => {
            let lane = u128::from((-0.0_f64).to_bits());
            let zero = lane | lane << 64;
            Some([Instruction::V128Const(zero as i128), Instruction::F64x2Add])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_modules_stay_as_they_are() {
        for text in ["(module)", "(module (func (result i32) (i32.const 1)))"] {
            assert_eq!(with_canonical_nans(&wat::parse_str(text).unwrap()).unwrap(), None);
        }
    }

    #[test]
    fn nothing_but_code_changes() {
        let text = r#"(module (memory (export "m") 1)
            (func $a (export "f") (param v128) (result v128)
                (f64x2.relaxed_nmadd (local.get 0)
                    (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))
                    (local.get 0)))
            (func $b (nop)) (data (i32.const 0) "x"))"#;
        let wasm = wat::parse_str(text).unwrap();
        let new = with_canonical_nans(&wasm).unwrap().unwrap();
        // Two constants and two additions.
        assert_eq!(new.len(), wasm.len() + 2 * (18 + 3));
        let sections = |wasm: &[u8]| -> Vec<(u8, Vec<u8>)> {
            let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
            let sections = payloads.filter_map(|payload| payload.as_section());
            sections
                .filter(|(id, _)| *id != 10)
                .map(|(id, range)| (id, wasm[range].to_vec()))
                .collect()
        };
        assert_eq!(sections(&new), sections(&wasm));
    }
}
