//! `Capability`: a part of the system that code wants, in plain words.

use super::item::Item;
use crate::interface::wasi::{BEFORE_PREVIEW_1, PREVIEW_1};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A part of the system that code wants, and the imports that want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Capability {
    /// The part.
    pub kind: CapabilityKind,
    /// The interfaces of a component, or the functions of a module.
    pub wanted_by: Vec<String>,
}

/// A part of the system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CapabilityKind {
    /// Files and folders that the program opens for it.
    Files,
    /// Connections over the network.
    Network,
    /// Requests over HTTP.
    Http,
    /// Environment variables.
    Environment,
    /// The arguments of the program.
    Arguments,
    /// The time, and waiting.
    Clocks,
    /// Random numbers.
    Random,
    /// Standard input, output and error.
    Streams,
    /// The end of the guest.
    Exit,
    /// Functions of the program itself, by the module or the interface.
    Host(String),
}

impl fmt::Display for CapabilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "files: reads and writes in folders that the program opens for it",
            Self::Network => "network: connects to other machines, or waits for them",
            Self::Http => "HTTP: sends or answers requests",
            Self::Environment => "environment: reads variables",
            Self::Arguments => "arguments: reads those of the program",
            Self::Clocks => "clocks: reads the time and waits",
            Self::Random => "random: random numbers",
            Self::Streams => "streams: standard input, output and error",
            Self::Exit => "exit: ends itself",
            Self::Host(name) => return write!(f, "the program: functions of {name:?}"),
        })
    }
}

fn of_host(module: &str, function: &str) -> CapabilityKind {
    CapabilityKind::Host(format!("{module}.{function}"))
}

/// Returns the parts of the system that imports want, the strongest first.
pub(super) fn of(imports: &[Item]) -> Vec<Capability> {
    let mut found = BTreeMap::<CapabilityKind, BTreeSet<String>>::new();
    for import in imports {
        let (kind, by) = match import.of.as_str() {
            PREVIEW_1 if import.is_wasi => (of_preview_1(&import.name), &import.name),
            // Of another type, or of another version: the program has to provide it.
            PREVIEW_1 | BEFORE_PREVIEW_1 => (Some(of_host(&import.of, &import.name)), &import.name),
            module => (of_interface(module, &import.name), &import.of),
        };
        if let Some(kind) = kind {
            let by = if by.is_empty() { &import.name } else { by };
            let _ = found.entry(kind).or_default().insert(by.clone());
        }
    }
    let capability = |(kind, by): (_, BTreeSet<String>)| Capability {
        kind,
        wanted_by: by.into_iter().collect(),
    };
    found.into_iter().map(capability).collect()
}

/// Returns the part of the system that a function of preview 1 is; none if it is of no concern.
fn of_preview_1(function: &str) -> Option<CapabilityKind> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| function.starts_with(prefix));
    Some(match function {
        "sched_yield" => return None,
        "poll_oneoff" => CapabilityKind::Clocks,
        "random_get" => CapabilityKind::Random,
        "proc_exit" | "proc_raise" => CapabilityKind::Exit,
        _ if starts(&["path_", "fd_prestat", "fd_readdir"]) => CapabilityKind::Files,
        _ if starts(&["sock_"]) => CapabilityKind::Network,
        _ if starts(&["environ_"]) => CapabilityKind::Environment,
        _ if starts(&["args_"]) => CapabilityKind::Arguments,
        _ if starts(&["clock_"]) => CapabilityKind::Clocks,
        // Those of open files: without the functions above, only the standard streams are open.
        _ if starts(&["fd_"]) => CapabilityKind::Streams,
        _ => of_host(PREVIEW_1, function),
    })
}

/// Returns the part of the system that an imported interface or module is; none if it is of no concern.
fn of_interface(name: &str, item: &str) -> Option<CapabilityKind> {
    let without_version = name.split('@').next().unwrap_or(name);
    let (package, interface) = without_version.split_once('/').unwrap_or((without_version, ""));
    Some(match (package, interface) {
        ("wasi:filesystem", _) => CapabilityKind::Files,
        ("wasi:sockets", _) => CapabilityKind::Network,
        ("wasi:http", _) => CapabilityKind::Http,
        ("wasi:clocks", _) => CapabilityKind::Clocks,
        ("wasi:random", _) => CapabilityKind::Random,
        ("wasi:cli", "environment") if item.contains("arguments") => CapabilityKind::Arguments,
        ("wasi:cli", "environment") => CapabilityKind::Environment,
        ("wasi:cli", "exit") => CapabilityKind::Exit,
        ("wasi:cli", _) => CapabilityKind::Streams,
        // Types and streams of the others.
        ("wasi:io", _) => return None,
        // A function of the world itself.
        ("", _) => CapabilityKind::Host(item.to_owned()),
        _ => CapabilityKind::Host(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(imports: &[(&str, &str)]) -> Vec<CapabilityKind> {
        let item = |(of, name): &(&str, &str)| Item {
            of: (*of).to_owned(),
            name: (*name).to_owned(),
            ty: String::new(),
            core: None,
            is_wasi: *of == PREVIEW_1 && *name != "new_call",
        };
        let imports: Vec<Item> = imports.iter().map(item).collect();
        of(&imports).into_iter().map(|capability| capability.kind).collect()
    }

    #[test]
    fn imports_are_said_in_plain_words() {
        use CapabilityKind::{Arguments, Clocks, Environment, Files, Host, Http, Network, Streams};
        let p1 = |name| (PREVIEW_1, name);
        let module =
            [p1("fd_write"), p1("path_open"), p1("sock_accept"), p1("sched_yield"), ("env", "log")];
        assert_eq!(kinds(&module), [Files, Network, Streams, Host("env".into())]);
        assert_eq!(kinds(&[p1("new_call")]), [Host(format!("{PREVIEW_1}.new_call"))]);
        let before = [(BEFORE_PREVIEW_1, "path_open")];
        assert_eq!(kinds(&before), [Host(format!("{BEFORE_PREVIEW_1}.path_open"))]);
        let component = [
            ("wasi:io/streams@0.2.0", "[method]output-stream.write"),
            ("wasi:http/outgoing-handler@0.2.0", "handle"),
            ("wasi:cli/environment@0.2.6", "get-environment"),
            ("wasi:cli/environment@0.2.6", "get-arguments"),
            ("wasi:clocks/monotonic-clock@0.3.0", "now"),
            ("demo:app/log@1.0.0", "print"),
            ("", "beep"),
        ];
        let own = [Host("beep".into()), Host("demo:app/log@1.0.0".into())];
        let expected = [Http, Environment, Arguments, Clocks].into_iter().chain(own);
        assert_eq!(kinds(&component), expected.collect::<Vec<_>>());
        assert!(kinds(&[]).is_empty());
    }
}
