//! Names of exports that the importer adds to modules whose sessions can be saved.

/// Prefix of all of them.
pub const PREFIX: &str = "wasmport:";

/// Prefix of the mark, whose name ends with the module's digest: a global that holds [`FORMAT`].
pub const MARK: &str = "wasmport:snapshot:";

/// The version of these exports.
pub const FORMAT: i32 = 1;

/// The start function, which the module itself has no longer.
pub const START: &str = "wasmport:start";

/// The function that drops the segments whose globals are set.
pub const DROP: &str = "wasmport:drop";

/// Prefix of memories, whose names end with their index.
pub const MEMORY: &str = "wasmport:memory:";

/// Prefix of mutable globals, whose names end with their index.
pub const GLOBAL: &str = "wasmport:global:";

/// Prefix of tables that can change, whose names end with their index.
pub const TABLE: &str = "wasmport:table:";

/// Prefix of functions that tables and globals can hold, whose names end with their index.
pub const FUNC: &str = "wasmport:func:";

/// Returns the index at the end of a name with this prefix.
#[must_use]
pub fn index(name: &str, prefix: &str) -> Option<u32> {
    name.strip_prefix(prefix)?.parse().ok()
}
