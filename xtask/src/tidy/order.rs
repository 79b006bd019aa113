//! Checks the edges between modules: no circles, and each folder imports from those in front of it.

use super::modules::Edge;
use super::rules::Rules;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The places of imports, by importing and imported module.
type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Returns a line for each edge between the top-level modules of a crate that the rules forbid.
pub(super) fn check(name: &str, edges: &[Edge], rules: &Rules) -> BTreeSet<String> {
    let order: Vec<&str> = rules.of("order", name).chain(["lib", "main"]).collect();
    let position = |module: &str| order.iter().position(|other| *other == module);
    let forbidden = |Edge { from, to, place }: &Edge| {
        let (from, to) = (top(from), top(to));
        if let Some(missing) = [from, to].into_iter().find(|module| position(module).is_none()) {
            return Some(format!("xtask/rules.txt: the order of {name} lacks `{missing}`"));
        }
        let is_apart = rules.of("apart", &format!("{name}/{from}")).any(|other| other == to);
        let is_forbidden = position(from) < position(to) || is_apart;
        is_forbidden.then(|| format!("{place}: `{from}` may not import from `{to}`"))
    };
    edges.iter().filter_map(forbidden).collect()
}

/// Returns the table of edges: each top-level module with those that it imports from.
pub(super) fn table(edges: &[Edge]) -> String {
    let mut table = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (from, to) in edges.iter().map(|edge| (top(&edge.from), top(&edge.to))) {
        table.entry(from).or_default().extend((from != to).then_some(to));
    }
    let line = |(from, to): (&str, BTreeSet<&str>)| {
        format!("  {from:<14} {}\n", Vec::from_iter(to).join(" "))
    };
    table.into_iter().map(line).collect()
}

/// Returns the shortest circle through each module that is part of one. At every level, modules of
/// one folder count, together with what is below them.
pub(super) fn circles(edges: &[Edge]) -> Vec<String> {
    let mut graph = Graph::new();
    for edge in edges {
        if let Some((from, to)) = siblings(&edge.from, &edge.to) {
            graph.entry(from).or_default().entry(to).or_insert(&edge.place);
        }
    }
    let mut circles = BTreeMap::new();
    for path in graph.keys().filter_map(|start| circle(&graph, start)) {
        let step = |(from, to): (&&str, &&str)| format!("`{from}` → `{to}` ({})", graph[from][to]);
        let steps = path.iter().zip(path.iter().cycle().skip(1)).map(step);
        let text = format!("circle: {}", steps.collect::<Vec<_>>().join(", "));
        circles.entry(BTreeSet::from_iter(path)).or_insert(text);
    }
    circles.into_values().collect()
}

fn circle<'a>(graph: &Graph<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let (mut queue, mut seen) = (VecDeque::from([vec![start]]), BTreeSet::new());
    while let Some(path) = queue.pop_front() {
        for next in graph.get(path.last()?).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                return Some(path);
            }
            if seen.insert(next) {
                queue.push_back([path.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// Returns the modules of one folder that contain two modules; none if one contains the other.
fn siblings<'a>(from: &'a str, to: &'a str) -> Option<(&'a str, &'a str)> {
    let ends = |path: &'a str| path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
    let differ = ends(from).zip(ends(to)).find(|(a, b)| from[..*a] != to[..*b]);
    differ.map(|(a, b)| (&from[..a], &to[..b])).filter(|(a, b)| !a.is_empty() && !b.is_empty())
}

/// Returns the top-level module of a path.
fn top(path: &str) -> &str {
    path.split("::").next().filter(|top| !top.is_empty()).unwrap_or("lib")
}
