//! `cache`: statistics, verification and pruning of the cache.

use crate::args::{CacheCommand, settings};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::bytes;
use std::path::Path;
use wasmport_build::{CacheFolder, CacheStats, Error, Importer, Removed, Verified};

/// Runs `cache`.
pub(crate) fn cache(command: &CacheCommand, default_config: Option<&Path>) -> Exit {
    let (CacheCommand::Stats(args)
    | CacheCommand::Verify(args)
    | CacheCommand::Prune { args, .. }
    | CacheCommand::Clear(args)) = command;
    let out = Output::new(args.format, false, 0);
    let result = || {
        let settings = settings(args.config.as_deref(), default_config)?;
        let cache = Importer::new(settings).cache_folder().ok_or_else(|| Error::Arguments {
            message: "the cache is off in the settings, or the system has no folder for caches"
                .into(),
            help: "set the variable `WASMPORT_CACHE_DIR` to a folder".into(),
        })?;
        run(command, &cache, &out)
    };
    result().unwrap_or_else(|error: Error| {
        out.error(&error.to_string());
        Exit::Usage
    })
}

fn run(command: &CacheCommand, cache: &CacheFolder, out: &Output) -> Result<Exit, Error> {
    match command {
        CacheCommand::Stats(_) => {
            let stats = cache.stats()?;
            if out.is_json() { out.json(&stats) } else { print_stats(&stats, out) }
        }
        CacheCommand::Verify(_) => {
            let verified = cache.verify()?;
            if out.is_json() {
                out.json(&verified)
            } else {
                print_verified(&verified, out)
            }
            if !verified.damaged.is_empty() {
                return Ok(Exit::Failed);
            }
        }
        CacheCommand::Prune { max_mib, .. } => {
            print_removed(cache.prune(max_mib.map(|mib| u64::from(mib) << 20))?, out);
        }
        CacheCommand::Clear(_) => print_removed(cache.clear()?, out),
    }
    Ok(Exit::Done)
}

fn print_stats(stats: &CacheStats, out: &Output) {
    out.line(&format!("{}", stats.folder.display()));
    let (used, max) = (bytes(stats.bytes), bytes(stats.max_bytes));
    out.line(&format!("{used} of {max}, {} blobs", stats.blobs));
    for (kind, count) in &stats.records {
        out.line(&format!("{count:7} {kind}"));
    }
    if stats.downloads > 0 {
        out.line(&format!("{:7} files from registries", stats.downloads));
    }
    if stats.states > 0 {
        out.line(&format!("{:7} projects with saved digests", stats.states));
    }
    if stats.quarantined > 0 {
        out.line(&format!("{:7} damaged, in quarantine", stats.quarantined));
    }
    if stats.running > 0 {
        out.line(&format!("{:7} running imports", stats.running));
    }
}

fn print_verified(verified: &Verified, out: &Output) {
    for path in &verified.damaged {
        out.error(&format!("{path} is damaged: moved to the quarantine"));
    }
    out.line(&format!("{} good, {} damaged", verified.good, verified.damaged.len()));
    if verified.other_key > 0 {
        out.line(&format!("{} results were written with another key", verified.other_key));
    }
}

fn print_removed(removed: Removed, out: &Output) {
    if out.is_json() {
        return out.json(&removed);
    }
    out.line(&format!("removed {} entries, {}", removed.entries, bytes(removed.bytes)));
}
