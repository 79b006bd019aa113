//! Names of functions as they are in the source.

use std::fmt::{self, Write};

/// The length in bytes after which a demangled name is cut: a short mangled name can stand for a huge one.
const LONGEST: usize = 512;

/// The bytes of demangled names that each file may have, and further ones for each byte of the file.
const FREE: usize = 64 << 10;
const PER_BYTE: usize = 4;

/// Returns a mangled name of Rust or C++ as it is in the source, and any other name as it is.
///
/// Only names that begin like mangled ones are demangled: `a` is also the type `signed char` in C++. A demangled name is
/// cut after 512 bytes, and ends with an ellipsis then.
#[must_use]
pub fn demangled(name: &str) -> String {
    let is_mangled = ["_R", "__R", "_Z", "__Z"].iter().any(|start| name.starts_with(start));
    let demangled = is_mangled.then(|| rust(name).or_else(|| cpp(name))).flatten();
    demangled.unwrap_or_else(|| name.to_owned())
}

/// The bytes that the demangled names of a file may still have. Further names stay mangled, so that the names of a hostile
/// file take memory and time in proportion to the file.
pub(super) struct DemangleBudget(usize);

impl DemangleBudget {
    /// Returns the budget of a file of `bytes`.
    pub fn of(bytes: usize) -> Self {
        Self(FREE.saturating_add(bytes.saturating_mul(PER_BYTE)))
    }

    /// Demangles a name as [`demangled`], unless the budget is used up.
    pub fn demangled(&mut self, name: &str) -> String {
        if self.0 == 0 {
            return name.to_owned();
        }
        let text = demangled(name);
        self.0 = self.0.saturating_sub(text.len());
        text
    }
}

fn rust(name: &str) -> Option<String> {
    let name = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Bounded::default();
    let is_written = write!(text, "{name:#}").is_ok();
    text.complete(is_written)
}

fn cpp(name: &str) -> Option<String> {
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let mut text = Bounded::default();
    let options = cpp_demangle::DemangleOptions::new();
    let is_written = symbol.structured_demangle(&mut text, &options).is_ok();
    text.complete(is_written)
}

/// Text that is cut at its limit, and refuses to grow then, which ends the demangler.
#[derive(Default)]
struct Bounded {
    text: String,
    is_cut: bool,
}

impl Bounded {
    /// Returns the text if it is whole or cut; none if the demangler failed for another reason.
    fn complete(self, is_written: bool) -> Option<String> {
        match (is_written, self.is_cut) {
            (_, true) => Some(self.text + "…"),
            (true, false) => Some(self.text),
            (false, false) => None,
        }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST.saturating_sub(self.text.len());
        if !self.is_cut && text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        if !self.is_cut {
            self.text.push_str(&text[..text.floor_char_boundary(room)]);
            self.is_cut = true;
        }
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::{DemangleBudget, FREE, LONGEST, PER_BYTE, demangled};

    #[test]
    fn only_mangled_names_are_demangled() {
        let cases = [
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_ZNSt6vectorIiE4pushEi", "std::vector<int>::push(int)"),
            ("__ZN3foo3barEv", "foo::bar()"),
            ("a", "a"),
            ("i", "i"),
            ("main", "main"),
            ("_start", "_start"),
            ("_Zwrong", "_Zwrong"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(demangled(name), expected);
        }
    }

    #[test]
    fn no_name_grows_without_bound() {
        // Each substitution doubles the one before.
        let mut name = String::from("_Z1fI1aS_E");
        for i in 0..30_u32 {
            let last = std::char::from_digit(i, 36).unwrap_or('0').to_ascii_uppercase();
            name.push_str(&format!("1gIS{last}_S{last}_E"));
        }
        for name in [name.clone(), format!("_Z1f{}", "P".repeat(100_000)), "_ZN".repeat(10_000)] {
            assert!(demangled(&name).len() <= name.len().max(LONGEST + "…".len()));
        }
        let cut = demangled(&name);
        assert!(cut.starts_with("g<a, a> f<") && cut.ends_with('…'), "{cut}");
    }

    #[test]
    fn names_of_a_file_grow_in_proportion_to_it() {
        // Each argument has the one before twice.
        let arguments = (0..8).map(|last| format!("S_IS{last}_S{last}_E"));
        let name = format!("_Z1f1gIiE{}", arguments.collect::<String>());
        assert_eq!(demangled(&name).len(), LONGEST + "…".len());
        let count: usize = 10_000;
        let mut budget = DemangleBudget::of(count * name.len());
        let names: Vec<String> = (0..count).map(|_| budget.demangled(&name)).collect();
        let sum: usize = names.iter().map(String::len).sum();
        assert!(sum <= FREE + (PER_BYTE + 1) * count * name.len() + 2 * LONGEST, "{sum}");
        assert_eq!(names.last(), Some(&name));
        assert_eq!(DemangleBudget::of(0).demangled("_ZN3foo3barEv"), "foo::bar()");
    }
}
