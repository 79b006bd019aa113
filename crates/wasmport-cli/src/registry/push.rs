//! `push`: a module, a component or a bundle into a registry.

use super::failed;
use crate::args::PushArgs;
use crate::exit::Exit;
use crate::output::Output;
use serde::Serialize;
use wasmport_build::registry::{PushOptions, Sha256};

/// The result as JSON.
#[derive(Serialize)]
struct Document {
    reference: String,
    manifest: Sha256,
    layer: Sha256,
    /// The manifest that a bundle refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Sha256>,
    /// Whether the registry lists the bundle itself, or those who push do under a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_by: Option<&'static str>,
}

/// Runs `push`.
pub(super) fn push(args: &PushArgs) -> Exit {
    let out = Output::new(args.registry.format, false, 0);
    let mut options = PushOptions::default();
    options.created.clone_from(&args.created);
    options.registry = args.registry.options();
    let pushed = match wasmport_build::registry::push(&args.file, &args.reference, &options) {
        Ok(pushed) => pushed,
        Err(error) => return failed(&error, &out),
    };
    let (reference, manifest, layer) = (args.reference.to_string(), pushed.manifest, pushed.layer);
    let by = |is_listed: bool| if is_listed { "registry" } else { "tag" };
    if out.is_json() {
        let subject = pushed.subject.map(|(subject, _)| subject);
        let listed_by = pushed.subject.map(|(_, is_listed)| by(is_listed));
        out.json(&Document { reference, manifest, layer, subject, listed_by });
        return Exit::Done;
    }
    out.line(&format!("pushed    {reference}\nmanifest  {manifest}\nlayer     {layer}"));
    if let Some((subject, is_listed)) = pushed.subject {
        let by = if is_listed { "the registry lists it" } else { "listed under a tag" };
        out.line(&format!("refers to {subject} ({by})"));
    }
    Exit::Done
}
