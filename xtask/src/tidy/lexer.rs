//! Splits Rust source into words and signs; comments, the insides of literals and tests are left out.

/// A word, `::`, another sign, or the quote in front of a literal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

pub(super) const CLOSING: &[&str] = &[")", "]", "}"];

/// Returns the tokens of `text`, without items behind `#[cfg(test)]` or `#[cfg(all(test, …))]`.
pub(super) fn code(text: &str) -> Vec<Token<'_>> {
    let tests = ["#[cfg(test)", "#[cfg(all(test,"].map(tokens);
    let (tokens, mut code) = (tokens(text), Vec::new());
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if tests.iter().any(|test| begins(rest, test)) {
            rest = &rest[group(rest, &[";", "}"])..];
        } else {
            code.push(*first);
            rest = after;
        }
    }
    code
}

/// Whether the first tokens are those of `pattern`.
pub(super) fn begins(found: &[Token<'_>], pattern: &[Token<'_>]) -> bool {
    found.len() >= pattern.len() && found.iter().zip(pattern).all(|(a, b)| a.text == b.text)
}

/// Returns how many tokens there are up to the first of `ends` that is outside of all brackets.
pub(super) fn group(tokens: &[Token<'_>], ends: &[&str]) -> usize {
    let mut depth = 0_usize;
    let end = tokens.iter().position(|token| {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && ends.contains(&token.text)
    });
    end.map_or(tokens.len(), |end| end + 1)
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(length(rest, first));
        let is_comment = token.starts_with("//") || token.starts_with("/*");
        if !first.is_whitespace() && !is_comment {
            let is_literal = token.len() > 1 && token.ends_with(['"', '\'', '#']);
            tokens.push(Token { text: if is_literal { "\"" } else { token }, line });
        }
        line += token.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Returns the length of the token or comment that `rest` begins with.
fn length(rest: &str, first: char) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    match first {
        '/' if rest.starts_with("//") => until("\n"),
        '/' if rest.starts_with("/*") => until("*/"),
        ':' if rest.starts_with("::") => 2,
        'r' if rest[1..].trim_start_matches('#').starts_with('"') => {
            let (hashes, text) = rest[1..].split_once('"').unwrap_or_default();
            let end = text.find(&format!("\"{hashes}")).unwrap_or(text.len());
            rest.len().min(2 + end + 1 + 2 * hashes.len())
        }
        '"' => quoted(rest, '"'),
        // Others are lifetimes.
        '\'' if rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'') => {
            quoted(rest, '\'')
        }
        c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        c => c.len_utf8(),
    }
}

/// Returns the length of a literal in which a backslash escapes the next character.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = rest[1..].find(|c| {
        let is_end = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 2)
}
