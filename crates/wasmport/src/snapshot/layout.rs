//! `Layout`: the state that a module exports under reserved names.

use crate::digest::Digest;
use crate::error::SnapshotError;
use crate::reserved;
use std::collections::BTreeSet;
use wasmtime::{ExternType, Module};

/// The state that a module exports, by index.
#[derive(Debug)]
pub(super) struct Layout {
    /// The digest of the module, which is the same for all targets.
    pub module: Digest,
    pub memories: Vec<u32>,
    pub globals: Vec<u32>,
    pub tables: Vec<u32>,
    pub funcs: Vec<u32>,
    /// The number of imported memories, which come first.
    imported_memories: u32,
    imported_tables: u32,
}

impl Layout {
    /// Reads the exports of a module.
    ///
    /// # Errors
    ///
    /// Fails if the module was not imported with `snapshot = true`.
    pub fn of(module: &Module) -> Result<Self, SnapshotError> {
        let names = module.exports().map(|export| export.name());
        let names: Vec<&str> = names.filter(|name| name.starts_with(reserved::PREFIX)).collect();
        let mark = names.iter().find_map(|name| name.strip_prefix(reserved::MARK));
        let digest = mark.and_then(Digest::from_hex).ok_or(SnapshotError::NotImported)?;
        // In the order of their indices, whatever the order of the exports.
        let with = |prefix| {
            let indices = names.iter().filter_map(|name| reserved::index(name, prefix));
            indices.collect::<BTreeSet<u32>>().into_iter().collect()
        };
        let imported = |is: fn(&ExternType) -> bool| {
            module.imports().filter(|import| is(&import.ty())).count() as u32
        };
        Ok(Self {
            module: digest,
            memories: with(reserved::MEMORY),
            globals: with(reserved::GLOBAL),
            tables: with(reserved::TABLE),
            funcs: with(reserved::FUNC),
            imported_memories: imported(|ty| matches!(ty, ExternType::Memory(_))),
            imported_tables: imported(|ty| matches!(ty, ExternType::Table(_))),
        })
    }

    /// Returns whether there is a memory or table that is compared with a fresh one.
    pub fn is_compared(&self) -> bool {
        self.memories.iter().any(|index| !self.is_imported_memory(*index))
            || self.tables.iter().any(|index| !self.is_imported_table(*index))
    }

    /// Returns whether a memory is imported, so that the program decides how it begins.
    pub fn is_imported_memory(&self, index: u32) -> bool {
        index < self.imported_memories
    }

    /// Returns whether a table is imported.
    pub fn is_imported_table(&self, index: u32) -> bool {
        index < self.imported_tables
    }
}
