//! `inspect`: the imports, exports and features of a file.

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use wasmport_build::{Inspection, RequiredFeatures, WasmFeature};

/// Runs `inspect`.
pub(crate) fn inspect(args: &InspectArgs, out: &Output) -> Exit {
    // All proposals are enabled: `inspect` shows files that an import refuses by default.
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    match wasmport_build::inspect(&args.file, everything) {
        Ok(inspection) if out.is_json() => {
            out.json(&inspection);
            Exit::Done
        }
        Ok(inspection) => {
            lines(&inspection).iter().for_each(|line| out.line(&plain(line)));
            Exit::Done
        }
        Err(error) => {
            out.error(&error.to_string());
            Exit::Failed
        }
    }
}

fn lines(inspection: &Inspection) -> Vec<String> {
    let Inspection { path, bytes, blake3, kind, wasm_bytes, features, needs, interface, .. } =
        inspection;
    let features: Vec<&str> = features.iter().map(WasmFeature::name).collect();
    let list = |names: &[&str]| if names.is_empty() { "none".into() } else { names.join(", ") };
    let mut lines = vec![
        format!("file      {} ({bytes} bytes)", path.display()),
        format!("blake3    {blake3}"),
        format!("{:9} {wasm_bytes} bytes", kind.name()),
        format!("features  {}", list(&features)),
        format!("needs     {}", list(needs)),
    ];
    if let Some(wit) = &interface.wit {
        lines.extend(["wit".into(), String::new()]);
        lines.extend(wit.lines().map(String::from));
        return lines;
    }
    if let Some(what) = &interface.beyond_wit {
        lines.push(format!("wit       none: {what}"));
        return lines;
    }
    if let Some(len) = interface.too_large {
        lines.push(format!("wit       {len} bytes, too large for a wrapper"));
        return lines;
    }
    lines.push(format!("imports   {}", interface.imports.len()));
    lines.extend(
        interface.imports.iter().map(|i| format!("  {:?} {:?}: {}", i.module, i.name, i.ty)),
    );
    lines.push(format!("exports   {}", interface.exports.len()));
    lines.extend(interface.exports.iter().map(|e| format!("  {:?}: {}", e.name, e.ty)));
    lines
}
