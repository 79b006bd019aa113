//! The examples in `docs/stages.md`: each module after its stage is what the importer makes of it.

use crate::project::{Project, statuses};
use crate::schema::{assert_current, root};
use std::fs;
use wasmport_build::{Stage, Status};

/// The stages with an example, in the order of the page.
const SHOWN: [Stage; 5] =
    [Stage::Translate, Stage::Preinit, Stage::Optimize, Stage::Strip, Stage::Canonicalize];

#[test]
fn the_book_shows_modules_before_and_after_each_stage() {
    let has_tool = std::env::var_os("WASM_OPT").is_some();
    let book = fs::read_to_string(root().join("docs/stages.md")).unwrap();
    let (head, rest) = book.split_once("\n## Before and after\n").unwrap();
    let (examples, tail) = rest.split_once("\n### The others\n").unwrap();
    let mut parts = examples.split("\n### ");
    let mut expected = format!("{head}\n## Before and after\n{}", parts.next().unwrap());
    let mut shown = Vec::new();
    for part in parts {
        let (title, _) = part.split_once('\n').unwrap();
        let stage = *SHOWN.iter().find(|stage| stage.name() == title.to_lowercase()).unwrap();
        shown.push(stage);
        let (before, old) = part.split_once("\nbecomes:\n").unwrap();
        expected += &format!("\n### {before}\nbecomes:\n");
        if has_tool || !matches!(stage, Stage::Translate | Stage::Optimize) {
            let after = after(stage, block(before, "toml"), block(before, "wat"));
            expected += &format!("\n```wat\n{}\n```\n", after.trim());
        } else {
            expected += old;
        }
    }
    assert_eq!(shown, SHOWN);
    assert_current("docs/stages.md", &format!("{expected}\n### The others\n{tail}"));
}

/// Returns the content of the first code block of a language.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// Returns the module after a stage, as text.
fn after(stage: Stage, settings: &str, wat: &str) -> String {
    let project = Project::with(&[("example.wat", wat.as_bytes())]);
    let settings = format!("targets = [\"source\"]\n{settings}");
    let folder = tempfile::tempdir().unwrap();
    let report = project.configured(&settings).emit_stages(folder.path()).run(&()).unwrap();
    assert_eq!(statuses(&report), [("example.wat", Status::Imported)], "{:?}", report.assets);
    let number = Stage::ALL.iter().position(|other| *other == stage).unwrap();
    fs::read_to_string(folder.path().join(format!("example/{number:02}-{stage}.wat"))).unwrap()
}
