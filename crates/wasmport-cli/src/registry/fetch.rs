//! `fetch`: pinned files that are missing.

use super::failed;
use crate::args::{FetchArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use serde::Serialize;
use std::path::Path;
use wasmport_build::registry::FetchedFrom;

/// A file of the result as JSON.
#[derive(Serialize)]
struct Document {
    file: String,
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs `fetch`.
pub(super) fn fetch(args: &FetchArgs, default_config: Option<&Path>) -> Exit {
    let out = Output::new(args.registry.format, false, 0);
    let fetched = settings(args.config.as_deref(), default_config)
        .and_then(|s| wasmport_build::registry::fetch(&s, &args.registry.options()));
    let fetched = match fetched {
        Ok(fetched) => fetched,
        Err(error) => return failed(&error, &out),
    };
    let (mut exit, mut documents) = (Exit::Done, Vec::new());
    for file in fetched {
        let (from, error) = match &file.from {
            Ok(FetchedFrom::Project) => (Some("project"), None),
            Ok(FetchedFrom::Cache) => (Some("cache"), None),
            Ok(FetchedFrom::Registry) => (Some("registry"), None),
            Err(error) => {
                exit = Exit::Failed;
                let _ = failed(error, &out);
                (None, Some(error.to_string()))
            }
        };
        if !out.is_json()
            && let Some(from) = from
        {
            let text =
                if from == "project" { "verified".into() } else { format!("from the {from}") };
            out.line(&format!("{}: {text}", plain(&file.file)));
        }
        documents.push(Document { file: file.file, from, error });
    }
    match (out.is_json(), documents.is_empty()) {
        (true, _) => out.json(&documents),
        (false, true) => out.line("the lock file pins no files"),
        (false, false) => {}
    }
    exit
}
