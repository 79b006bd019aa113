//! `clean`: removes the outputs of imports.

use crate::args::CleanArgs;
use crate::exit::Exit;
use crate::output::{Output, YELLOW};
use crate::progress::Bar;
use crate::text::{bytes, plain};
use std::path::Path;
use wasmport_build::Cleaned;

/// Runs `clean`.
pub(crate) fn clean(args: &CleanArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let importer = args.project.importer(default_config);
    let bar = Bar::new(out);
    let cleaned = match importer.and_then(|importer| importer.clean(args.dry_run, &bar)) {
        Ok(cleaned) => cleaned,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    cleaned.kept.iter().for_each(|kept| out.warning(&kept.why));
    if out.is_json() {
        out.json(&cleaned);
    } else if !out.is_quiet() {
        show(&cleaned, out);
    }
    if cleaned.kept.is_empty() { Exit::Done } else { Exit::Failed }
}

fn show(cleaned: &Cleaned, out: &Output) {
    let verb = if cleaned.is_dry_run { "remove" } else { "removed" };
    for file in &cleaned.removed {
        let path = out.link(&cleaned.out_dir.join(&file.path), &plain(&file.path));
        out.line(&format!("{YELLOW}{verb:>9}{YELLOW:#} {path} ({})", bytes(file.bytes)));
    }
    let count = cleaned.removed.len();
    let s = if count == 1 { "" } else { "s" };
    let folder = plain(&cleaned.out_dir.display().to_string());
    let size = bytes(cleaned.bytes);
    out.line(&match cleaned.is_dry_run {
        _ if count == 0 => format!("clean: nothing was imported into {folder}"),
        true => format!(
            "clean: would remove {count} file{s} from {folder}, {size}; nothing was removed"
        ),
        false => format!("clean: removed {count} file{s} from {folder}, {size}"),
    });
}
