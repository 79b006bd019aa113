//! Names of functions as they are in the source.

use std::fmt::{self, Write};

/// The longest demangled name in bytes: a short mangled name can stand for a huge one.
const LONGEST: usize = 4096;

/// Returns a mangled name of Rust or C++ as it is in the source, and any other name as it is.
///
/// Only names that begin like mangled ones are demangled: `a` is also the type `signed char` in C++. A name that
/// would be longer than 4096 bytes stays mangled.
#[must_use]
pub fn demangled(name: &str) -> String {
    let is_mangled = ["_R", "__R", "_Z", "__Z"].iter().any(|start| name.starts_with(start));
    let demangled = is_mangled.then(|| rust(name).or_else(|| cpp(name))).flatten();
    demangled.unwrap_or_else(|| name.to_owned())
}

fn rust(name: &str) -> Option<String> {
    let name = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Bounded(String::new());
    write!(text, "{name:#}").ok().map(|()| text.0)
}

fn cpp(name: &str) -> Option<String> {
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let mut text = Bounded(String::new());
    let options = cpp_demangle::DemangleOptions::new();
    symbol.structured_demangle(&mut text, &options).ok().map(|()| text.0)
}

/// Text that refuses to grow beyond its limit.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangled;

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
            assert!(demangled(&name).len() <= name.len().max(super::LONGEST));
        }
    }
}
