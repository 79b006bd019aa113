//! Names of interfaces with versions: one stands for all compatible ones, as when Wasmtime links.

/// Returns the name that all compatible versions of an interface share: `demo:app/log@0.2.3` and
/// `demo:app/log@0.2.0` share `demo:app/log@0.2`.
///
/// The rule is that of Cargo: the leftmost part of the version that is not zero decides, and a pre-release is
/// compatible with itself alone.
#[must_use]
pub fn compatible(name: &str) -> &str {
    let Some((_, version)) = name.split_once('@') else { return name };
    let numbers = version.split('+').next().unwrap_or_default();
    if numbers.contains('-') || numbers.starts_with("0.0.") {
        return name;
    }
    let mut end = name.len() - version.len();
    for (index, number) in numbers.split('.').enumerate() {
        end += number.len() + usize::from(index > 0);
        if number != "0" {
            break;
        }
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::compatible;

    #[test]
    fn the_leftmost_part_that_is_not_zero_decides() {
        let names = [
            ("run", "run"),
            ("a:b/c", "a:b/c"),
            ("a:b/c@1.2.3", "a:b/c@1"),
            ("a:b/c@12.0.3", "a:b/c@12"),
            ("a:b/c@0.2.3", "a:b/c@0.2"),
            ("a:b/c@0.0.3", "a:b/c@0.0.3"),
            ("a:b/c@0.0.0", "a:b/c@0.0.0"),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0-rc.1"),
            ("a:b/c@1.0.0+5", "a:b/c@1"),
            ("a:b/c@1.0.0+a-b", "a:b/c@1"),
            ("a:b/c@0.0.3+5", "a:b/c@0.0.3+5"),
            ("a:b/c@", "a:b/c@"),
        ];
        for (name, expected) in names {
            assert_eq!(compatible(name), expected, "{name}");
        }
    }
}
