//! `Scope`: the names of one place in Rust.

use std::collections::BTreeSet;
use wasmport::Digest;

/// The names that one place in Rust has.
#[derive(Clone, Default)]
pub(super) struct Scope(BTreeSet<String>);

impl Scope {
    /// Adds names, which may be there.
    pub fn add(&mut self, names: impl IntoIterator<Item = String>) {
        self.0.extend(names);
    }

    /// Adds the names in Rust that an item with this name has. If one is taken, the item gets the digits that
    /// this returns.
    pub fn digits(&mut self, name: &str, names: impl Fn(&str) -> Vec<String>) -> Option<String> {
        if self.take(names(name)) {
            return None;
        }
        let digest = Digest::of(name.as_bytes()).to_string();
        let mut digits = (4..digest.len()).map(|len| &digest[..len]);
        let free = digits.find(|digits| self.take(names(&format!("{name}-{digits}"))));
        Some(free.unwrap_or(&digest).to_owned())
    }

    /// Adds all names, or none if one is taken.
    fn take(&mut self, names: Vec<String>) -> bool {
        let is_free = names.iter().all(|name| !self.0.contains(name));
        if is_free {
            self.add(names);
        }
        is_free
    }
}

/// Sorts items by their names, the shortest first: it stays as it is.
pub(super) fn by_length<T>(items: impl IntoIterator<Item = (T, String)>) -> Vec<(T, String)> {
    let mut sorted: Vec<(T, String)> = items.into_iter().collect();
    sorted.sort_by(|(_, a), (_, b)| (a.len(), a).cmp(&(b.len(), b)));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_two_names_gets_digits_that_are_free() {
        let mut scope = Scope::default();
        let ident = |name: &str| vec![name.replace('-', "")];
        assert_eq!(scope.digits("v11", ident), None);
        let digits = scope.digits("v1-1", ident).unwrap();
        assert_eq!(digits, Digest::of(b"v1-1").to_string()[..4]);
        assert_eq!(scope.digits(&format!("v1-1-{digits}"), ident).unwrap().len(), 4);
    }
}
