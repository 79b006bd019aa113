//! The tree that screen readers get.

use crate::Result;
use crate::tab::Tab;
use chromiumoxide::cdp::browser_protocol::accessibility::{AxValue, GetFullAxTreeParams};

/// The roles and names of all parts of a page.
pub(crate) struct Tree(Vec<(String, String)>);

impl Tree {
    /// Reads the tree of a page.
    pub async fn of(tab: &Tab) -> Result<Self> {
        let tree = tab.execute(GetFullAxTreeParams::default()).await?;
        let text = |value: &Option<AxValue>| {
            let value = value.as_ref().and_then(|value| value.value.as_ref());
            value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let nodes = tree.nodes.iter().filter(|node| !node.ignored);
        Ok(Self(nodes.map(|node| (text(&node.role), text(&node.name))).collect()))
    }

    /// Returns the names of the parts with a role.
    pub fn names<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == role).map(|(_, name)| name.as_str())
    }
}

/// Returns what screen readers miss.
pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for role in ["main", "table", "heading", "columnheader", "rowheader", "listitem", "searchbox"] {
        if tree.names(role).next().is_none() && role != "searchbox" {
            problems.push(format!("there is no {role}"));
        }
    }
    for role in
        ["table", "heading", "columnheader", "region", "searchbox", "link", "button", "list"]
    {
        // Lists of warnings have the heading in front of them.
        let unnamed = tree.names(role).filter(|name| name.trim().is_empty()).count();
        if unnamed > 0 && role != "list" {
            problems.push(format!("{unnamed} of role {role} have no name"));
        }
    }
    if !tree.names("list").any(|name| name.starts_with("Treemap of ")) {
        problems.push("the treemap has no name".into());
    }
    if !tree.names("listitem").any(|name| name.contains("(") && name.contains(" %)")) {
        problems.push("the rectangles of the treemap have no names with their shares".into());
    }
    for heading in ["Assets and interfaces", "Engine contract"] {
        if !tree.names("heading").any(|name| name == heading) {
            problems.push(format!("there is no heading {heading:?}"));
        }
    }
    problems
}
