//! The program in C: `wasm2c` of WABT translates the modules, the C compiler does the rest.

use crate::build::Program;
use crate::error::Result;
use crate::files;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The flags with which the documentation of `wasm2c` keeps optimized code within the specification.
const FLAGS: [&str; 5] =
    ["-O2", "-s", "-fno-optimize-sibling-calls", "-frounding-math", "-fsignaling-nans"];
/// The folders of `wasm-rt-impl.c`, which packages of WABT install for programs to compile.
const RUNTIMES: [&str; 2] = ["/usr/share/wabt/wasm2c", "/usr/local/share/wabt/wasm2c"];

/// Builds the program in an empty folder, or returns the reason why it cannot be built here.
pub(crate) fn build(folder: &Path) -> Result<std::result::Result<Program, String>> {
    let missing = |what: &str| {
        format!("{what} is missing; Debian has it: `apt-get install gcc libc6-dev wabt`")
    };
    let Ok(version) = files::output(Command::new("wasm2c").arg("--version")) else {
        return Ok(Err(missing("`wasm2c`")));
    };
    if files::output(Command::new("cc").arg("--version")).is_err() {
        return Ok(Err(missing("`cc`")));
    }
    let runtime = RUNTIMES.iter().map(Path::new).find(|path| path.join("wasm-rt-impl.c").exists());
    let Some(runtime) = runtime else {
        return Ok(Err(missing("`wasm-rt-impl.c`")));
    };
    files::remove_folder(folder)?;
    files::create_folder(folder)?;
    eprintln!("wasm2c: building");
    let start = Instant::now();
    translate("small", &files::peers().join("modules/small.wasm"), folder)?;
    translate("slugs", &files::root().join("fixtures/assets/guests/slugs.wasm"), folder)?;
    if !files::read_text(&folder.join("small.h"))?.contains("Z_smallZ_add") {
        let version = version.trim();
        return Ok(Err(format!(
            "WABT {version} names functions otherwise than 1.0.32, for which the host is written"
        )));
    }
    let program = link(runtime, folder)?;
    let seconds = Some(start.elapsed().as_secs_f64());
    Ok(Ok(Program { path: program, version: version.trim().into(), seconds, crates: None }))
}

/// Translates a module to C.
fn translate(name: &str, module: &Path, folder: &Path) -> Result {
    let mut wasm2c = Command::new("wasm2c");
    let output = folder.join(format!("{name}.c"));
    files::output(wasm2c.args(["--module-name", name, "--output"]).arg(output).arg(module))
        .map(|_| ())
}

/// Compiles and links everything. `-w`: the generated code has hundreds of warnings.
fn link(runtime: &Path, folder: &Path) -> Result<PathBuf> {
    let host = files::peers().join("programs/wasm2c");
    let program = folder.join("program");
    let mut cc = Command::new("cc");
    cc.args(FLAGS).args(["-w", "-I"]).arg(folder).arg("-I").arg(runtime).arg("-o").arg(&program);
    cc.arg(host.join("main.c"));
    cc.args(["small.c", "slugs.c"].map(|file| folder.join(file)));
    files::output(cc.arg(runtime.join("wasm-rt-impl.c")).arg("-lm"))?;
    Ok(program)
}
