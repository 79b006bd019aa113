//! `llms.txt` and `llms-full.txt`: the book for language models, in the form of <https://llmstxt.org>.

use super::markdown::Page;
use crate::Result;
use std::fs;
use std::path::Path;

/// Writes both files beside the pages of the book.
pub(super) fn write(docs: &Path, out: &Path) -> Result<()> {
    let (list, all) = texts(docs)?;
    fs::write(out.join("llms.txt"), list)?;
    fs::write(out.join("llms-full.txt"), all)?;
    Ok(())
}

/// Returns the list of all pages, and the text of all pages.
fn texts(docs: &Path) -> Result<(String, String)> {
    let summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    let mut list = String::from(
        "# wasmport\n\n> WebAssembly assets for Rust programs: precompiled, typed and verified.\n",
    );
    let mut all = String::new();
    for line in summary.lines() {
        if let Some(part) = line.strip_prefix("# ") {
            list += &format!("\n## {part}\n\n");
        }
        let link = line.split_once("](").and_then(|(_, rest)| rest.strip_suffix(')'));
        if let Some(file) = link {
            let text = fs::read_to_string(docs.join(file))?;
            let Page { title, summary, .. } = Page::parse(&text);
            list += &format!("- [{title}]({file}): {summary}\n");
            all += &format!("{}\n\n", visible(&text).trim());
        }
    }
    Ok((list, all))
}

/// Returns a page without the lines of code that the book hides.
fn visible(page: &str) -> String {
    let mut is_rust = false;
    let mut text = String::new();
    for line in page.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            is_rust = language.starts_with("rust");
        }
        if !(is_rust && (line == "#" || line.starts_with("# "))) {
            text += line;
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_page_and_hidden_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("SUMMARY.md"), "# Book\n\n# Part\n\n- [A](a.md)\n").unwrap();
        let page = "# Title\n\nWhat it is.\n\n```rust\n# use x;\nlet y = 1;\n```\n\n# Other\n";
        fs::write(folder.path().join("a.md"), page).unwrap();
        let (list, all) = texts(folder.path()).unwrap();
        assert!(list.ends_with("\n## Part\n\n- [Title](a.md): What it is.\n"), "{list}");
        assert_eq!(all, "# Title\n\nWhat it is.\n\n```rust\nlet y = 1;\n```\n\n# Other\n\n");
    }
}
