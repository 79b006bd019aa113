//! Finds in a file which modules it declares, which names it defines and which paths it uses.

use super::lexer::{CLOSING, Token, group};
use std::collections::{BTreeMap, BTreeSet};

/// Words in front of the name of an item.
const ITEMS: &[&str] =
    &["struct", "enum", "union", "trait", "type", "fn", "const", "static", "mod"];

/// Macros whose tokens are code of another crate.
const QUOTES: &[&str] = &["quote", "quote_spanned", "parse_quote"];

/// A path as written, and its line.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// Inline modules around it, which `super` leaves first.
    inline: usize,
}

/// Names and paths of one file.
#[derive(Default)]
pub(super) struct Source {
    /// Modules that are files of their own.
    pub children: BTreeSet<String>,
    pub items: BTreeSet<String>,
    /// Paths of `use` items, by the name that each brings into the file.
    pub imports: BTreeMap<String, Path>,
    /// Modules of which `use` brings every name.
    pub globs: Vec<Path>,
    /// All paths of `use` items, and others that begin with `crate`, `self` or `super`.
    pub paths: Vec<Path>,
}

impl Source {
    /// Reads the tokens of a file or inline module.
    pub fn read(&mut self, mut tokens: &[Token<'_>], inline: usize) {
        while let Some(token) = tokens.first() {
            let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
            let path = Path { line: token.line, inline, ..Path::default() };
            let len = match (token.text, text(1), text(2)) {
                ("use", ..) => 1 + self.add_use(&tokens[1..], path),
                ("crate" | "self" | "super", "::", _) => self.add_path(tokens, path),
                (word, "!", _) if QUOTES.contains(&word) => 2 + group(&tokens[2..], CLOSING),
                ("mod", child, ";") => {
                    self.children.insert(child.into());
                    3
                }
                ("mod", name, "{") => {
                    self.items.insert(name.into());
                    let len = 2 + group(&tokens[2..], CLOSING);
                    self.read(&tokens[3..len], inline + 1);
                    len
                }
                (word, name, _) if ITEMS.contains(&word) => {
                    self.items.insert(name.into());
                    2
                }
                // A macro is expanded in other crates.
                ("$", "crate", _) => 2,
                _ => 1,
            };
            tokens = &tokens[len..];
        }
    }

    /// Adds the path at the start and returns its length.
    fn add_path(&mut self, tokens: &[Token<'_>], mut path: Path) -> usize {
        let colons = tokens.iter().skip(1).step_by(2).take_while(|sign| sign.text == "::").count();
        tokens.iter().step_by(2).take(colons + 1).for_each(|word| path.push(word));
        self.paths.push(path);
        colons * 2
    }

    /// Adds the paths of a `use` item and returns its length.
    fn add_use(&mut self, tokens: &[Token<'_>], start: Path) -> usize {
        let len = group(tokens, &[";"]);
        let (mut path, mut prefixes) = (start.clone(), vec![start]);
        for (at, token) in tokens[..len - 1].iter().enumerate() {
            match token.text {
                "::" | "as" => {}
                "{" => prefixes.push(path.clone()),
                "}" => drop(prefixes.pop()),
                "," => path = prefixes.last().cloned().unwrap_or_default(),
                "*" => {
                    self.globs.push(path.clone());
                    self.paths.push(path.clone());
                }
                alias if at > 0 && tokens[at - 1].text == "as" => {
                    self.imports.insert(alias.into(), path.clone());
                }
                _ => {
                    path.push(token);
                    if tokens[at + 1].text != "::" {
                        self.paths.push(path.clone());
                        let name = path.segments.last().cloned().unwrap_or_default();
                        self.imports.insert(name, path.clone());
                    }
                }
            }
        }
        len
    }
}

impl Path {
    fn push(&mut self, segment: &Token<'_>) {
        self.line = segment.line;
        match segment.text {
            "super" if self.inline > 0 => self.inline -= 1,
            "self" if !self.segments.is_empty() => {}
            text => self.segments.push(text.into()),
        }
    }
}
