//! Snapshots of sessions.

use super::data::SessionData;
use super::state::{Session, Status};
use crate::code::Code;
use crate::error::{Error, Result, SnapshotError};
use crate::runtime::Loaded;
use crate::snapshot::{Mounted, Snapshot};
use crate::wrapper::ModuleWrapper;
use wasmtime::{Instance, Store};

/// A session's wrapper that has an instance of a core module: those of modules, and Wasmtime's own.
#[doc(hidden)]
pub trait SavedInstance {
    /// Returns the instance.
    fn saved_instance(&self) -> Instance;
}

impl<W: ModuleWrapper> SavedInstance for W {
    fn saved_instance(&self) -> Instance {
        self.wasm_instance()
    }
}

impl SavedInstance for Instance {
    fn saved_instance(&self) -> Instance {
        *self
    }
}

impl<T: 'static, W: SavedInstance> Session<T, W> {
    /// Saves the guest's memories, mutable globals and tables, and the session's virtual files. Other sessions
    /// [start from it](crate::Runtime::with_snapshot).
    ///
    /// It leaves out the program's data, open descriptors, clocks, the position in the random numbers, and files that
    /// sessions share. If the guest exports a function `snapshot`, its method has precedence: call
    /// `Session::snapshot(&mut session)`.
    ///
    /// ```no_run
    /// # fn f<T: 'static>(runtime: &wasmport::Runtime, session: &mut wasmport::Session<T>) -> wasmport::Result<()> {
    /// let warm = session.snapshot()?;
    /// let runtime = runtime.with_snapshot(&warm);
    /// # let _ = runtime;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Snapshot`] if the asset was not imported with `snapshot = true`, or if a global or table holds
    /// a reference to anything but a function of the module; and if an earlier call has failed or the guest has exited.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        if self.status != Status::Ready {
            return Err(self.rejected());
        }
        let (instance, mounted) = (self.wrapper.saved_instance(), self.store.data().mounted());
        let taken = Snapshot::take(&self.asset, &instance, &mut self.store, mounted);
        taken.map_err(|source| Error::Snapshot { asset: self.asset.name().into(), source })
    }
}

/// Gives a new instance, and the virtual files of its store, the saved state.
///
/// # Errors
///
/// Fails if the snapshot is of another module.
pub(super) fn restore<C: Code, T: 'static>(
    snapshot: &Snapshot,
    loaded: &Loaded<C>,
    instance: &C::Instance,
    store: &mut Store<SessionData<T>>,
) -> Result<(), SnapshotError> {
    let (module, instance) = loaded.code().saved(instance).ok_or(SnapshotError::OtherModule)?;
    snapshot.restore(loaded.asset(), module, &instance, &mut *store)?;
    #[cfg(feature = "vfs")]
    store.data_mut().restore_files(snapshot.mounted())?;
    Ok(())
}

#[cfg(feature = "vfs")]
impl<T> SessionData<T> {
    /// Returns the virtual files of the session itself.
    fn mounted(&self) -> Mounted {
        let disks = self.wasi_if_set().map(crate::wasi::WasiCtx::disks).unwrap_or_default();
        let saved = disks.iter().filter_map(|(path, disk)| {
            let tree = disk.lock().saved()?;
            Some((path.clone(), crate::vfs::Files::from(&tree)))
        });
        saved.collect()
    }

    /// Replaces the virtual files of the session itself.
    ///
    /// # Errors
    ///
    /// Fails if it has none at a path, or if they exceed its limits.
    fn restore_files(&mut self, mounted: &Mounted) -> Result<(), SnapshotError> {
        let disks = self.wasi_if_set().map(crate::wasi::WasiCtx::disks).unwrap_or_default();
        let mut own: Vec<_> = disks.iter().filter(|(_, disk)| !disk.lock().is_shared()).collect();
        for (path, files) in mounted {
            let no_files = || SnapshotError::NoFiles { path: path.clone() };
            // Several may have one path: each is restored once, in their order.
            let found = own.iter().position(|(own, _)| own == path).ok_or_else(no_files)?;
            let (_, disk) = own.remove(found);
            if !disk.lock().restore(files.tree()) {
                return Err(SnapshotError::FileLimits { path: path.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(not(feature = "vfs"))]
impl<T> SessionData<T> {
    /// Returns nothing: the program has no virtual files.
    fn mounted(&self) -> Mounted {}
}
