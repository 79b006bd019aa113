//! Reproduce: whether compiling everything again gives what there is. Writes nothing.

use crate::check::gone;
use crate::discover::Discovered;
use crate::error::Error;
use crate::fs;
use crate::lock::Lock;
use crate::manifest::{Entry, Manifest, inside};
use crate::report::{AssetReport, Report, Status};
use crate::run::{Run, tree};
use std::collections::BTreeMap;
use wasmport::Digest;

impl Run<'_> {
    /// Compares what was made with the files that are there, with their manifest, and with the lock
    /// file where there is one.
    pub fn compare(
        &self,
        discovered: &Discovered,
        made: &Manifest,
        report: &mut Report,
    ) -> Result<(), Error> {
        let lock = self.lock.as_ref().filter(|lock| lock.is_there());
        for asset in report.assets.iter_mut().filter(|asset| asset.status == Status::Imported) {
            let Some(entry) = made.assets.get(&asset.name) else { continue };
            asset.stale = self.difference(&asset.name, entry, lock)?;
            asset.status = asset.stale.as_ref().map_or(Status::Unchanged, |_| Status::Stale);
        }
        report.removed.clear();
        report.assets.extend(gone(discovered, self.settings, &self.freshness, lock));
        let tree = tree(self.settings, made)?.digests();
        let lines =
            self.outputs(by_path(&tree), by_path(&self.freshness.previous().tree).collect())?;
        if !lines.is_empty() {
            let why = told("generating it again gives something else", &lines);
            report.assets.push(AssetReport::stale("mod.rs", "mod.rs", why));
        }
        Ok(())
    }

    /// In what an asset that was made again differs from what there is of it, and why.
    fn difference(
        &self,
        name: &str,
        made: &Entry,
        lock: Option<&Lock>,
    ) -> Result<Option<String>, Error> {
        let there = self.freshness.previous().assets.get(name);
        let outputs = there.into_iter().flat_map(Entry::outputs).collect();
        let mut lines = self.outputs(made.outputs(), outputs)?;
        let locked = lock.map(|lock| lock.differences(made, self.settings)).unwrap_or_default();
        lines.extend(locked.into_iter().map(|line| format!("lock file: {line}")));
        let cause = there.map_or("it was never imported".into(), |there| cause(made, there));
        Ok((!lines.is_empty()).then(|| told(&cause, &lines)))
    }

    /// The outputs that are not what was made, with all digests.
    fn outputs<'b>(
        &self,
        made: impl Iterator<Item = (&'b str, Digest)>,
        mut manifest: BTreeMap<&str, Digest>,
    ) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for (path, digest) in made {
            let said = manifest.remove(path);
            let file = inside(&self.settings.out_dir, path);
            let file = file.map(|file| fs::read_if_there(&file)).transpose()?.flatten();
            let file = file.map(|bytes| Digest::of(&bytes));
            if (said, file) != (Some(digest), Some(digest)) {
                let [manifest, file] = [said, file]
                    .map(|digest| digest.map_or("nothing".into(), |digest| digest.to_string()));
                let there = match manifest == file {
                    true => format!("there is {file}"),
                    false => format!("the manifest says {manifest}, the file is {file}"),
                };
                lines.push(format!("{path}: made {digest}, {there}"));
            }
        }
        let left = manifest.keys();
        lines.extend(left.map(|path| format!("{}: not made any more", path.escape_debug())));
        Ok(lines)
    }
}

fn by_path(digests: &BTreeMap<String, Digest>) -> impl Iterator<Item = (&str, Digest)> {
    digests.iter().map(|(path, digest)| (path.as_str(), *digest))
}

fn told(why: &str, lines: &[String]) -> String {
    format!("{why}\n{}", lines.join("\n"))
}

/// Why what was made may differ from what there is.
fn cause(made: &Entry, there: &Entry) -> String {
    let made_by = |entry: &Entry| {
        let tools = entry.tools.iter().map(|(name, version)| format!(", {name} {version}"));
        let by = format!("Wasmtime {}, wasmport-build {}", entry.wasmtime, entry.generator);
        (by + &tools.collect::<String>()).escape_debug().to_string()
    };
    let targets = |entry: &Entry| {
        let artifacts = entry.artifacts.iter().map(|artifact| artifact.target.clone());
        artifacts.collect::<Vec<_>>()
    };
    let (by, former) = (made_by(made), made_by(there));
    if made.source_digest != there.source_digest {
        "its source changed since it was imported".into()
    } else if made.settings != there.settings {
        "its settings changed since it was imported".into()
    } else if by != former {
        format!("{former} made it, and this is {by}")
    } else if targets(made) != targets(there) {
        "it was imported for other targets".into()
    } else {
        "from the same source and settings the same versions make something else: the output was \
         changed, other software made it, or importing it does not give the same each time"
            .into()
    }
}
