//! Rust code of the package, without its comments.

use proc_macro2::{TokenStream, TokenTree};

/// Returns whether code has these tokens in a row. Comments and texts do not count, and code that cannot be read has
/// none.
pub(super) fn has_tokens(code: &[u8], wanted: &[&str]) -> bool {
    let tokens = String::from_utf8_lossy(code).parse::<TokenStream>();
    // Code may be nested deeper than the stack is: what is left to search is a list.
    let mut left: Vec<TokenStream> = tokens.into_iter().collect();
    while let Some(tokens) = left.pop() {
        let mut words = Vec::new();
        for token in tokens {
            words.push(word(&token));
            if let TokenTree::Group(group) = token {
                left.push(group.stream());
            }
        }
        if words.windows(wanted.len()).any(|row| row == wanted) {
            return true;
        }
    }
    false
}

/// Returns an identifier or a sign as text; an empty one for anything else.
fn word(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(_) | TokenTree::Punct(_) => token.to_string(),
        TokenTree::Group(_) | TokenTree::Literal(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_no_code() {
        let has = |code: &str| has_tokens(code.as_bytes(), &["mod", "assets", ";"]);
        for code in
            ["mod assets;", "//! a\n#[rustfmt::skip]\npub mod  assets ;", "mod a { mod assets; }"]
        {
            assert!(has(code), "{code}");
        }
        let (open, close) = ("(".repeat(100_000), ")".repeat(100_000));
        assert!(!has(&format!("const X: u32 = {open}1{close};")));
        for code in [
            "// mod assets;\nfn main() {}",
            "//! mod assets;\n/* mod assets; */",
            "const A: &str = \"mod assets;\";",
            "mod assets {}",
            "mod other; use assets;",
            "mod assets; \"",
            "",
        ] {
            assert!(!has(code), "{code}");
        }
    }
}
