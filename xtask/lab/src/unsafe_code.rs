//! Lists every `unsafe` of the crates with its reason.

#[allow(dead_code, reason = "`tidy` needs more of it")]
#[path = "../../src/tidy/lexer.rs"]
mod lexer;

use crate::{Result, files, root};
use walkdir::WalkDir;

/// Prints file, line, code and reason of each. Fails if one has no reason.
pub(crate) fn run() -> Result {
    let (mut count, mut without) = (0, Vec::new());
    for entry in WalkDir::new(root().join("crates")).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        let file = path.strip_prefix(root())?.display().to_string().replace('\\', "/");
        if !file.contains("/src/") || !file.ends_with(".rs") {
            continue;
        }
        let text = files::read(path)?;
        for (line, code, reason) in uses(&text) {
            count += 1;
            match reason {
                Some(reason) => println!("{file}:{line}: {code}\n    {reason}"),
                None => without.push(format!("{file}:{line}: {code}")),
            }
        }
    }
    println!("unsafe: {count} uses, {} without a reason", without.len());
    if without.is_empty() { Ok(()) } else { Err(without.join("\n").into()) }
}

/// Returns line, code and reason of each `unsafe` outside of comments, literals and tests.
fn uses(text: &str) -> Vec<(usize, String, Option<String>)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut tokens = lexer::code(text);
    tokens.retain(|token| token.text == "unsafe");
    tokens.dedup_by_key(|token| token.line);
    let found = |token: &lexer::Token<'_>| {
        let above = &lines[..token.line - 1];
        let code = lines[token.line - 1].trim().to_owned();
        (token.line, code, safety(above).or_else(|| expectation(above)))
    };
    tokens.iter().map(found).collect()
}

/// Returns the comment that begins with `SAFETY:` directly above, behind attributes and the beginning of the
/// statement.
fn safety(above: &[&str]) -> Option<String> {
    let near = above.iter().rposition(|line| line.trim().starts_with("// SAFETY:"))?;
    let comment = |line: &&&str| line.trim().starts_with("//");
    let lines: Vec<&str> =
        above[near..].iter().take_while(comment).map(|line| line.trim()).collect();
    let is_near = above.len() - near - lines.len() <= 3;
    let text =
        lines.iter().map(|line| line.trim_start_matches("// ")).collect::<Vec<_>>().join(" ");
    is_near.then_some(text)
}

/// Returns the reason of the last attribute that expects the lint.
fn expectation(above: &[&str]) -> Option<String> {
    let line = above.iter().rfind(|line| line.contains("unsafe_code"))?;
    let (_, reason) = line.split_once("reason = \"")?;
    Some(reason.split('"').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::uses;

    #[test]
    fn reasons_are_comments_or_those_of_the_lint() {
        let text = "// unsafe\n#[expect(unsafe_code, reason = \"API\")]\nunsafe fn f() {\n    \
            // SAFETY: the caller\n    // promises it.\n    let x =\n        unsafe { g() };\n}\n";
        let found = uses(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0, found[0].2.as_deref()), (3, Some("API")));
        assert_eq!(
            (found[1].0, found[1].2.as_deref()),
            (7, Some("SAFETY: the caller promises it."))
        );
        assert_eq!(uses("fn f() { unsafe { g() } }")[0].2, None);
    }
}
