//! Rust code of the package, without its comments.

use proc_macro2::{TokenStream, TokenTree};

/// Returns whether code has these tokens in a row. Comments and texts do not count, and code that cannot be read has
/// none.
pub(super) fn has_tokens(code: &[u8], wanted: &[&str]) -> bool {
    let tokens = String::from_utf8_lossy(code).parse::<TokenStream>();
    tokens.is_ok_and(|tokens| are_in(tokens, wanted))
}

fn are_in(tokens: TokenStream, wanted: &[&str]) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let words: Vec<String> = tokens.iter().map(word).collect();
    let is_here = (0..words.len()).any(|start| {
        let row = words.iter().skip(start).map(String::as_str).take(wanted.len());
        row.eq(wanted.iter().copied())
    });
    is_here
        || tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => are_in(group.stream(), wanted),
            _ => false,
        })
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
