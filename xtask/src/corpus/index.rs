//! The index: the verdict that each file of a corpus must get.

use super::verdict::{Outcome, Verdict};
use crate::files;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Expected verdicts by the file's path below the corpus folder.
#[derive(Debug)]
pub(super) struct Index(BTreeMap<String, Verdict>);

impl Index {
    /// Where exceptions of before the standard are `translated`, what has them is to be accepted.
    pub fn read(path: &Path, translated: bool) -> crate::Result<Self> {
        let text = files::read(path)?;
        Ok(Self::parse(&text, translated).map_err(|e| format!("`{}`: {e}", path.display()))?)
    }

    /// The first line names the columns; their order and any others do not matter.
    pub fn parse(text: &str, translated: bool) -> Result<Self, String> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let column = |name: &str| {
            let position = header.iter().position(|column| *column == name);
            position.ok_or_else(|| format!("line 1: there is no column `{name}`"))
        };
        let columns = [column("package")?, column("file")?, column("verdict")?];
        let features = column("features").ok().filter(|_| translated);
        let rows = (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
        let rows = rows.map(|(number, line)| {
            row(line, columns, features).map_err(|message| format!("line {number}: {message}"))
        });
        rows.collect::<Result<_, _>>().map(Self)
    }

    pub fn verdict(&self, source: &str) -> Option<Verdict> {
        self.0.get(source).copied()
    }

    /// The files that the import did not come across.
    pub fn absent_from(&self, outcomes: &[Outcome]) -> Vec<&str> {
        let found: HashSet<&str> = outcomes.iter().map(|outcome| &*outcome.source).collect();
        self.0.keys().map(String::as_str).filter(|source| !found.contains(source)).collect()
    }
}

fn row(
    line: &str,
    columns: [usize; 3],
    features: Option<usize>,
) -> Result<(String, Verdict), String> {
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
        other => return Err(format!("{other:?} is neither `accept` nor `refuse`")),
    };
    // npm's scopes would be folders of their own.
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
    fn what_is_translated_is_accepted() {
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
        let error = |text: &str| Index::parse(text, false).unwrap_err();
        assert_eq!(error("package\tverdict\n"), "line 1: there is no column `file`");
        let header = "package\tfile\tverdict\n";
        assert!(error(&format!("{header}a\tb\tmaybe\n")).starts_with("line 2: Some(\"maybe\")"));
        assert_eq!(error(&format!("{header}a\n")), "line 2: the row is too short");
    }
}
