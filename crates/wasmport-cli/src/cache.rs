//! `cache`.

use crate::args::settings;
use crate::output::Output;
use crate::summary::bytes;
use crate::{CacheCommand, Exit};
use std::path::Path;
use wasmport_build::{CacheFolder, CacheStats, Error, Importer, Removed, Verified};

pub(crate) fn cache(command: &CacheCommand, default_config: Option<&Path>) -> Exit {
    let (CacheCommand::Stats(args)
    | CacheCommand::Verify(args)
    | CacheCommand::Prune { args, .. }
    | CacheCommand::Clear(args)) = command;
    let out = Output::new(args.format, false, 0);
    let run = || {
        let settings = settings(args.config.as_deref(), default_config)?;
        let cache = Importer::new(settings).cache_folder().ok_or_else(|| Error::Arguments {
            message: "the settings want no cache, or the system has no place for one".into(),
            help: "name a folder with the environment variable `WASMPORT_CACHE_DIR`".into(),
        })?;
        act(command, &cache, &out)
    };
    run().unwrap_or_else(|error: Error| {
        out.error(&error.to_string());
        Exit::Usage
    })
}

fn act(command: &CacheCommand, cache: &CacheFolder, out: &Output) -> Result<Exit, Error> {
    match command {
        CacheCommand::Stats(_) => {
            let stats = cache.stats()?;
            if out.is_json() { out.json(&stats) } else { tell_stats(&stats, out) }
        }
        CacheCommand::Verify(_) => {
            let verified = cache.verify()?;
            if out.is_json() {
                out.json(&verified)
            } else {
                tell_verified(&verified, out)
            }
            if !verified.damaged.is_empty() {
                return Ok(Exit::Failed);
            }
        }
        CacheCommand::Prune { max_mib, .. } => {
            tell_removed(cache.prune(max_mib.map(|mib| u64::from(mib) << 20))?, out);
        }
        CacheCommand::Clear(_) => tell_removed(cache.clear()?, out),
    }
    Ok(Exit::Done)
}

fn tell_stats(stats: &CacheStats, out: &Output) {
    out.line(&format!("{}", stats.folder.display()));
    let (is, may_be) = (bytes(stats.bytes), bytes(stats.max_bytes));
    out.line(&format!("{is} of {may_be}, {} blobs", stats.blobs));
    for (kind, count) in &stats.records {
        out.line(&format!("{count:7} {kind}"));
    }
    if stats.states > 0 {
        out.line(&format!("{:7} projects of whose files something is known", stats.states));
    }
    if stats.quarantined > 0 {
        out.line(&format!("{:7} damaged and put aside", stats.quarantined));
    }
    if stats.running > 0 {
        out.line(&format!("{:7} running imports use it", stats.running));
    }
}

fn tell_verified(verified: &Verified, out: &Output) {
    for path in &verified.damaged {
        out.error(&format!("{path} was damaged, and put aside"));
    }
    out.line(&format!("{} good, {} damaged", verified.good, verified.damaged.len()));
}

fn tell_removed(removed: Removed, out: &Output) {
    if out.is_json() {
        return out.json(&removed);
    }
    out.line(&format!("removed {} entries, {}", removed.entries, bytes(removed.bytes)));
}
