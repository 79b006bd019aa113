//! The path of the `wasmport` crate in generated code.

use crate::names;

/// The path if the program depends on the crate under its own name.
pub(crate) const DEFAULT: &str = "::wasmport";

/// Returns the path as generated code writes it, or `None` if it is not a path that is the same in every
/// module: names of a crate and of modules in it, or `crate` and modules of the program.
pub(crate) fn absolute(path: &str) -> Option<String> {
    let names = path.strip_prefix("::").unwrap_or(path);
    let mut parts = names.split("::");
    let first = parts.next().unwrap_or_default();
    let is_in_program = first == "crate" && names.len() == path.len();
    if !(is_in_program || names::is_rust_identifier(first)) || !parts.all(names::is_rust_identifier)
    {
        return None;
    }
    Some(if is_in_program { names.into() } else { format!("::{names}") })
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn paths_are_the_same_in_every_module() {
        for (path, expected) in [
            ("::wasmport", Some("::wasmport")),
            ("wp", Some("::wp")),
            ("framework::wasmport", Some("::framework::wasmport")),
            ("crate::deps::wasmport", Some("crate::deps::wasmport")),
            ("crate", Some("crate")),
            ("::crate", None),
            ("self::wasmport", None),
            ("super", None),
            ("a::fn", None),
            ("a b", None),
            ("a::", None),
            ("my-crate", None),
            ("1st", None),
            ("", None),
        ] {
            assert_eq!(absolute(path).as_deref(), expected, "{path}");
        }
    }
}
