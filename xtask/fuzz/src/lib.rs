//! Fuzz targets: functions of any bytes that panic if wasmport breaks a promise. `cargo xtask fuzz` and
//! `cargo fuzz` run them without end, the tests run each on its seeds and a fixed number of mutations.

mod edit;
mod inputs;
mod project;
#[path = "../../lab/src/smith"]
mod smith {
    pub mod module;
}
pub mod targets;

pub use inputs::Inputs;

/// A fuzz target.
pub struct Target {
    /// The name: of the function, of the program for `cargo fuzz`, and of the folder of seeds.
    pub name: &'static str,
    /// The function, which panics on a finding.
    pub run: fn(&[u8]),
    /// The number of generated inputs that the test runs: less than five seconds without optimization.
    pub count: usize,
}

macro_rules! targets {
    ($($name:ident: $count:literal,)*) => {
        /// All fuzz targets.
        pub const TARGETS: &[Target] = &[
            $(Target { name: stringify!($name), run: targets::$name, count: $count },)*
        ];
    };
}

targets! {
    text: 300,
    binary: 60,
    settings: 2_000,
    signatures: 400,
    manifest: 150,
    lock: 200,
    records: 40,
    functions: 40,
    worlds: 80,
    artifact: 2_000,
}
