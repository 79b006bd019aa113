//! `Plan`: the assets of a run, split into those that are unchanged and those to import.

use super::lifeline::Lifeline;
use crate::asset::{AssetError, Kind};
use crate::error::Error;
use crate::pipeline::needs_concurrency;
use crate::project::digests::Digests;
use crate::project::discover::{AssetFile, Discovered, discover};
use crate::project::freshness::Freshness;
use crate::project::lock::{Lock, LockedRun};
use crate::project::manifest::{Entry, Manifest};
use crate::report::{AssetReport, Report, Status};
use crate::settings::{Alternatives, LockMode, Settings};
use crate::store::{StoreError, StoreFolder};
use crate::tool::ToolBox;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use wasmport::engine::Target;

/// The targets to compile for, by source.
pub(crate) type TargetsBySource = BTreeMap<String, Vec<Target>>;

/// The result of looking at sources, outputs and lock file, before any work.
pub(crate) struct Plan<'a> {
    pub settings: &'a Settings,
    pub discovered: Discovered,
    pub freshness: Freshness<'a>,
    pub tools: ToolBox,
    /// The folder of the cache, or why it cannot be used; none if the run uses no cache.
    pub store: Option<Result<StoreFolder, StoreError>>,
    /// The lock file, if the run must compare with it or write it.
    pub lock: Option<Lock>,
    /// Whether the run would write what exists: same assets, all fresh, undamaged `mod.rs` files.
    pub is_unchanged: bool,
    /// The reports of assets that need no work, or cannot be read.
    pub settled: Vec<AssetReport>,
    /// The indices of the assets to import, in `discovered.assets`.
    pending: Vec<usize>,
    /// The targets to compile for, if the run compiles a part alone.
    pub part: Option<TargetsBySource>,
    /// The threads that compile, however many assets are imported at once.
    pub pool: rayon::ThreadPool,
    /// The lifeline of a helper process.
    pub lifeline: Option<Lifeline>,
}

/// The stack of a thread that imports: parsers of Rust call themselves for each level of a type, and the
/// validator takes types of a hundred levels.
const STACK: usize = 32 << 20;

impl<'a> Plan<'a> {
    /// Finds the assets, decides about the engine's concurrency, and which assets to import.
    ///
    /// # Errors
    ///
    /// Fails if the settings contradict each other, or the manifest or the lock file cannot be read.
    pub fn new(alternatives: &'a Alternatives<'_>) -> Result<Self, Error> {
        let mut plan = Self::discover(alternatives, Digests::saved)?;
        let mut fresh = plan.fresh();
        if alternatives.are_open() && plan.decide_concurrency(alternatives, &fresh) {
            fresh = plan.fresh();
        }
        plan.is_unchanged = plan.is_unchanged(&fresh);
        if !(plan.is_unchanged && plan.is_lock_checked()) {
            plan.lock = Lock::of(plan.settings)?;
        }
        plan.split(fresh);
        Ok(plan)
    }

    /// Finds the assets of which the run compiles a part, whatever an earlier run has written.
    ///
    /// # Errors
    ///
    /// Fails like [`Plan::new`].
    pub fn of_part(alternatives: &'a Alternatives<'_>) -> Result<Self, Error> {
        let mut plan = Self::discover(alternatives, Digests::saved)?;
        if alternatives.are_open() {
            let _ = plan.decide_concurrency(alternatives, &[]);
        }
        if plan.settings.lock == LockMode::Locked {
            plan.lock = Lock::of(plan.settings)?;
        }
        Ok(plan)
    }

    /// Selects the items to compile. Nothing is written.
    pub fn select(&mut self, part: TargetsBySource) {
        let assets = self.discovered.assets.iter().enumerate();
        let own = assets.filter(|(_, file)| part.contains_key(&file.source));
        self.pending = own.map(|(index, _)| index).collect();
        self.part = Some(part);
    }

    /// Returns the targets to compile an asset for, if the run compiles a part alone.
    pub fn part_of(&self, file: &AssetFile) -> Option<&[Target]> {
        let part = self.part.as_ref()?;
        Some(part.get(&file.source).map(Vec::as_slice).unwrap_or_default())
    }

    /// Finds the assets for a helper process, which imports what it is told, for an engine with or without
    /// concurrency.
    ///
    /// # Errors
    ///
    /// Fails like [`Plan::new`].
    pub fn for_helper(
        alternatives: &'a Alternatives<'_>,
        has_concurrency: bool,
        lifeline: Lifeline,
    ) -> Result<Self, Error> {
        let mut plan = Self::discover(alternatives, |_, _| Digests::computed())?;
        plan.set_settings(alternatives.with(has_concurrency));
        plan.lock = Lock::of(plan.settings)?;
        plan.lifeline = Some(lifeline);
        Ok(plan)
    }

    /// Returns whether manifest and lock file are still those that the plan was made from.
    ///
    /// # Errors
    ///
    /// Fails if one of them cannot be read.
    pub fn is_current(&self) -> Result<bool, Error> {
        let manifest = Manifest::digest_in(&self.settings.out_dir)?;
        let is_current = |lock: &Lock| lock.is_current();
        Ok(self.freshness.previous().digest == Some(manifest)
            && self.lock.as_ref().map_or(Ok(true), is_current)?)
    }

    fn discover(
        alternatives: &'a Alternatives<'_>,
        saved: impl FnOnce(&StoreFolder, &Path) -> Digests + Send,
    ) -> Result<Self, Error> {
        let settings = alternatives.with(false);
        // A run that reproduces uses nothing of earlier runs.
        let store = StoreFolder::open(settings).filter(|_| !settings.reproduce);
        // A folder that cannot be used is a warning when assets are imported.
        let digests = || match &store {
            Some(Ok(store)) => saved(store, &settings.out_dir),
            _ => Digests::computed(),
        };
        // By default one thread per processor.
        let threads = settings.jobs.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
        let pool = pool.map_err(|e| Error::arguments(e.to_string(), "ask for fewer jobs"))?;
        let (discovered, freshness) =
            pool.join(|| discover(settings), || Freshness::new(alternatives, digests()));
        let freshness = freshness?;
        Ok(Self {
            settings: freshness.settings(),
            discovered: discovered?,
            freshness,
            tools: ToolBox::new(settings),
            store,
            lock: None,
            is_unchanged: false,
            settled: Vec::new(),
            pending: Vec::new(),
            part: None,
            pool,
            lifeline: None,
        })
    }

    /// Returns the assets to import.
    pub fn pending(&self) -> impl Iterator<Item = &AssetFile> {
        self.pending.iter().filter_map(|index| self.discovered.assets.get(*index))
    }

    /// Reports all differences from a binding lock file that are known before compiling.
    pub fn refusal(&self) -> Option<Report> {
        let lock = self.lock.as_ref()?;
        if !lock.is_binding() || self.settings.reproduce {
            return None;
        }
        let Self { settings, freshness, tools, .. } = self;
        let run = LockedRun { settings, freshness, tools };
        self.pool.install(|| run.refusal(lock, &self.discovered))
    }

    /// Returns for each asset whether its outputs are fresh.
    fn fresh(&self) -> Vec<Result<bool, AssetError>> {
        let is_fresh = |file: &AssetFile| {
            let digest = self.freshness.source_digest(file)?;
            Ok(self.freshness.is_up_to_date(file, digest, &self.tools))
        };
        self.pool.install(|| self.discovered.assets.par_iter().map(is_fresh).collect())
    }

    /// Lets all assets of the project decide whether the engine has concurrency, those that this run does not
    /// select too. Returns whether they decide otherwise than in the run before.
    ///
    /// The manifest has the need of every asset that is fresh, so that a run without changes reads no source.
    fn decide_concurrency(
        &mut self,
        alternatives: &'a Alternatives<'_>,
        fresh: &[Result<bool, AssetError>],
    ) -> bool {
        let Self { discovered, freshness, settings, .. } = &*self;
        let is_fresh = |index: usize| matches!(fresh.get(index), Some(Ok(true)));
        let files = discovered.assets.iter().chain(&discovered.unselected).enumerate();
        let recorded = |(index, file)| {
            let entry = freshness.entry(file).filter(|entry| {
                is_fresh(index)
                    || freshness
                        .source_digest(file)
                        .is_ok_and(|digest| freshness.has_inputs_of(entry, file, digest))
            });
            (file, entry.map(|entry| entry.concurrency))
        };
        let recorded: Vec<(&AssetFile, Option<bool>)> = files.map(recorded).collect();
        let is_needed = |(file, recorded): &(&AssetFile, Option<bool>)| {
            recorded.unwrap_or_else(|| needs_concurrency(file, settings))
        };
        let is_needed = recorded.iter().any(|(_, recorded)| *recorded == Some(true))
            || self.pool.install(|| recorded.par_iter().any(is_needed));
        let before = self.settings.engine;
        self.set_settings(alternatives.with(is_needed));
        self.settings.engine != before
    }

    fn set_settings(&mut self, settings: &'a Settings) {
        self.settings = settings;
        self.freshness.set_settings(settings);
    }

    fn is_unchanged(&self, fresh: &[Result<bool, AssetError>]) -> bool {
        !self.settings.reproduce
            && self.discovered.failed.is_empty()
            && self.discovered.removed(self.freshness.previous()).is_empty()
            && fresh.iter().all(|fresh| matches!(fresh, Ok(true)))
            && self.freshness.previous().is_of_project(self.settings)
            && self.freshness.damaged_tree().is_none()
    }

    /// Returns whether the lock file needs no comparison if nothing else changed.
    fn is_lock_checked(&self) -> bool {
        self.settings.lock == LockMode::Ignore || self.freshness.is_lock_checked()
    }

    /// Settles the assets that are fresh and as locked, and those that cannot be read.
    fn split(&mut self, fresh: Vec<Result<bool, AssetError>>) {
        for (index, fresh) in fresh.into_iter().enumerate() {
            let Some(file) = self.discovered.assets.get(index) else { continue };
            let settled = match fresh {
                Err(error) => Some(file.failed(Kind::Module, error)),
                Ok(false) => None,
                // An asset that differs from the lock file is imported again: then it matches or fails.
                Ok(true) => self
                    .freshness
                    .entry(file)
                    .filter(|entry| self.is_as_locked(file, entry))
                    .map(|entry| entry.report(&file.name(), Status::Unchanged).at(&file.path)),
            };
            match settled {
                Some(report) => self.settled.push(report),
                None => self.pending.push(index),
            }
        }
    }

    fn is_as_locked(&self, file: &AssetFile, entry: &Entry) -> bool {
        self.lock.iter().all(|lock| lock.check_entry(file, entry, self.settings).is_ok())
    }
}
