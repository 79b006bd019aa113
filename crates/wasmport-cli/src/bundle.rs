//! `bundle`: the artifacts of an import in one signed file.

use crate::args::{BundleArgs, Format, settings};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::bytes;
use std::path::Path;
use std::time::{Duration, SystemTime};
use wasmport_build::signature::{SigningKey, SigningKeyError};
use wasmport_build::{BundleOptions, Error, Importer, merge_bundles};

/// Runs `bundle`.
pub(crate) fn bundle(args: &BundleArgs, default_config: Option<&Path>) -> Exit {
    let out = Output::new(Format::Human, false, 0);
    let key = match key(args) {
        Ok(key) => key,
        Err(error) => {
            out.error(&format!("{error}\n  help: {}", error.help()));
            return Exit::Failed;
        }
    };
    let mut options = BundleOptions::default();
    options.assets.clone_from(&args.assets);
    options.generation = args.generation;
    options.expires = args.days.map(expires);
    let written = match args.merge.as_slice() {
        [] => settings(args.config.as_deref(), default_config)
            .and_then(|settings| Importer::new(settings).bundle(&args.output, &options, &key)),
        merged => merge_bundles(merged, &args.output, &options, &key),
    };
    match written {
        Ok(written) => {
            let (path, size) = (args.output.display(), bytes(written.bytes));
            out.line(&format!(
                "{path}: {} assets, {} artifacts, {size}, signed by {}",
                written.assets,
                written.artifacts,
                key.id()
            ));
            Exit::Done
        }
        Err(error) => {
            out.error(&error.to_string());
            match error {
                Error::Stale(_) => Exit::Stale,
                Error::Failed(_) | Error::File { .. } => Exit::Failed,
                _ => Exit::Usage,
            }
        }
    }
}

fn key(args: &BundleArgs) -> Result<SigningKey, SigningKeyError> {
    match &args.key {
        Some(file) => SigningKey::from_file(file),
        None => SigningKey::of_environment()?.ok_or(SigningKeyError::None),
    }
}

/// Returns the time in so many days, in seconds since 1970.
fn expires(days: u32) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (now + Duration::from_secs(u64::from(days) * 24 * 60 * 60)).as_secs()
}
