//! Differences between an asset and the lock file, a line each, with the keys of the lock file.

use super::{Lock, Locked};
use crate::project::manifest::Entry;
use crate::settings::{Settings, concurrency};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use wasmport::Digest;

/// The difference of an asset that the lock file does not name.
pub(super) const NOT_LOCKED: &str = "it is not locked";

/// The inputs of an import.
pub(super) struct Inputs<'a> {
    pub input: Digest,
    pub settings: Digest,
    pub wasmtime: &'a str,
    pub tools: &'a BTreeMap<String, String>,
}

impl Lock {
    /// Compares an imported asset with the lock file.
    pub fn differences(&self, entry: &Entry, settings: &Settings) -> Vec<String> {
        let Some(locked) = self.content.assets.get(&entry.source) else {
            return vec![NOT_LOCKED.into()];
        };
        let now = Locked::from(entry);
        let development = settings.is_development;
        let inputs = Inputs {
            input: now.input,
            settings: if development { locked.settings } else { now.settings },
            wasmtime: &now.wasmtime,
            tools: &now.tools,
        };
        let mut differences = locked.differences_of(&inputs);
        if locked.settings != inputs.settings {
            differences.extend(self.difference_of_engine(settings));
        }
        // The lock file has the artifacts that others run.
        if !development {
            differences.extend(locked.differences_of_artifacts(&now));
        }
        differences.extend(locked.unnamed_targets(settings));
        differences
    }

    /// Compares the engine's concurrency, which the assets may decide. It explains a difference of settings,
    /// and is none of its own: an older lock file does not have it.
    pub(super) fn difference_of_engine(&self, settings: &Settings) -> Option<String> {
        let now = settings.engine.concurrency_support;
        difference(concurrency::KEY, Some(&self.content.concurrency), Some(&now))
    }
}

impl Locked {
    /// Compares the inputs of an import.
    pub(super) fn differences_of(&self, now: &Inputs<'_>) -> Vec<String> {
        let mut differences = Vec::new();
        let digests = [("input", self.input, now.input), ("settings", self.settings, now.settings)];
        for (key, locked, now) in digests {
            differences.extend(difference(key, Some(&locked), Some(&now)));
        }
        let wasmtime = self.wasmtime.escape_debug().to_string();
        differences.extend(difference("wasmtime", Some(&wasmtime), Some(&now.wasmtime.into())));
        for tool in self.tools.keys().chain(now.tools.keys()).collect::<BTreeSet<_>>() {
            let key = format!("tools.{}", tool.escape_debug());
            let [locked, now] = [&self.tools, now.tools]
                .map(|tools| tools.get(tool).map(|version| version.escape_debug().to_string()));
            differences.extend(difference(&key, locked.as_ref(), now.as_ref()));
        }
        differences
    }

    /// Compares the artifacts of `now`. The lock file may hold other targets: an import need not be for
    /// all of them.
    fn differences_of_artifacts(&self, now: &Self) -> Vec<String> {
        let text = |of: &Self, target: &String| {
            let digest = of.artifacts.get(target).map(ToString::to_string);
            digest.or_else(|| of.skipped.contains(target).then(|| "skipped".to_owned()))
        };
        let compare = |target: &String| {
            let key = format!("artifacts.{}", target.escape_debug());
            difference(&key, text(self, target).as_ref(), text(now, target).as_ref())
        };
        now.targets().filter_map(compare).collect()
    }

    /// Returns a difference for each target of the import that is not locked.
    pub(super) fn lacks_targets(&self, settings: &Settings) -> Vec<String> {
        let targets = settings.targets.iter().flatten().map(ToString::to_string);
        let lacking = targets.filter(|target| !self.targets().any(|locked| locked == target));
        lacking.map(|target| format!("artifacts.{target}: not locked")).collect()
    }

    /// Returns a difference for each locked target that the settings do not name.
    pub(super) fn unnamed_targets(&self, settings: &Settings) -> Vec<String> {
        let unnamed = self.targets().filter(|target| !settings.may_be_for(target));
        let line = |target: &String| {
            format!("artifacts.{}: locked, but the settings do not name it", target.escape_debug())
        };
        unnamed.map(line).collect()
    }
}

fn difference<T: Display + PartialEq>(
    key: &str,
    locked: Option<&T>,
    now: Option<&T>,
) -> Option<String> {
    match (locked, now) {
        (Some(locked), Some(now)) if locked == now => None,
        (Some(locked), Some(now)) => Some(format!("{key}: locked {locked}, now {now}")),
        (Some(locked), None) => Some(format!("{key}: locked {locked}, now missing")),
        (None, Some(now)) => Some(format!("{key}: not locked, now {now}")),
        (None, None) => None,
    }
}
