//! The table of peers: a new one is a program and an entry here.

/// A module that is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Module {
    Small,
    Real,
    Component,
}

impl Module {
    pub const ALL: [Self; 3] = [Self::Small, Self::Real, Self::Component];

    /// Returns the argument of the programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Real => "real",
            Self::Component => "component",
        }
    }

    /// Returns the result of the first call, which every peer must print.
    pub fn first_result(self) -> &'static str {
        match self {
            Self::Small => "42",
            Self::Real => "the-quick-brown-fox-jumps-over-13-lazy-dögs-ünicode-straße",
            Self::Component => "Hello, peers!",
        }
    }
}

/// A program of a peer.
pub(crate) struct Peer {
    /// The folder in `programs`.
    pub name: &'static str,
    /// The name in the tables.
    pub label: &'static str,
    /// The package whose version the tables show.
    pub version_of: &'static str,
    pub toolchain: Toolchain,
    /// The modules, each with the file of its host code and its artifact in the folder of artifacts.
    pub modules: &'static [(Module, &'static str, Option<&'static str>)],
    /// Files that the build needs beside the host code, from the folder of the program.
    pub build_files: &'static [&'static str],
    /// Files and programs that must exist before the program is built or run.
    pub needs: Needs,
}

/// The way to build a program.
pub(crate) enum Toolchain {
    /// Cargo, with the manifest of a workspace in the folder of the peers, and a profile.
    Cargo { manifest: &'static str, profile: &'static str },
    /// `wasm2c` and the C compiler.
    C,
}

/// The requirements of a program.
pub(crate) enum Needs {
    Nothing,
    /// Artifacts that the program of another peer writes.
    Artifacts(&'static str),
    /// Output of `cargo wasmport import`.
    Import,
}

use Module::{Component, Real, Small};

const WASMER: Toolchain =
    Toolchain::Cargo { manifest: "programs/wasmer/Cargo.toml", profile: "release" };
const WASMI: Toolchain = Toolchain::Cargo { manifest: "Cargo.toml", profile: "wasmi" };
const OTHERS: Toolchain = Toolchain::Cargo { manifest: "Cargo.toml", profile: "release" };

/// All peers, in the order of the tables.
pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: "wasmport",
        label: "wasmport, `build.rs`",
        version_of: "wasmport",
        toolchain: OTHERS,
        modules: &[(Small, "src/small.rs", None), (Real, "src/real.rs", None)],
        build_files: &["build.rs", "slugs.api"],
        needs: Needs::Nothing,
    },
    Peer {
        name: "wasmport-checked-in",
        label: "wasmport, checked in",
        version_of: "wasmport",
        toolchain: OTHERS,
        modules: &[(Small, "src/small.rs", None), (Real, "src/real.rs", None)],
        build_files: &["wasmport.toml"],
        needs: Needs::Import,
    },
    Peer {
        name: "wasmport-component",
        label: "wasmport, component, checked in",
        version_of: "wasmport",
        toolchain: OTHERS,
        modules: &[(Component, "src/component.rs", None)],
        build_files: &["wasmport.toml"],
        needs: Needs::Import,
    },
    Peer {
        name: "wasmtime",
        label: "Wasmtime, compiles at start",
        version_of: "wasmtime",
        toolchain: OTHERS,
        modules: &[
            (Small, "src/small.rs", None),
            (Real, "src/real.rs", None),
            (Component, "src/component.rs", None),
        ],
        build_files: &[],
        needs: Needs::Nothing,
    },
    Peer {
        name: "wasmtime-artifact",
        label: "Wasmtime, `deserialize_file`",
        version_of: "wasmtime",
        toolchain: OTHERS,
        modules: &[
            (Small, "src/small.rs", Some("small.cwasm")),
            (Real, "src/real.rs", Some("slugs.cwasm")),
        ],
        build_files: &[],
        needs: Needs::Artifacts("wasmtime"),
    },
    Peer {
        name: "wasmtime-component",
        label: "Wasmtime, `bindgen!`, `deserialize_file`",
        version_of: "wasmtime",
        toolchain: OTHERS,
        modules: &[(Component, "src/component.rs", Some("shelf.cwasm"))],
        build_files: &[],
        needs: Needs::Artifacts("wasmtime"),
    },
    Peer {
        name: "wasmer",
        label: "Wasmer, compiles at start",
        version_of: "wasmer",
        toolchain: WASMER,
        modules: &[(Small, "src/small.rs", None), (Real, "src/real.rs", None)],
        build_files: &[],
        needs: Needs::Nothing,
    },
    Peer {
        name: "wasmer-artifact",
        label: "Wasmer, `deserialize_from_file`",
        version_of: "wasmer",
        toolchain: WASMER,
        modules: &[
            (Small, "src/small.rs", Some("small.wasmu")),
            (Real, "src/real.rs", Some("slugs.wasmu")),
        ],
        build_files: &[],
        needs: Needs::Artifacts("wasmer"),
    },
    Peer {
        name: "wasmi",
        label: "Wasmi, interpreter",
        version_of: "wasmi",
        toolchain: WASMI,
        modules: &[(Small, "src/small.rs", None), (Real, "src/real.rs", None)],
        build_files: &[],
        needs: Needs::Nothing,
    },
    Peer {
        name: "wasm2c",
        label: "wasm2c, host in C",
        version_of: "wabt",
        toolchain: Toolchain::C,
        modules: &[(Small, "host_small.h", None), (Real, "host_real.h", None)],
        build_files: &[],
        needs: Needs::Nothing,
    },
];

/// Peers without components, for the last row of that table.
pub(crate) const WITHOUT_COMPONENTS: &str = "Wasmer, Wasmi, wasm2c";

impl Peer {
    /// Returns the peer of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PEERS.iter().find(|peer| peer.name == name)
    }
}
