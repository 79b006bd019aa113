//! `llms.txt` and `llms-full.txt`: the book for language models, in the form of <https://llmstxt.org>.

use super::markdown::Page;
use crate::Result;
use std::fs;
use std::path::Path;

/// Writes both files beside the pages of the book, and the texts of the pages, to which the first one links.
pub(super) fn write(docs: &Path, out: &Path) -> Result<()> {
    let Texts { list, pages } = texts(docs)?;
    fs::write(out.join("llms.txt"), list)?;
    let all: String = pages.iter().map(|(_, text)| format!("{text}\n\n")).collect();
    fs::write(out.join("llms-full.txt"), all)?;
    for (file, text) in pages {
        fs::write(out.join(file), text + "\n")?;
    }
    Ok(())
}

/// The list of all pages, and the file and text of each.
struct Texts {
    list: String,
    pages: Vec<(String, String)>,
}

fn texts(docs: &Path) -> Result<Texts> {
    let summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    let mut list = String::from(
        "# wasmport\n\n> WebAssembly assets for Rust programs: precompiled, typed and verified.\n",
    );
    let mut pages = Vec::new();
    // The heading of the next pages, which a part without pages does not need.
    let mut heading = String::new();
    for line in summary.lines() {
        if let Some(part) = line.strip_prefix("# ") {
            heading = format!("\n## {part}\n\n");
        }
        let link = line.split_once("](").and_then(|(_, rest)| rest.strip_suffix(')'));
        if let Some(file) = link {
            let text = fs::read_to_string(docs.join(file))?;
            let Page { title, summary, .. } = Page::parse(&text);
            list += &std::mem::take(&mut heading);
            list += &format!("- [{title}]({file}): {summary}\n");
            pages.push((file.to_owned(), visible(&text).trim().to_owned()));
        }
    }
    Ok(Texts { list, pages })
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
        let Texts { list, pages } = texts(folder.path()).unwrap();
        assert!(list.ends_with("verified.\n\n## Part\n\n- [Title](a.md): What it is.\n"), "{list}");
        let text = "# Title\n\nWhat it is.\n\n```rust\nlet y = 1;\n```\n\n# Other";
        assert_eq!(pages, [("a.md".to_owned(), text.to_owned())]);
    }
}
