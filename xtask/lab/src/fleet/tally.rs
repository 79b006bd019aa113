//! The count of what was compiled, by whom, and why twice.

use super::project::Outcome;
use super::worker::{Finished, Kind};
use std::collections::{BTreeMap, BTreeSet};
use wasmport::Digest;

/// The reason why an item is compiled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    KilledWorker,
    ReadOnlyWorker,
    ForgedKey,
    StoreStoodStill,
}

/// The count.
pub(super) struct Tally {
    items: BTreeSet<Digest>,
    /// The results that did not reach others, and why.
    lost: BTreeMap<Digest, Cause>,
    /// The items that were compiled by a worker whose results count.
    compiled: BTreeSet<Digest>,
    twice: BTreeMap<Digest, Cause>,
    wrong: BTreeSet<String>,
}

impl Tally {
    /// Counts the items of an import.
    pub fn new(expected: &Outcome) -> Self {
        let items = expected.imported.artifacts.values().copied().collect();
        Self {
            items,
            lost: BTreeMap::new(),
            compiled: BTreeSet::new(),
            twice: BTreeMap::new(),
            wrong: BTreeSet::new(),
        }
    }

    /// Counts what a worker compiled while all others did too.
    pub fn first_round(&mut self, kind: Kind, finished: &Finished) {
        let cause = match kind {
            Kind::Killed => Some(Cause::KilledWorker),
            Kind::ReadOnly => Some(Cause::ReadOnlyWorker),
            Kind::Forged => Some(Cause::ForgedKey),
            _ => finished.lost_the_store().then_some(Cause::StoreStoodStill),
        };
        for item in finished.compiled.intersection(&self.items) {
            match cause {
                Some(cause) => drop(self.lost.insert(*item, cause)),
                None => drop(self.compiled.insert(*item)),
            }
        }
    }

    /// Counts what was compiled afterwards.
    ///
    /// # Errors
    ///
    /// Fails if an item was compiled again although its result was there.
    pub fn second_round(&mut self, finished: &Finished) -> crate::Result {
        for item in finished.compiled.intersection(&self.items) {
            if self.compiled.contains(item) {
                return Err(format!("{item} was compiled twice without a cause").into());
            }
            if let Some(cause) = self.lost.get(item) {
                let _ = self.twice.insert(*item, *cause);
            }
            let _ = self.compiled.insert(*item);
        }
        Ok(())
    }

    /// Compares the import of the fleet with that of one machine.
    pub fn compare(&mut self, expected: &Outcome, merged: &Outcome) {
        let files = expected.files.keys().chain(merged.files.keys());
        let differs = files.filter(|path| expected.files.get(*path) != merged.files.get(*path));
        self.wrong.extend(differs.map(|path| path.display().to_string()));
        if expected.files.len() < self.items.len() {
            // Nothing proves that nothing differs.
            let _ = self.wrong.insert("the import of one machine has no files".into());
        }
    }

    /// Prints the count.
    ///
    /// # Errors
    ///
    /// Fails if anything is wrong.
    pub fn finish(&self) -> crate::Result {
        let mut causes = BTreeMap::<Cause, usize>::new();
        for cause in self.twice.values() {
            *causes.entry(*cause).or_default() += 1;
        }
        println!("compiled twice: {causes:?}");
        for file in &self.wrong {
            println!("wrong: {file}");
        }
        let (items, twice, wrong) = (self.items.len(), self.twice.len(), self.wrong.len());
        println!("fleet: {items} items, {twice} compiled twice, {wrong} wrong");
        if wrong > 0 {
            std::process::exit(1);
        }
        Ok(())
    }
}
