//! Any bytes: an error or an import, never a panic, and generated code that parses.

use crate::project::{CALC, Project, wasm};
use proptest::prelude::*;
use wasmport_build::Status;

fn import(bytes: &[u8]) {
    let project = Project::with(&[("any.wasm", bytes)]);
    let report = project.import();
    let asset = &report.assets[0];
    match &asset.error {
        Some(error) => assert!(!error.message.contains("panicked"), "{error}"),
        None => {
            assert_eq!(asset.status, Status::Imported);
            syn::parse_file(&project.wrapper("any")).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn junk(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        import(&bytes);
    }

    #[test]
    fn flipped_bits(flips in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4)) {
        let mut bytes = wasm(CALC);
        for (index, bit) in flips {
            let i = index.index(bytes.len());
            bytes[i] ^= 1 << bit;
        }
        import(&bytes);
    }

    #[test]
    fn fault_12_any_export_and_parameter_name(name in any::<String>(), param in "\\PC{0,20}", module in any::<String>()) {
        let mut text = String::from("(module (import \"");
        escape(&module, &mut text);
        text.push_str("\" \"");
        escape(&param, &mut text);
        text.push_str("\" (func)) (func (export \"");
        escape(&name, &mut text);
        text.push_str("\")))");
        import(text.as_bytes());
    }
}

/// A WAT string's contents.
fn escape(name: &str, text: &mut String) {
    for byte in name.bytes() {
        text.push_str(&format!("\\{byte:02x}"));
    }
}
