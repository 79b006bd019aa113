//! Links between pages: each leads to a file that exists, and to a heading in it.

use super::markdown::Page;
use crate::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Folders with pages, and the pages at the top.
const PLACES: [&str; 5] = ["README.md", "CHANGELOG.md", ".github", "docs", "crates"];

/// Returns every link that leads nowhere, with its page. Links to the web are not followed.
pub(crate) fn broken(root: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for place in PLACES.iter().filter(|place| root.join(place).exists()) {
        read(root, Path::new(place), &mut pages)?;
    }
    let mut broken = Vec::new();
    for (path, page) in &pages {
        for link in page.links.iter().filter(|link| !leads_away(link)) {
            if let Some(reason) = fault(root, path, link, &pages) {
                broken.push(format!("{}: {link}: {reason}", path.display()));
            }
        }
    }
    broken.extend(missing_in_summary(&pages));
    Ok(broken)
}

fn read(root: &Path, path: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    let there = root.join(path);
    if there.is_dir() {
        let entries = fs::read_dir(&there).map_err(|e| format!("{}: {e}", there.display()))?;
        for entry in entries {
            read(root, &path.join(entry?.file_name()), pages)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "md") {
        pages.insert(path.to_owned(), Page::parse(&fs::read_to_string(there)?));
    }
    Ok(())
}

fn leads_away(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

/// Returns the reason why a link of a page leads nowhere.
fn fault(root: &Path, page: &Path, link: &str, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_owned(),
        file => normal(&page.parent().unwrap_or(Path::new("")).join(file)),
    };
    if !root.join(&target).exists() {
        return Some(format!("{} does not exist", target.display()));
    }
    let is_in_book = |path: &Path| path.starts_with("docs");
    if is_in_book(page) && !is_in_book(&target) {
        return Some("the book does not contain it: name its path as code instead".into());
    }
    let found = pages.get(&target);
    match (anchor, found) {
        ("", _) | (_, None) => None,
        (anchor, Some(found)) if found.anchors.iter().any(|name| name == anchor) => None,
        (anchor, Some(_)) => Some(format!("{} has no heading `{anchor}`", target.display())),
    }
}

/// Returns the pages of the book that its contents do not list.
fn missing_in_summary(pages: &BTreeMap<PathBuf, Page>) -> Vec<String> {
    let summary = Path::new("docs/SUMMARY.md");
    let listed = pages.get(summary).map(|page| page.links.as_slice()).unwrap_or_default();
    let is_missing = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        path.parent() == summary.parent()
            && *path != summary
            && !listed.iter().any(|link| link == name)
    };
    let missing = pages.keys().filter(is_missing);
    missing.map(|path| format!("{} does not list {}", summary.display(), path.display())).collect()
}

/// Returns a path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let docs = folder.path().join("docs");
        fs::create_dir(&docs).unwrap();
        fs::write(
            folder.path().join("README.md"),
            "[a](docs/a.md#one) [b](docs/b.md) [w](https://example.com)",
        )
        .unwrap();
        fs::write(docs.join("SUMMARY.md"), "- [A](a.md)\n").unwrap();
        fs::write(
            docs.join("a.md"),
            "# A\n\n## One\n\n[x](#two) [y](../README.md) [z](a.md#one)\n",
        )
        .unwrap();
        fs::write(docs.join("c.md"), "# C\n").unwrap();
        let broken = broken(folder.path()).unwrap();
        assert_eq!(
            broken,
            [
                "README.md: docs/b.md: docs/b.md does not exist",
                "docs/a.md: #two: docs/a.md has no heading `two`",
                "docs/a.md: ../README.md: the book does not contain it: name its path as code instead",
                "docs/SUMMARY.md does not list docs/c.md",
            ]
        );
    }

    #[test]
    fn the_links_of_this_repository_lead_somewhere() {
        assert_eq!(broken(&crate::root()).unwrap(), [""; 0]);
    }
}
