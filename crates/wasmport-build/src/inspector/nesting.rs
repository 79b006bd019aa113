//! Nesting: how deep a parser of Rust calls itself for a text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The deepest nesting that is parsed: 200 brackets, or 4000 tokens in one expression or type.
const DEEPEST: usize = 4000;

/// The part of a bracket: a parser calls itself several times for it.
const BRACKET: usize = 20;

/// A list of tokens that is read.
struct Level {
    tokens: proc_macro2::token_stream::IntoIter,
    /// The nesting of the brackets around it.
    outer: usize,
    /// The tokens since the last separator.
    run: usize,
    last: Last,
}

/// The token before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A `#`: brackets that follow are an attribute.
    Hash,
    /// Braces, which end an item or a statement if no operator follows.
    Braces,
    Other,
}

/// Returns whether syn parses tokens with few enough calls of itself. Each bracket counts, and each token between two
/// separators: operators, generic arguments and calls are nested without brackets too.
pub(super) fn is_shallow(tokens: TokenStream) -> bool {
    let level = |tokens: TokenStream, outer| Level {
        tokens: tokens.into_iter(),
        outer,
        run: 0,
        last: Last::Other,
    };
    let mut stack = vec![level(tokens, 0)];
    while let Some(current) = stack.last_mut() {
        let Some(token) = current.tokens.next() else {
            drop(stack.pop());
            continue;
        };
        let is_attribute = current.last == Last::Hash
            && matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
        if current.last == Last::Braces && begins_anew(&token) {
            current.run = 0;
        }
        current.last = last(&token);
        if is_separator(&token) {
            current.run = 0;
        } else if !is_attribute && current.last != Last::Hash {
            current.run += 1;
        }
        let nesting = current.outer + current.run;
        if nesting > DEEPEST {
            return false;
        }
        if let TokenTree::Group(group) = token {
            stack.push(level(group.stream(), nesting + BRACKET));
        }
    }
    true
}

fn last(token: &TokenTree) -> Last {
    match token {
        TokenTree::Punct(punct) if punct.as_char() == '#' => Last::Hash,
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Last::Braces,
        _ => Last::Other,
    }
}

fn is_separator(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if [';', ','].contains(&punct.as_char()))
}

/// Returns whether a token after braces begins another item, statement or arm.
fn begins_anew(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => *ident != "else" && *ident != "as",
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shallow(source: &str) -> bool {
        is_shallow(source.parse().unwrap())
    }

    #[test]
    fn deep_texts_are_found_without_parsing_them() {
        let bracketed =
            |count: usize| format!("const X: u32 = {}1{};", "(".repeat(count), ")".repeat(count));
        assert!(shallow(&bracketed(100)) && !shallow(&bracketed(300)));
        assert!(!shallow(&bracketed(100_000)));
        for deep in ["!", "1 + ", "|| ", "Box < ", "if a {} else ", "{} + ", "return ", "a . b "] {
            let source = format!("const X: u32 = {}1;", deep.repeat(10_000));
            assert!(!shallow(&source), "{deep}");
        }
        // Brackets in texts and comments are none.
        let text = format!("const X: &str = \"{}\"; // {}", "(".repeat(1000), "[".repeat(1000));
        assert!(shallow(&text));
    }

    #[test]
    fn long_texts_are_shallow() {
        for item in [
            "/// A line.\n",
            "pub fn a(b: u32) -> u32 { b }\n",
            "pub mod a { const B: u32 = 1; }\n",
            "#[a] impl B for C {}\n",
            "const A: &[u32] = &[1, 2, 3];\n",
        ] {
            assert!(shallow(&format!("{}struct A;", item.repeat(10_000))), "{item}");
        }
        let arms: String = (0..10_000).map(|n| format!("{n} => {{}} A::B({n}) => {{}}")).collect();
        assert!(shallow(&format!("fn a() {{ match b {{ {arms} }} }}")));
    }
}
