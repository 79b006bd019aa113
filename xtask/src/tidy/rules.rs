//! Reads `xtask/rules.txt` and checks the rules about the text of files.

use super::lexer::{begins, code};
use std::path::Path;

const MAX_LINES: usize = 500;

/// Lines of words: the kind of the rule, what it is about, and the rest.
pub(super) struct Rules(Vec<Vec<String>>);

impl Rules {
    /// Reads the rules of the repository in `root`.
    pub fn read(root: &Path) -> crate::Result<Self> {
        let text = std::fs::read_to_string(root.join("xtask/rules.txt"))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let words = |line: &str| line.split_whitespace().map(Into::into).collect::<Vec<String>>();
        Ok(Self(lines.map(words).filter(|words| words.len() > 1).collect()))
    }

    /// Returns what the rules of this kind list for `subject`.
    pub fn of<'a>(&'a self, kind: &'a str, subject: &'a str) -> impl Iterator<Item = &'a str> {
        let rules = self.0.iter().filter(move |rule| rule[0] == kind && rule[1] == subject);
        rules.flat_map(|rule| &rule[2..]).map(String::as_str)
    }

    /// Returns a line for each rule that the text of a library file breaks.
    pub fn check(&self, file: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        if !text.starts_with("//!") {
            found.push(format!("{file}:1: the file begins without a sentence on it (`//!`)"));
        }
        if text.lines().count() > MAX_LINES {
            found.push(format!("{file}: more than {MAX_LINES} lines"));
        }
        let unfinished = ["TODO", "FIXME", "XXX"].into_iter().filter(|word| text.contains(word));
        found.extend(unfinished.map(|word| format!("{file}: `{word}`")));
        let path = file.replacen("crates/", "", 1).replacen("/src", "", 1).replace(".rs", "/");
        let is_in = |place: &String| path.starts_with(&format!("{place}/"));
        let tokens = code(text);
        for rule in &self.0 {
            let words = match rule[0].as_str() {
                "only" if !rule[2..].iter().any(is_in) => &rule[1..2],
                "never" if is_in(&rule[1]) => &rule[2..],
                _ => &[],
            };
            for word in words {
                let pattern = code(word);
                if let Some(at) = (0..tokens.len()).find(|at| begins(&tokens[*at..], &pattern)) {
                    let (line, rule) = (tokens[at].line, rule.join(" "));
                    found.push(format!("{file}:{line}: `{word}` against `{rule}`"));
                }
            }
        }
        found
    }
}
