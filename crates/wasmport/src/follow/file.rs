//! A slot that follows a file, or the source of an imported asset.

use super::following::{Followed, Following};
use super::load::{CodeOf, is_current, replace_all};
use super::options::Follow;
use super::watch::{Files, Watch, absolute};
use crate::dynamic::DynamicAsset;
use crate::error::{Error, Result};
use crate::fs::Stamp;
use crate::runtime::Runtime;
use crate::session::{SessionPre, TypedSession};
use crate::slot::Slot;
use crate::wrapper::AssetWrapper;
use std::path::{Path, PathBuf};

impl<S: TypedSession + 'static> Slot<S> {
    /// Follows a file: [replaces](Self::replace) the code by that of `asset` now, and again when its file changes. The file
    /// need not exist yet, and may be replaced by renaming another. A file with the content of the slot's code is not
    /// loaded again.
    ///
    /// `accept` is that of [`replace`](Self::replace), and `report` gets the result of each change: this thread calls both
    /// for the first load, and then the thread of the [`Following`].
    ///
    /// ```no_run
    /// # use wasmport::{DynamicAsset, Follow, Followed, Result, Runtime, Slot, TypedSession, Wrapper};
    /// # use wasmport::wasmtime::Module;
    /// # fn f<S: TypedSession<Data = ()> + 'static>(runtime: &Runtime, slot: &Slot<S>) -> Result<()>
    /// # where S::Wrapper: Wrapper<Code = Module> {
    /// let plugin = DynamicAsset::file("plugins/filter.wasm");
    /// let accept = |candidate: &wasmport::SessionPre<S>| candidate.start(()).map(drop);
    /// let following = slot.follow(&Follow::new(runtime), plugin, accept, |followed| match followed {
    ///     Followed::Refused(error) => println!("the old code goes on: {error:#}"),
    ///     other => println!("{other}"),
    /// })?;
    /// // … sessions of the slot have the code that the file has when they start …
    /// drop(following);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NoFile`] if the asset is not in a file, with [`Error::Watch`] if the system cannot watch its
    /// folder, and with [`Error::Thread`] if there is no thread. A file that cannot be loaded is [`Followed::Refused`].
    pub fn follow(
        &self,
        follow: &Follow,
        asset: DynamicAsset<CodeOf<S>>,
        accept: impl FnMut(&SessionPre<S>) -> Result<()> + Send + 'static,
        report: impl FnMut(Followed) + Send + 'static,
    ) -> Result<Following> {
        let no_file = || Error::NoFile { asset: asset.name().to_owned() };
        let path = absolute(asset.path().ok_or_else(no_file)?);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(no_file());
        };
        let watch = Watch::new(follow, folder.to_owned(), Files::One(name.to_owned()))?;
        let (runtime, slot) = (follow.runtime.clone(), self.clone());
        // The program may change its working folder.
        let asset = asset.at(path.clone());
        let (is_gone, is_refused) = (false, false);
        let mut file = File { runtime, slot, asset, path, is_gone, is_refused, accept, report };
        file.changed();
        Following::start(watch, move |_| file.changed())
    }

    /// Follows the source of the asset whose wrapper `S` is, so that a program under development has its changes without
    /// an import: an empty slot gets the imported code first, then this is [`follow`](Self::follow) for the file that was
    /// imported, below `folder`.
    ///
    /// ```text
    /// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    /// let following = slot.follow_source(&Follow::new(&runtime), folder, |_| Ok(()), |followed| println!("{followed}"))?;
    /// ```
    ///
    /// The source is checked against the wrapper and compiled here; the stages of the import, such as `optimize`,
    /// `preinit` and `transform`, do not run. Precompiled code is never taken from the folder.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load`] and [`replace`](Self::replace) for the imported code, and like
    /// [`follow`](Self::follow). A source with another interface is refused with [`Error::OutdatedWrapper`].
    pub fn follow_source(
        &self,
        follow: &Follow,
        folder: impl AsRef<Path>,
        mut accept: impl FnMut(&SessionPre<S>) -> Result<()> + Send + 'static,
        mut report: impl FnMut(Followed) + Send + 'static,
    ) -> Result<Following>
    where
        S::Wrapper: AssetWrapper,
    {
        let imported = S::Wrapper::ASSET;
        if self.current().is_none() {
            let loaded = follow.runtime.load(imported)?;
            let _ = self.replace(&loaded, &mut accept)?;
        }
        let path = folder.as_ref().join(imported.source());
        let asset = DynamicAsset::named_file(imported.name(), path);
        self.follow(follow, asset, accept, move |followed| report(of_source(followed)))
    }
}

/// Returns the result for the source of an asset, whose wrapper may be of an earlier one.
fn of_source(followed: Followed) -> Followed {
    match followed {
        Followed::Refused(Error::Interface { asset, differences, .. }) => {
            Followed::Refused(Error::OutdatedWrapper { asset, differences })
        }
        other => other,
    }
}

/// A file that is followed.
struct File<S: TypedSession, A, R> {
    runtime: Runtime,
    slot: Slot<S>,
    asset: DynamicAsset<CodeOf<S>>,
    path: PathBuf,
    is_gone: bool,
    /// Whether the last content was refused.
    is_refused: bool,
    accept: A,
    report: R,
}

impl<S, A, R> File<S, A, R>
where
    S: TypedSession,
    A: FnMut(&SessionPre<S>) -> Result<()>,
    R: FnMut(Followed),
{
    fn changed(&mut self) {
        let was_gone = self.is_gone;
        self.is_gone = Stamp::of(&self.path).is_none();
        if self.is_gone {
            if !was_gone {
                (self.report)(Followed::Gone);
            }
            return;
        }
        if is_current(&self.slot, &self.asset) {
            if std::mem::take(&mut self.is_refused) || was_gone {
                (self.report)(Followed::Unchanged);
            }
            return;
        }
        let candidate = (self.slot.clone(), self.asset.clone());
        replace_all(&self.runtime, vec![candidate], &mut self.accept, |_, _, followed| {
            self.is_refused = matches!(followed, Followed::Refused(_));
            (self.report)(followed);
            true
        });
    }
}
