//! `config`: the effective settings and their origin, or the schema of the settings file.

use crate::args::ConfigArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use std::path::Path;
use wasmport_build::{Explanation, Origin, Setting, settings_schema};

/// Runs `config`.
pub(crate) fn config(args: &ConfigArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    if args.schema {
        out.json(&settings_schema());
        return Exit::Done;
    }
    let selection = &args.selection;
    match selection.importer(default_config).and_then(|importer| importer.explain()) {
        Ok(explained) if out.is_json() => out.json(&explained),
        Ok(explained) => show(&explained, selection.options.quiet, out),
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    }
    Exit::Done
}

fn show(explained: &Explanation, is_quiet: bool, out: &Output) {
    let shown = |setting: &&Setting| !is_quiet || setting.origin != Origin::Default;
    out.line("project");
    lines(explained.project.iter().filter(shown), out);
    for asset in &explained.assets {
        out.line(&format!("{} ({})", plain(&asset.source), asset.name));
        lines(asset.settings.iter().filter(shown), out);
    }
}

fn lines<'a>(settings: impl Iterator<Item = &'a Setting>, out: &Output) {
    for Setting { key, value, origin, decision, .. } in settings {
        let decision = decision.as_ref().map(|decision| format!("; {decision}"));
        let decision = decision.unwrap_or_default();
        out.line(&plain(&format!("  {key} = {value}  # {origin}{decision}")));
    }
}
