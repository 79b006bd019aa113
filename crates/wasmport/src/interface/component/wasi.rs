//! The interfaces of WASI that this crate links itself.

/// A part of WASI that this crate links. A later one includes the earlier ones, except for HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preview {
    /// `wasi:http` of preview 2, which needs the rest of preview 2 too.
    Http,
    /// WASI 0.2.
    Two,
    /// WASI 0.3.
    Three,
}

/// Names of interfaces, by the names of their packages.
type Interfaces = &'static [(&'static str, &'static [&'static str])];

/// The interfaces of preview 2 that Wasmtime implements.
pub(crate) const PREVIEW_2: Interfaces = &[
    (
        "cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
        ],
    ),
    ("clocks", &["monotonic-clock", "wall-clock"]),
    ("filesystem", &["preopens", "types"]),
    ("io", &["error", "poll", "streams"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    (
        "sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];

/// The interfaces of HTTP in preview 2 that Wasmtime implements.
const HTTP: Interfaces = &[("http", &["outgoing-handler", "types"])];

/// The interfaces of preview 3 that Wasmtime implements.
const PREVIEW_3: Interfaces = &[
    (
        "cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
            "types",
        ],
    ),
    ("clocks", &["monotonic-clock", "system-clock", "types"]),
    ("filesystem", &["preopens", "types"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    ("sockets", &["ip-name-lookup", "types"]),
];

/// Returns the part of WASI to which an interface belongs, such as `wasi:cli/exit@0.2.3`; none for interfaces that
/// Wasmtime does not implement, and for pre-releases.
#[must_use]
pub fn preview(interface: &str) -> Option<Preview> {
    let (path, version) = interface.strip_prefix("wasi:")?.split_once('@')?;
    let (package, name) = path.split_once('/')?;
    let mut numbers = version.split('+').next()?.split('.');
    let (major, minor, patch) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() || patch.is_empty() || !patch.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let parts: &[(Preview, Interfaces)] = match (major, minor) {
        ("0", "2") => &[(Preview::Two, PREVIEW_2), (Preview::Http, HTTP)],
        ("0", "3") => &[(Preview::Three, PREVIEW_3)],
        _ => return None,
    };
    let is_known = |(known, names): &(&str, &[&str])| *known == package && names.contains(&name);
    let part = parts.iter().find(|(_, interfaces)| interfaces.iter().any(is_known));
    part.map(|(preview, _)| *preview)
}

#[cfg(test)]
mod tests {
    use super::{Preview, preview};

    #[test]
    fn interfaces_that_wasmtime_implements_are_known() {
        for (interface, expected) in [
            ("wasi:cli/exit@0.2.0", Some(Preview::Two)),
            ("wasi:io/poll@0.2.12", Some(Preview::Two)),
            ("wasi:io/poll@0.2.3+build-5", Some(Preview::Two)),
            ("wasi:http/types@0.2.3", Some(Preview::Http)),
            ("wasi:cli/types@0.3.0", Some(Preview::Three)),
            ("wasi:cli/exit@0.2.0-rc.1", None),
            ("wasi:random/random@0.3.0-rc-2026-03-15", None),
            ("wasi:cli/wishes@0.2.0", None),
            ("wasi:clocks/exit@0.2.0", None),
            ("wasi:io/poll@0.3.0", None),
            ("wasi:io/poll@0.2", None),
            ("wasi:io/poll", None),
            ("a:cli/exit@0.2.0", None),
            ("poll", None),
        ] {
            assert_eq!(preview(interface), expected, "{interface}");
        }
    }
}
