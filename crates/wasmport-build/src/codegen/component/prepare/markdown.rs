//! Documentation from WIT: Markdown of any author, of which only harmless parts stay.

/// Splits a text into the lines of a doc comment: without HTML, links and code blocks, which rustdoc would
/// run as tests.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.trim().lines().map(line).collect()
}

/// Replaces characters that a literal must not contain.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || is_plain(c) { c } else { '\u{fffd}' }).collect()
}

fn line(line: &str) -> String {
    // Code blocks are indented: there is never more than one space.
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = printable(&words.join(" "));
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(c) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if ticks == 1 || ticks == 2 {
            // A code span ends on its line.
            if let Some(end) = span(&rest[ticks..], ticks) {
                out.push_str(&rest[..ticks + end]);
                rest = &rest[ticks + end..];
                continue;
            }
        }
        if ticks > 0 {
            out.push_str(&"\\`".repeat(ticks));
            rest = &rest[ticks..];
            continue;
        }
        if matches!(c, '\\' | '<' | '[' | ']' | '~' | '&') {
            out.push('\\');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Finds the end of a code span that so many backticks began.
fn span(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find('`')?;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        at += run;
        if run == ticks {
            return Some(at);
        }
    }
}

/// Returns whether the character is visible and leaves the direction of the text unchanged.
fn is_plain(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !c.is_control() && !turns && !matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_and_its_code_spans() {
        assert_eq!(
            lines(" Opens `list<u8>`, *now*.\n\n - one\n - ``a`b`` – two\n"),
            ["Opens `list<u8>`, *now*.", "", "- one", "- ``a`b`` – two"]
        );
    }

    #[test]
    fn code_blocks_html_and_links_do_not() {
        assert_eq!(
            lines("```\nunsafe {}\n```\n>     code\n\tcode\n~~~"),
            ["\\`\\`\\`", "unsafe {}", "\\`\\`\\`", "> code", "code", "\\~\\~\\~"]
        );
        assert_eq!(lines("`<script> `` [x](y) \\"), ["\\`\\<script> \\`\\` \\[x\\](y) \\\\"]);
        assert_eq!(lines("`<script> `` \\`"), ["`<script> `` \\`"]);
        assert_eq!(lines("a\u{202e}b\u{7}"), ["a\u{fffd}b\u{fffd}"]);
    }
}
