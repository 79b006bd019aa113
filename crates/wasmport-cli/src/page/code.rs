//! A function's wasm and machine code, side by side.

use super::cut;
use super::room::shares;
use super::rows::{escaped_len, row_len, within};
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

impl Line {
    /// Returns the bytes of the cells.
    fn cells(&self) -> Vec<usize> {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        // The offset is an attribute too.
        vec![2 * len(&self.offset), len(&self.address), escaped_len(&self.text)]
    }
}

impl CodePage {
    /// Prepares the code of a function, with as many lines as fit into `room` bytes of the page.
    pub fn new(view: &CodeView, room: usize) -> Self {
        let hex = |offset: u32| format!("{offset:x}");
        let wasm = view.wasm.iter().map(|line| Line {
            offset: line.offset.map(hex),
            address: None,
            text: cut(&line.text, LONGEST),
        });
        let mut wasm: Vec<Line> = wasm.collect();
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
        let mut machine: Vec<Machine> = machine.collect();
        let mut lists: Vec<&mut Vec<Line>> = vec![&mut wasm];
        lists.extend(machine.iter_mut().map(|machine| &mut machine.lines));
        let is_cut = shorten(&mut lists, room) || view.is_cut;
        let name = match (&view.name, view.module) {
            (Some(name), _) => super::cell(name),
            (None, 0) => format!("function {}", view.index),
            (None, module) => format!("function {} of module {module}", view.index),
        };
        Self { name, wasm, machine, is_cut }
    }
}

/// Shortens lists of lines until all fit into `room` bytes, and returns whether one was too long.
fn shorten(lists: &mut [&mut Vec<Line>], room: usize) -> bool {
    let need = |lines: &Vec<Line>| lines.iter().map(|line| row_len(&line.cells())).sum::<usize>();
    let needs: Vec<usize> = lists.iter().map(|lines| need(lines)).collect();
    let mut is_cut = false;
    for (lines, share) in lists.iter_mut().zip(shares(&needs, room)) {
        let (taken, left) = within(std::mem::take(*lines).into_iter(), share, Line::cells);
        **lines = taken;
        is_cut |= left > 0;
    }
    is_cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_bounded_in_bytes() {
        let line = |text: &str| Line { offset: None, address: None, text: text.into() };
        let mut short: Vec<Line> = (0..3).map(|_| line("nop")).collect();
        let mut long: Vec<Line> = (0..1000).map(|_| line(&"&".repeat(200))).collect();
        assert!(shorten(&mut [&mut short, &mut long], 100_000));
        let bytes: usize = long.iter().map(|line| escaped_len(&line.text)).sum();
        assert_eq!(short.len(), 3);
        assert!((50_000..100_000).contains(&bytes), "{bytes}");
        assert!(!shorten(&mut [&mut short, &mut long], 200_000));
    }
}
