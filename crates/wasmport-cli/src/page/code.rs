//! A function's wasm and machine code, side by side.

use super::cut;
use wasmport_build::inspector::CodeView;

/// The longest line in characters.
const LONGEST: usize = 200;

/// A line with the offset of the wasm instruction that it belongs to.
pub(super) struct Line {
    pub offset: Option<String>,
    pub address: Option<String>,
    pub text: String,
}

/// The code for a target.
pub(super) struct Machine {
    pub target: String,
    pub lines: Vec<Line>,
    pub note: Option<String>,
}

/// A function.
pub(super) struct CodePage {
    pub name: String,
    pub wasm: Vec<Line>,
    pub machine: Vec<Machine>,
    pub is_cut: bool,
}

impl CodePage {
    pub fn new(view: &CodeView) -> Self {
        let hex = |offset: u32| format!("{offset:x}");
        let wasm = view.wasm.iter().map(|line| Line {
            offset: line.offset.map(hex),
            address: None,
            text: cut(&line.text, LONGEST),
        });
        let machine = view.machine.iter().map(|machine| Machine {
            target: machine.target.to_string(),
            lines: machine
                .lines
                .iter()
                .map(|line| Line {
                    offset: line.wasm_offset.map(hex),
                    address: Some(hex(line.address)),
                    text: cut(&line.text, LONGEST),
                })
                .collect(),
            note: machine.note.as_deref().map(super::cell),
        });
        let name = match (&view.name, view.module) {
            (Some(name), _) => super::cell(name),
            (None, 0) => format!("function {}", view.index),
            (None, module) => format!("function {} of module {module}", view.index),
        };
        Self { name, wasm: wasm.collect(), machine: machine.collect(), is_cut: view.is_cut }
    }
}
