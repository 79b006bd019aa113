//! The index of a corpus: the expected verdict on each file.

use super::verdict::{Outcome, Verdict};
use crate::files;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Expected verdicts by the file's path below the corpus folder.
#[derive(Debug)]
pub(super) struct Index(BTreeMap<String, Verdict>);

impl Index {
    /// Reads an index. Files with legacy exceptions count as accepted if these are `translated`.
    pub fn read(path: &Path, translated: bool) -> crate::Result<Self> {
        let text = files::read(path)?;
        Self::parse(&text, translated).map_err(|e| format!("`{}`: {e}", path.display()).into())
    }

    /// Parses a table whose first line names the columns, in any order.
    pub fn parse(text: &str, translated: bool) -> crate::Result<Self> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let column = |name: &str| {
            let position = header.iter().position(|column| *column == name);
            position.ok_or_else(|| format!("line 1: no column `{name}`"))
        };
        let columns = [column("package")?, column("file")?, column("verdict")?];
        let features = column("features").ok().filter(|_| translated);
        let rows = (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
        let rows = rows.map(|(number, line)| {
            row(line, columns, features).map_err(|message| format!("line {number}: {message}"))
        });
        Ok(Self(rows.collect::<Result<_, String>>()?))
    }

    pub fn verdict(&self, source: &str) -> Option<Verdict> {
        self.0.get(source).copied()
    }

    /// Returns the files that the import did not find.
    pub fn absent_from(&self, outcomes: &[Outcome]) -> Vec<&str> {
        let found: HashSet<&str> = outcomes.iter().map(|outcome| &*outcome.source).collect();
        self.0.keys().map(String::as_str).filter(|source| !found.contains(source)).collect()
    }
}

fn row(
    line: &str,
    columns: [usize; 3],
    features: Option<usize>,
) -> crate::Result<(String, Verdict)> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [package, file, verdict] = columns.map(|column| cells.get(column).copied());
    let (Some(package), Some(file)) = (package, file) else {
        return Err("the row is too short".into());
    };
    let is_translated = features
        .and_then(|column| cells.get(column))
        .is_some_and(|features| features.split(',').any(|feature| feature == "legacy-eh"));
    let verdict = match verdict {
        _ if is_translated => Verdict::Accepted,
        Some("accept") => Verdict::Accepted,
        Some("refuse") => Verdict::Refused,
        other => return Err(format!("{other:?} is neither `accept` nor `refuse`").into()),
    };
    // The slash of an npm scope would make another folder.
    Ok((format!("{}/{file}", package.replace('/', "__")), verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let text =
            "verdict\tsize\tfile\tpackage\naccept\t1\ta/b.wasm\t@x/y@1.0\n\nrefuse\t2\tc.wat\tz\n";
        let index = Index::parse(text, false).unwrap();
        assert_eq!(index.verdict("@x__y@1.0/a/b.wasm"), Some(Verdict::Accepted));
        assert_eq!(index.verdict("z/c.wat"), Some(Verdict::Refused));
        assert_eq!(index.verdict("c.wat"), None);
    }

    #[test]
    fn translated_files_are_accepted() {
        let text =
            "package\tfile\tverdict\tfeatures\na\tb\trefuse\tsimd,legacy-eh\na\tc\trefuse\t\n";
        for (translated, expected) in [(false, Verdict::Refused), (true, Verdict::Accepted)] {
            let index = Index::parse(text, translated).unwrap();
            assert_eq!(index.verdict("a/b"), Some(expected));
            assert_eq!(index.verdict("a/c"), Some(Verdict::Refused));
        }
    }

    #[test]
    fn files_of_the_index_may_be_absent() {
        let text = "package\tfile\tverdict\na\tb.wasm\taccept\na\tc.wasm\taccept\n";
        let index = Index::parse(text, false).unwrap();
        let outcomes = [Outcome::new("a/c.wasm", Verdict::Refused)];
        assert_eq!(index.absent_from(&outcomes), ["a/b.wasm"]);
    }

    #[test]
    fn errors_name_line_and_column() {
        let error = |text: &str| Index::parse(text, false).unwrap_err().to_string();
        assert_eq!(error("package\tverdict\n"), "line 1: no column `file`");
        let header = "package\tfile\tverdict\n";
        assert!(error(&format!("{header}a\tb\tmaybe\n")).starts_with("line 2: Some(\"maybe\")"));
        assert_eq!(error(&format!("{header}a\n")), "line 2: the row is too short");
    }
}
