//! `api`: a skeleton of the signatures of a module.

use crate::args::ApiArgs;
use crate::exit::Exit;
use crate::output::Output;
use std::path::Path;
use wasmport_build::{RequiredFeatures, WasmFeature};

/// Runs `api`.
pub(crate) fn api(args: &ApiArgs, out: &Output) -> Exit {
    // A skeleton of a file that an import refuses by default is of use too.
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let inspection = match wasmport_build::inspect(&args.file, everything) {
        Ok(inspection) => inspection,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Failed;
        }
    };
    let Some(api) = inspection.api() else {
        out.error(&format!(
            "`{}` is a component, which has no `api`: its types come from its world\n  help: `cargo wasmport \
             inspect` shows the world",
            args.file.display()
        ));
        return Exit::Failed;
    };
    lines(&args.file, &api).iter().for_each(|line| out.line(line));
    Exit::Done
}

fn lines(file: &Path, api: &str) -> Vec<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut lines = vec![
        "# Replace addresses and lengths: `text: i32, len: i32` is `text: &str`. Remove what stays as it is.".into(),
        "[[asset]]".into(),
        format!("match = {:?}", format!("**/{name}")),
        "api = '''".into(),
    ];
    // A name may hold the end of the text.
    lines.extend(api.lines().map(|line| line.replace("'''", r"\'\'\'")));
    lines.push("'''".into());
    lines
}
