//! `add`: a module or component from a registry becomes a file of the project.

use super::question::{Answer, ask};
use super::{failed, listing};
use crate::args::{AddArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use serde::Serialize;
use std::path::Path;
use wasmport_build::contents::Contents;
use wasmport_build::registry::{AddOptions, Addition};
use wasmport_build::{Error, Pin};

/// The result as JSON.
#[derive(Serialize)]
struct Document {
    added: bool,
    #[serde(flatten)]
    pin: Pin,
    bytes: u64,
    contents: Contents,
}

/// Runs `add`.
pub(super) fn add(args: &AddArgs, default_config: Option<&Path>) -> Exit {
    let out = Output::new(args.registry.format, false, 0);
    let addition = match run(args, default_config) {
        Ok(addition) => addition,
        Err(error) => return failed(&error, &out),
    };
    if !out.is_json() {
        listing::of_addition(&addition).iter().for_each(|line| out.line(line));
    }
    let (pin, bytes) = (addition.pin().clone(), addition.bytes());
    let (contents, path) = (addition.contents().clone(), addition.path().display().to_string());
    let answer = ask("Add it?", args.yes, &out);
    if answer == Answer::Yes
        && let Err(error) = addition.accept()
    {
        return failed(&error, &out);
    }
    let added = answer == Answer::Yes;
    if out.is_json() {
        out.json(&Document { added, pin, bytes, contents });
    } else if added {
        out.line(&format!("added {path}, pinned in the lock file"));
    }
    match answer {
        Answer::Yes => Exit::Done,
        Answer::No => Exit::Failed,
        Answer::Nobody => {
            out.error(
                "nobody has accepted it: there is no terminal to ask on\n  help: review what it wants, and run \
                 again with `--yes`",
            );
            Exit::Usage
        }
    }
}

fn run(args: &AddArgs, default_config: Option<&Path>) -> Result<Addition, Error> {
    let settings = settings(args.config.as_deref(), default_config)?;
    let mut options = AddOptions::default();
    options.to.clone_from(&args.to);
    options.cached = args.cached;
    options.registry = args.registry.options();
    wasmport_build::registry::add(&settings, &args.reference, &options)
}
