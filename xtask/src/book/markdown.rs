//! What is read from a page: its title, its headings, its links.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;

/// A page, parsed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The text of the first heading.
    pub title: String,
    /// The first paragraph, without its markup.
    pub summary: String,
    /// The names by which links lead to headings.
    pub anchors: Vec<String>,
    /// The targets of links and pictures.
    pub links: Vec<String>,
}

impl Page {
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let (mut heading, mut paragraph) = (None, None);
        let mut used = HashMap::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let text = heading.take().unwrap_or_default();
                    page.anchors.push(unique(&mut used, anchor(&text)));
                    if page.title.is_empty() {
                        page.title = text;
                    }
                }
                Event::Start(Tag::Paragraph) => paragraph = Some(String::new()),
                Event::End(TagEnd::Paragraph) => {
                    let text = paragraph.take().unwrap_or_default();
                    if page.summary.is_empty() {
                        page.summary = text;
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Text(text) | Event::Code(text) => {
                    [&mut heading, &mut paragraph]
                        .into_iter()
                        .flatten()
                        .for_each(|open| *open += &text);
                }
                Event::SoftBreak => {
                    paragraph.iter_mut().for_each(|open| open.push(' '));
                }
                _ => {}
            }
        }
        page
    }
}

/// Returns the name of a heading as mdBook writes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim().to_lowercase();
    let kept = heading.chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

/// A name that occurs again gets a number.
fn unique(used: &mut HashMap<String, usize>, name: String) -> String {
    let count = used.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name}-{}", *count - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_title_a_summary_anchors_and_links() {
        let text = "# The `page`\n\nIt [has](other.md#a-b) words\nand more.\n\n## A, b!\n\n## A b\n\n```\n[no](link)\n```\n\n![p](p.png)\n";
        let page = Page::parse(text);
        assert_eq!(page.title, "The page");
        assert_eq!(page.summary, "It has words and more.");
        assert_eq!(page.anchors, ["the-page", "a-b", "a-b-1"]);
        assert_eq!(page.links, ["other.md#a-b", "p.png"]);
    }
}
