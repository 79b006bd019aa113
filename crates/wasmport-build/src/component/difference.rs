//! Differences between two worlds, collected one line per item.

use super::world::World;
use std::collections::HashSet;
use wit_parser::TypeId;

/// A comparison of a component's world with another world, and the differences found so far.
pub(super) struct Comparison<'a> {
    /// The world of the component.
    pub have: &'a World,
    /// The world that it must match.
    pub want: &'a World,
    /// The noun for `want` in messages.
    pub noun: &'static str,
    /// One line for each difference.
    pub lines: Vec<String>,
    /// Pairs of types that were compared: their difference is reported once.
    pub compared: HashSet<(TypeId, TypeId)>,
}

impl<'a> Comparison<'a> {
    pub fn new(have: &'a World, want: &'a World, noun: &'static str) -> Self {
        Self { have, want, noun, lines: Vec::new(), compared: HashSet::new() }
    }

    /// Adds a difference.
    pub fn report(&mut self, line: String) {
        self.lines.push(line);
    }
}
