//! Headers of artifacts: Wasmtime writes ELF files for every system.

use wasmport::engine::Target;
use wasmport_build::Kind;

/// Wasmtime's flags in the header.
const MODULE: u32 = 1;
const COMPONENT: u32 = 1 << 1;
const PULLEY_64: u32 = 1 << 3;

/// Whether the header of an artifact names this kind and target.
pub(super) fn is_for(bytes: &[u8], kind: Kind, target: &Target) -> bool {
    let is_component = kind == Kind::Component;
    if target.is_source() {
        let version: &[u8] = if is_component { b"\x0d\0\x01\0" } else { b"\x01\0\0\0" };
        return bytes.starts_with(&[b"\0asm", version].concat());
    }
    let kind = if is_component { COMPONENT } else { MODULE };
    // Code for the interpreter has another machine's number and its own flag.
    let expected = match target.triple().map(|triple| triple.architecture.into_str()) {
        None => Some((243, kind | PULLEY_64)),
        Some(arch) => machine(&arch).map(|machine| (machine, kind)),
    };
    expected.is_some() && elf(bytes) == expected
}

/// Returns ELF's number of an architecture.
fn machine(architecture: &str) -> Option<u16> {
    match architecture {
        "s390x" => Some(22),
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        "riscv64gc" => Some(243),
        _ => None,
    }
}

/// Describes a header for people.
pub(super) fn describe(bytes: &[u8]) -> String {
    match elf(bytes) {
        Some((machine, flags)) => format!("ELF machine {machine}, flags {flags:#x}"),
        None if bytes.starts_with(b"\0asm") => "wasm".into(),
        None => "neither ELF nor wasm".into(),
    }
}

/// Returns the machine and flags of a 64-bit ELF file that Wasmtime wrote.
fn elf(bytes: &[u8]) -> Option<(u16, u32)> {
    let is_wasmtimes = bytes.starts_with(b"\x7fELF\x02") && bytes.get(7) == Some(&200);
    // The sixth byte is the byte order.
    let is_big = bytes.get(5) == Some(&2);
    let number = |at: usize, len: usize| {
        let add = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        let bytes = bytes.get(at..at + len)?;
        Some(if is_big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    };
    is_wasmtimes.then(|| Some((number(18, 2)? as u16, number(48, 4)?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_distinguished() {
        let target = |text: &str| text.parse::<Target>().unwrap();
        let mut elf = vec![0; 64];
        elf[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\xc8");
        (elf[18], elf[48]) = (243, 9);
        assert!(is_for(&elf, Kind::Module, &Target::PORTABLE));
        assert!(!is_for(&elf, Kind::Module, &target("riscv64gc-unknown-linux-gnu")));
        elf[48] = 1;
        assert!(!is_for(&elf, Kind::Module, &Target::PORTABLE));
        assert!(is_for(&elf, Kind::Module, &target("riscv64gc-unknown-linux-gnu+rva23")));
        assert!(!is_for(&elf, Kind::Module, &target("aarch64-apple-darwin")));
        assert!(
            !is_for(&elf, Kind::Module, &Target::SOURCE)
                && is_for(b"\0asm\x01\0\0\0", Kind::Module, &Target::SOURCE)
        );
        elf[48] = 2;
        let riscv = target("riscv64gc-unknown-linux-gnu");
        assert!(is_for(&elf, Kind::Component, &riscv) && !is_for(&elf, Kind::Module, &riscv));
        assert!(is_for(b"\0asm\x0d\0\x01\0", Kind::Component, &Target::SOURCE));
        assert!(
            !is_for(&elf[..20], Kind::Module, &Target::PORTABLE)
                && !is_for(b"", Kind::Module, &Target::SOURCE)
        );
    }
}
