//! `Snapshot`: memories, globals, tables and virtual files.

use super::baseline::Baseline;
use super::functions::Functions;
use super::global::{SavedGlobal, global};
use super::layout::Layout;
use super::memory::{SavedMemory, memory};
use super::table::{Contents, SavedTable, table};
use crate::asset::AnyAsset;
use crate::digest::Digest;
use crate::error::SnapshotError;
use crate::reserved;
use std::fmt;
use std::sync::Arc;
use wasmtime::{AsContextMut, Instance, Module, Store};

/// The virtual files of a session, by the paths at which they are mounted.
#[cfg(feature = "vfs")]
pub(crate) type Mounted = Vec<(String, crate::vfs::Files)>;
#[cfg(not(feature = "vfs"))]
pub(crate) type Mounted = ();

/// The state of a core module's session between two calls, from which other sessions start: memories, mutable globals,
/// tables, and virtual files. Clones share it.
///
/// [`Session::snapshot`](crate::Session::snapshot) takes one, and [`Runtime::with_snapshot`](crate::Runtime::with_snapshot)
/// starts sessions from it. The asset must have been imported with `snapshot = true`.
///
/// It has the pages of memories and the elements of tables that differ from those of a fresh instance, and no others. It
/// depends on the module and on the engine's configuration, but not on the machine or the back end.
#[derive(Clone)]
pub struct Snapshot(pub(super) Arc<Image>);

pub(super) struct Image {
    pub asset: String,
    /// The digest in the module's mark.
    pub module: Digest,
    /// The fingerprint of the engine's configuration.
    pub engine: Digest,
    pub memories: Vec<SavedMemory>,
    pub globals: Vec<SavedGlobal>,
    pub tables: Vec<SavedTable>,
    /// The bytes of all pages that differ.
    pub stored: Vec<u8>,
    pub mounted: Mounted,
}

impl Snapshot {
    /// Saves the state of an instance.
    ///
    /// # Errors
    ///
    /// Fails if the module does not export its state, or if the state has references that cannot be saved.
    pub(crate) fn take<T: 'static>(
        asset: &AnyAsset,
        instance: &Instance,
        store: &mut Store<T>,
        mounted: Mounted,
    ) -> Result<Self, SnapshotError> {
        let module = instance.module(&*store).clone();
        let layout = Layout::of(&module)?;
        check_format(&layout, instance, store)?;
        let mut fresh = match layout.is_compared() {
            true => Some(Baseline::of(&module)?),
            false => None,
        };
        let functions = Functions::of(&layout, instance, &mut *store);
        let mut stored = Vec::new();
        let image = Image {
            asset: asset.name().to_owned(),
            module: layout.module,
            engine: asset.engine().fingerprint(),
            globals: globals(&layout, instance, store, &functions)?,
            tables: tables(&layout, (instance, store, &functions), fresh.as_mut())?,
            memories: memories(&layout, (instance, store), fresh.as_mut(), &mut stored)?,
            stored,
            mounted,
        };
        Ok(Self(Arc::new(image)))
    }

    /// Gives a fresh instance the saved state.
    ///
    /// # Errors
    ///
    /// Fails if it is an instance of another module or engine, if memories or tables cannot grow, or if the snapshot was
    /// made of damaged bytes.
    pub(crate) fn restore(
        &self,
        asset: &AnyAsset,
        module: &Module,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Result<(), SnapshotError> {
        let image = &*self.0;
        let mark = format!("{}{}", reserved::MARK, image.module);
        if module.get_export_index(&mark).is_none() {
            return Err(SnapshotError::OtherModule);
        }
        if asset.engine().fingerprint() != image.engine {
            return Err(SnapshotError::OtherEngine);
        }
        image
            .memories
            .iter()
            .try_for_each(|saved| saved.restore(instance, &mut store, &image.stored))?;
        image.tables.iter().try_for_each(|saved| saved.restore(instance, &mut store))?;
        image.globals.iter().try_for_each(|saved| saved.restore(instance, &mut store))
    }

    /// Returns the name of the asset.
    #[must_use]
    pub fn asset(&self) -> &str {
        &self.0.asset
    }

    /// Returns the number of bytes of memories that it holds: a session that starts from it copies them.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.0.stored.len() as u64
    }

    /// Returns the virtual files.
    #[cfg(feature = "vfs")]
    pub(crate) fn mounted(&self) -> &Mounted {
        &self.0.mounted
    }
}

/// Fails if the exports of the state have another version than this program reads.
fn check_format<T: 'static>(
    layout: &Layout,
    instance: &Instance,
    store: &mut Store<T>,
) -> Result<(), SnapshotError> {
    let mark = instance.get_global(&mut *store, &format!("{}{}", reserved::MARK, layout.module));
    match mark.and_then(|mark| mark.get(&mut *store).i32()) {
        Some(reserved::FORMAT) => Ok(()),
        Some(found) => Err(SnapshotError::Exports { found }),
        None => Err(SnapshotError::NotImported),
    }
}

fn globals<T: 'static>(
    layout: &Layout,
    instance: &Instance,
    store: &mut Store<T>,
    functions: &Functions,
) -> Result<Vec<SavedGlobal>, SnapshotError> {
    let mut saved = Vec::with_capacity(layout.globals.len());
    for index in &layout.globals {
        let global = global(instance, &mut *store, *index).ok_or(SnapshotError::NotImported)?;
        saved.push(SavedGlobal::of(*index, global, functions, &mut *store)?);
    }
    Ok(saved)
}

fn tables<T: 'static>(
    layout: &Layout,
    (instance, store, functions): (&Instance, &mut Store<T>, &Functions),
    mut fresh: Option<&mut Baseline>,
) -> Result<Vec<SavedTable>, SnapshotError> {
    let fresh_functions = match &mut fresh {
        Some(fresh) if !layout.tables.is_empty() => {
            Functions::of(layout, &fresh.instance, &mut fresh.store)
        }
        _ => Functions::default(),
    };
    let mut saved = Vec::with_capacity(layout.tables.len());
    for index in &layout.tables {
        let now = table(instance, &mut *store, *index).ok_or(SnapshotError::NotImported)?;
        let now = Contents { store: &mut *store, table: now, functions };
        let compared = fresh.as_mut().filter(|_| !layout.is_imported_table(*index));
        let known = compared.and_then(|fresh| {
            let table = table(&fresh.instance, &mut fresh.store, *index)?;
            Some(Contents { store: &mut fresh.store, table, functions: &fresh_functions })
        });
        saved.push(SavedTable::of(*index, now, known)?);
    }
    Ok(saved)
}

fn memories<T: 'static>(
    layout: &Layout,
    (instance, store): (&Instance, &mut Store<T>),
    mut fresh: Option<&mut Baseline>,
    stored: &mut Vec<u8>,
) -> Result<Vec<SavedMemory>, SnapshotError> {
    let mut saved = Vec::with_capacity(layout.memories.len());
    for index in &layout.memories {
        // A shared memory, which the importer refuses, is of another type.
        let now = memory(instance, &mut *store, *index).ok_or(SnapshotError::NotImported)?;
        let compared = fresh.as_mut().filter(|_| !layout.is_imported_memory(*index));
        let known = compared.and_then(|fresh| {
            let known = memory(&fresh.instance, &mut fresh.store, *index)?;
            Some(known.data(&fresh.store))
        });
        saved.push(SavedMemory::of(*index, now.data(&*store), known, stored));
    }
    Ok(saved)
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("asset", &self.0.asset)
            .field("module", &self.0.module)
            .field("memory_bytes", &self.memory_bytes())
            .finish_non_exhaustive()
    }
}
