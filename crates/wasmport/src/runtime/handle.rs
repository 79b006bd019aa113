//! `Runtime`: the handle that programs share.

use super::shared::RuntimeShared;
use crate::asset::AnyAsset;
use crate::choice::Choice;
use crate::engine::{BackEnd, EngineConfig, Limits, RuntimeOptions};
use crate::error::{Error, Result};
use crate::limits::{EpochTimer, Group, MemoryBudget};
use std::fmt;
use std::sync::Arc;
use wasmtime::Engine;

/// Loads assets of one [`EngineConfig`]. Clones share engine and loaded code, and any thread may use
/// them.
///
/// All code of a runtime has one [`BackEnd`], so that it can be linked. The first asset decides it:
/// machine code if the asset has any for this machine, else the interpreter, else the compiler, as far
/// as the program has them. If assets differ in that, list all of them with
/// [`RuntimeBuilder::assets`](crate::RuntimeBuilder::assets).
#[derive(Clone)]
pub struct Runtime {
    pub(super) shared: Arc<RuntimeShared>,
    /// Limits of new sessions.
    limits: Limits,
    /// Groups that new sessions join.
    groups: Vec<Group>,
    /// Budgets that new sessions share.
    budgets: Vec<MemoryBudget>,
    /// The state that sessions of assets begin with.
    #[cfg(feature = "snapshot")]
    snapshots: Vec<crate::snapshot::Snapshot>,
    /// Records new sessions.
    #[cfg(feature = "replay")]
    recorder: Option<crate::record::Recorder>,
}

impl Runtime {
    pub(super) fn from_shared(shared: RuntimeShared) -> Self {
        let limits = shared.options.limits;
        Self {
            shared: Arc::new(shared),
            limits,
            groups: Vec::new(),
            budgets: Vec::new(),
            #[cfg(feature = "snapshot")]
            snapshots: Vec::new(),
            #[cfg(feature = "replay")]
            recorder: None,
        }
    }

    /// Returns the same runtime for the code of Winch, if this program and machine have any.
    #[cfg(feature = "winch")]
    pub(super) fn winch(&self) -> Option<Self> {
        let shared = Arc::clone(self.shared.winch()?);
        Some(Self { shared, ..self.clone() })
    }

    /// Returns whether this runtime is for the code of Winch.
    #[cfg(feature = "compile")]
    pub(super) fn is_winch(&self) -> bool {
        #[cfg(feature = "winch")]
        return self.shared.is_winch;
        #[cfg(not(feature = "winch"))]
        false
    }

    /// Returns the artifact of an asset that this runtime runs, and why it rejects the others. If no
    /// asset was loaded yet, it is the one that it would run.
    #[must_use]
    pub fn choice<'b>(&self, asset: &'b AnyAsset) -> Choice<'b> {
        self.shared.choice(asset)
    }

    /// Returns the back end: that of [`engine`](Self::engine).
    #[must_use]
    pub fn back_end(&self) -> BackEnd {
        self.shared.engine().back_end
    }

    /// Returns Wasmtime's engine, for stores and linkers. If no asset was loaded and the builder was
    /// passed none, this decides the back end: machine code, or that of the target in the options.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.shared.engine().engine
    }

    /// Returns the engine configuration.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.shared.config
    }

    /// Returns the timer of an engine that checks epochs.
    pub(crate) fn timer(&self) -> Option<&Arc<EpochTimer>> {
        self.shared.engine().timer.as_ref()
    }

    /// Returns the same runtime with other limits for new sessions: one engine and one set of loaded
    /// assets serves trusted guests and others.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the limits need fuel or time, and the engine does not meter
    /// it.
    pub fn with_limits(&self, limits: Limits) -> Result<Self> {
        check_limits(&limits, self.config())?;
        Ok(Self { limits, ..self.clone() })
    }

    /// Returns the same runtime, whose new sessions [join](crate::Session::join) a group before they are instantiated, so
    /// that its deadline bounds their start too.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not meter time.
    pub fn with_group(&self, group: &Group) -> Result<Self> {
        if !self.config().epoch_interruption {
            return Err(Error::NotMetered { knob: "epoch_interruption" });
        }
        let mut runtime = self.clone();
        runtime.groups.push(group.clone());
        Ok(runtime)
    }

    /// Returns the same runtime, whose new sessions of the snapshot's asset begin with the saved state: memories, globals,
    /// tables and virtual files. Neither the start function nor `_initialize` runs in them.
    ///
    /// This is for all that starts a session by a runtime or by code that it has loaded: the `new` of generated sessions,
    /// [`SessionPre`](crate::SessionPre), pools, slots and handles. Pass the imports and the [`Wasi`](crate::wasi::Wasi) that
    /// the saved session had; virtual files begin as they were saved. A session fails with
    /// [`Error::Snapshot`] if the asset was imported again since, into another module.
    ///
    /// Instances of wrappers in stores of the program's own begin as always. So do those of other assets: their
    /// names differ.
    #[cfg(feature = "snapshot")]
    #[must_use]
    pub fn with_snapshot(&self, snapshot: &crate::snapshot::Snapshot) -> Self {
        let mut runtime = self.clone();
        runtime.snapshots.retain(|other| other.asset() != snapshot.asset());
        runtime.snapshots.push(snapshot.clone());
        runtime
    }

    /// Returns the state that sessions of an asset begin with, if they do not begin as always.
    #[cfg(feature = "snapshot")]
    pub(crate) fn snapshot_of(&self, asset: &AnyAsset) -> Option<&crate::snapshot::Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.asset() == asset.name())
    }

    /// Returns the same runtime, the memories of whose new sessions share a budget.
    #[must_use]
    pub fn with_memory_budget(&self, budget: &MemoryBudget) -> Self {
        let mut runtime = self.clone();
        runtime.budgets.push(budget.clone());
        runtime
    }

    /// Returns the same runtime, whose new sessions are recorded. Sessions of components, async sessions and those that
    /// start from a snapshot cannot be.
    ///
    /// Code is linked for a recording: load it, and link it, with this runtime.
    #[cfg(feature = "replay")]
    #[must_use]
    pub fn with_recorder(&self, recorder: &crate::record::Recorder) -> Self {
        Self { recorder: Some(recorder.clone()), ..self.clone() }
    }

    /// Returns the same runtime, whose new sessions are not recorded.
    #[cfg(feature = "replay")]
    pub(crate) fn without_recorder(self) -> Self {
        Self { recorder: None, ..self }
    }

    /// Returns the recorder of new sessions, if they are recorded.
    #[cfg(feature = "replay")]
    pub(crate) fn recorder(&self) -> Option<&crate::record::Recorder> {
        self.recorder.as_ref()
    }

    /// Returns this runtime, whose new sessions have the limits, groups and budgets of another.
    pub(super) fn bounded_like(&self, other: &Self) -> Self {
        Self { shared: Arc::clone(&self.shared), ..other.clone() }
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn memory_budgets(&self) -> &[MemoryBudget] {
        &self.budgets
    }

    /// Returns the limits of new sessions.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the options that it was built with.
    #[must_use]
    pub fn options(&self) -> &RuntimeOptions {
        &self.shared.options
    }
}

/// Fails if code compiled with `config` cannot keep the limits.
pub(super) fn check_limits(limits: &Limits, config: &EngineConfig) -> Result<()> {
    limits.missing_knob(config).map_or(Ok(()), |knob| Err(Error::NotMetered { knob }))
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.shared.config)
            .field("options", &self.shared.options)
            .field("back_end", &self.shared.chosen_back_end())
            .finish_non_exhaustive()
    }
}
