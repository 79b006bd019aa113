//! Lines of code: lines that are not blank and hold more than a comment.

use crate::error::Result;
use crate::files;
use std::path::Path;

/// Counts the lines of code in a file.
pub(crate) fn of_file(path: &Path) -> Result<usize> {
    Ok(of_text(&files::read_text(path)?))
}

/// Counts the lines of code in Rust, C or TOML. Comments begin with `//`, with `# ` at the start of a line, or are between
/// `/*` and `*/`; a comment behind code does not matter.
fn of_text(text: &str) -> usize {
    let mut in_comment = false;
    let is_code = |line: &&str| {
        let line = line.trim();
        let starts = line.starts_with("/*");
        let is_comment = in_comment
            || starts
            || line.is_empty()
            || line.starts_with("//")
            || line.starts_with("# ");
        in_comment = (in_comment || starts) && !line.contains("*/");
        !is_comment
    };
    text.lines().filter(is_code).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        let rust = "//! Doc.\n\nuse a; // why\n    // more\n#[test]\nfn f() {}\n";
        assert_eq!(of_text(rust), 3);
        assert_eq!(of_text("/* One. */\n#include <a.h>\n/* Two\n   lines. */\nint a;\n"), 2);
        assert_eq!(of_text("# Settings.\n[import]\nroots = []\n"), 2);
    }
}
