//! Text about sizes.

use crate::text::shortened;
use wasmport_build::diff::{Mover, SizeDiff, difference};

/// The number of sections and of functions that are listed.
const SECTIONS: usize = 5;
const FUNCTIONS: usize = 10;

/// Returns a length before and after, such as `120 -> 150 bytes (+30)`.
pub(super) fn change(before: Option<u64>, after: Option<u64>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before == after => format!("{after} bytes"),
        (Some(before), Some(after)) => {
            format!("{before} -> {after} bytes ({:+})", difference(before, after))
        }
        (None, Some(after)) => format!("new, {after} bytes"),
        (Some(before), None) => format!("removed, {before} bytes"),
        (None, None) => "none".into(),
    }
}

/// Returns the lines about the sections and functions with the largest differences.
pub(super) fn lines(diff: &SizeDiff, most: usize) -> Vec<String> {
    let SizeDiff { sections, functions, moved_functions, .. } = diff;
    let (of_sections, of_functions) =
        if most == usize::MAX { (sections.len(), functions.len()) } else { (SECTIONS, FUNCTIONS) };
    let section = |mover: &Mover| format!("section {}: {}", name(mover), of(mover));
    let function = |mover: &Mover| format!("function {}: {}", name(mover), of(mover));
    let mut lines: Vec<String> = sections.iter().take(of_sections).map(section).collect();
    lines.extend(functions.iter().take(of_functions).map(function));
    let rest = moved_functions.saturating_sub(functions.len().min(of_functions));
    if rest > 0 {
        lines.push(format!("and {rest} more functions of other sizes"));
    }
    lines
}

/// Returns the difference of a section or function.
pub(super) fn of(mover: &Mover) -> String {
    change(mover.before, mover.after)
}

/// Returns the name of a section or function, with the number of its module if that is not the first.
pub(super) fn name(mover: &Mover) -> String {
    let name = shortened(&mover.name);
    match mover.module {
        None | Some(0) => name,
        Some(module) => format!("{name} of module {module}"),
    }
}
