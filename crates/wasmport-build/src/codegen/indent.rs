//! Indentation of Rust source: of each line that does not begin inside of a string.

/// The indentation of one level.
const LEVEL: &str = "    ";

/// Indents source by one level.
pub(super) fn indent(source: &str) -> String {
    let mut indented = String::with_capacity(source.len() * 5 / 4);
    let mut end_of_string: Option<String> = None;
    for line in source.lines() {
        if end_of_string.is_none() && !line.is_empty() {
            indented.push_str(LEVEL);
        }
        indented.push_str(line);
        indented.push('\n');
        end_of_string = scan(line, end_of_string);
    }
    indented
}

/// Returns the end of the string in which a line ends, if it ends in one; `inside` is that of the string in which
/// it begins.
fn scan(line: &str, inside: Option<String>) -> Option<String> {
    let mut rest = line;
    let mut inside = inside;
    loop {
        if let Some(end) = inside.take() {
            let Some(after) = after_string(rest, &end) else { return Some(end) };
            rest = after;
        }
        let start = rest.find(['"', '\'', '/'])?;
        let (before, found) = rest.split_at(start);
        let mut after = &found[1..];
        match found.as_bytes()[0] {
            b'/' if after.starts_with('/') => return None,
            b'"' => {
                let hashes = before.len() - before.trim_end_matches('#').len();
                let is_raw = before.trim_end_matches('#').ends_with('r');
                let end = if is_raw { format!("\"{}", "#".repeat(hashes)) } else { "\"".into() };
                // A plain string has escapes, and a raw one has none.
                inside = Some(if is_raw { format!("r{end}") } else { end });
            }
            b'\'' => after = after_char(after),
            _ => {}
        }
        rest = after;
    }
}

/// Returns the text behind the end of a string, if the string ends in the line.
fn after_string<'a>(line: &'a str, end: &str) -> Option<&'a str> {
    if let Some(end) = end.strip_prefix('r') {
        return line.split_once(end).map(|(_, after)| after);
    }
    let mut chars = line.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return Some(&line[index + 1..]),
            _ => {}
        }
    }
    None
}

/// Returns the text behind a character's literal, or behind the quote of a lifetime.
fn after_char(text: &str) -> &str {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(_)) => chars.as_str().split_once('\'').map_or("", |(_, after)| after),
        (Some(_), Some('\'')) => chars.as_str(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_inside_of_strings_keep_their_beginning() {
        let source = "fn f<'a>() {\n    g('\"', '\\'', \"r#\\\"\", r#\"\n\"one\" r\"\n\"#, 1); // it's \"\n\n    \
                      h(\"a\nb\", r\"\nc\");\n}\n";
        let expected = "    fn f<'a>() {\n        g('\"', '\\'', \"r#\\\"\", r#\"\n\"one\" r\"\n\"#, 1); // it's \
                        \"\n\n        h(\"a\nb\", r\"\nc\");\n    }\n";
        assert_eq!(indent(source), expected);
    }
}
