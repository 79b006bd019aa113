//! Disassembly: machine code by Capstone, the interpreter's code by Pulley.

use super::{MOST_LINES, MachineLine, line};
use crate::sizes;
use capstone::arch::{BuildsCapstone as _, BuildsCapstoneExtraMode as _};
use capstone::{Capstone, arch};
use pulley_interpreter::decode::Decoder;
use pulley_interpreter::disas::Disassembler;
use std::collections::BTreeMap;
use target_lexicon::Architecture;
use wasmport::engine::Target;

/// The most bytes of code that are disassembled.
const MOST_BYTES: usize = 64 << 10;

/// The section that maps code to offsets in the wasm.
const ADDRESS_MAP: &str = ".wasmtime.addrmap";

type Lines = Vec<(u32, String)>;

/// Disassembles a function of an artifact, and returns whether instructions are left out.
///
/// # Errors
///
/// Fails if the artifact has no such function, or if its architecture has no disassembler.
pub(super) fn code(
    artifact: &[u8],
    target: &Target,
    module: u32,
    index: u32,
) -> Result<(Vec<MachineLine>, bool), String> {
    let missing = || "the artifact has no code for the function".to_owned();
    let found = sizes::code_of(artifact, module, index).ok_or_else(missing)?;
    let code = found.code.get(..MOST_BYTES).unwrap_or(found.code);
    let mut lines = match target.triple() {
        Some(triple) => machine(code, triple.architecture)?,
        None => interpreted(code),
    };
    let is_cut = code.len() < found.code.len() || lines.len() > MOST_LINES;
    lines.truncate(MOST_LINES);
    let origins = origins(artifact, found.start, code.len());
    let with_origin = |(address, text): (u32, String)| {
        let origin = origins.range(..=address).next_back();
        MachineLine { address, text: line(&text), wasm_offset: origin.and_then(|(_, o)| *o) }
    };
    Ok((lines.into_iter().map(with_origin).collect(), is_cut))
}

/// Returns the offsets in the wasm by the address in the function from which on they hold.
fn origins(artifact: &[u8], start: u64, len: usize) -> BTreeMap<u32, Option<u32>> {
    let Some(section) = sizes::section_of(artifact, ADDRESS_MAP) else { return BTreeMap::new() };
    let entries = wasmtime_environ::iterate_address_map(section);
    let own = entries.into_iter().flatten().filter_map(|(address, position)| {
        let address = u64::from(address).checked_sub(start)?;
        let address = u32::try_from(address).ok().filter(|at| (*at as usize) < len)?;
        Some((address, position.file_offset()))
    });
    own.collect()
}

fn machine(code: &[u8], architecture: Architecture) -> Result<Lines, String> {
    let failed = |e: capstone::Error| format!("Capstone cannot disassemble it: {e}");
    let builder = Capstone::new();
    let capstone = match architecture {
        Architecture::X86_64 => builder.x86().mode(arch::x86::ArchMode::Mode64).build(),
        Architecture::Aarch64(_) => builder.arm64().mode(arch::arm64::ArchMode::Arm).build(),
        Architecture::Riscv64(_) => {
            let compressed = std::iter::once(arch::riscv::ArchExtraMode::RiscVC);
            builder.riscv().mode(arch::riscv::ArchMode::RiscV64).extra_mode(compressed).build()
        }
        Architecture::S390x => builder.sysz().mode(arch::sysz::ArchMode::Default).build(),
        other => return Err(format!("there is no disassembler for {other}")),
    };
    let mut capstone = capstone.map_err(failed)?;
    // Constants lie between instructions.
    capstone.set_skipdata(true).map_err(failed)?;
    let instructions = capstone.disasm_count(code, 0, MOST_LINES + 1).map_err(failed)?;
    let text = |instruction: &capstone::Insn<'_>| {
        let [name, operands] =
            [instruction.mnemonic(), instruction.op_str()].map(Option::unwrap_or_default);
        let address = u32::try_from(instruction.address()).unwrap_or(u32::MAX);
        (address, format!("{name} {operands}").trim_end().to_owned())
    };
    Ok(instructions.iter().map(text).collect())
}

fn interpreted(code: &[u8]) -> Lines {
    let mut disassembler = Disassembler::new(code);
    let _ = disassembler.hexdump(false);
    // An error is the end of what can be read.
    let _ = Decoder::decode_all(&mut disassembler);
    let lines = disassembler.disas().lines().filter_map(|line| {
        let (address, text) = line.trim_start().split_once(':')?;
        let address = u32::from_str_radix(address, 16).ok()?;
        Some((address, text.trim().to_owned()))
    });
    lines.take(MOST_LINES + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmport::EngineConfig;
    use wasmport::engine::{RequiredFeatures, compile_config};

    #[test]
    fn code_is_disassembled_with_its_origin() {
        let wat =
            "(module (func) (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s))";
        let wasm = wat::parse_str(wat).unwrap();
        for target in [Target::host(), Target::PORTABLE] {
            let config = compile_config(&EngineConfig::default(), &target, RequiredFeatures::NONE);
            let engine = wasmtime::Engine::new(&config.unwrap()).unwrap();
            let artifact = engine.precompile_module(&wasm).unwrap();
            let (lines, is_cut) = code(&artifact, &target, 0, 1).unwrap();
            assert!(!is_cut);
            let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            let division = text.iter().position(|line| line.contains("div"));
            let division = division.unwrap_or_else(|| panic!("{target}: {text:?}"));
            // The opcode of a signed division.
            let origin = lines[division].wasm_offset.unwrap();
            assert_eq!(wasm[origin as usize], 0x6d, "{target}: {lines:?}");
            assert!(lines.is_sorted_by_key(|line| line.address));
            assert!(code(&artifact, &target, 0, 7).is_err() && code(b"", &target, 0, 0).is_err());
        }
    }
}
