//! `pull`: a bundle that counts, or a source, from a registry.

use super::failed;
use crate::args::{PullArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::bytes;
use serde::Serialize;
use std::path::Path;
use wasmport_build::Error;
use wasmport_build::registry::{PullOptions, Pulled, Sha256, pull_bundle, pull_source};

/// The result as JSON.
#[derive(Serialize)]
struct Document<'a> {
    reference: String,
    output: &'a Path,
    subject: Sha256,
    manifest: Sha256,
    layer: Sha256,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    producer: Option<String>,
}

/// Runs `pull`.
pub(super) fn pull(args: &PullArgs, default_config: Option<&Path>) -> Exit {
    let out = Output::new(args.registry.format, false, 0);
    let pulled = match run(args, default_config) {
        Ok(pulled) => pulled,
        Err(error) => return failed(&error, &out),
    };
    let Pulled { subject, manifest, layer, bytes: len, signed, .. } = pulled;
    let (generation, producer) = signed.unzip();
    if out.is_json() {
        let (reference, output) = (args.reference.to_string(), args.output.as_path());
        let producer = producer.map(|key| key.to_string());
        out.json(&Document {
            reference,
            output,
            subject,
            manifest,
            layer,
            bytes: len,
            generation,
            producer,
        });
        return Exit::Done;
    }
    let path = args.output.display();
    let by = generation.zip(producer);
    let by = by.map(|(generation, key)| format!(", generation {generation}, signed by {key}"));
    out.line(&format!("{path}: {}{}", bytes(len), by.unwrap_or_default()));
    out.line(&format!("manifest  {manifest}\nlayer     {layer}"));
    Exit::Done
}

fn run(args: &PullArgs, default_config: Option<&Path>) -> Result<Pulled, Error> {
    if args.source {
        return pull_source(&args.reference, &args.output, &args.registry.options());
    }
    let settings = settings(args.config.as_deref(), default_config)?;
    let mut options = PullOptions::default();
    options.trusted_keys.clone_from(&args.trusted_keys);
    options.minimum_generation = args.minimum_generation;
    options.wasmtime = args.wasmtime;
    options.registry = args.registry.options();
    pull_bundle(&settings, &args.reference, &args.output, &options)
}
