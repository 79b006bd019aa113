//! The worker's side: one compilation, then the process ends.

use super::VARIABLE;
use super::protocol::{Answer, Request};
use crate::dynamic::compile::{Output, compile};
use crate::dynamic::key::CodeKey;
use crate::dynamic::parse::{Refused, parse};
use crate::dynamic::stages::Stages;
use crate::engine::EngineConfig;
use std::io::Write as _;
use std::process::ExitCode;

/// Compiles, and ends the process, if this is the process of a [`Worker`](crate::Worker); else it returns at once. It is
/// the first line of `main` in a program that is its own worker.
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     wasmport::serve_worker();
///     // … the program …
///     Ok(())
/// }
/// ```
pub fn serve_worker() {
    let prepare: Prepare<'_> = &|_, _, _, _| {
        Err("this worker runs no stages; name the program `wasmport-worker`, or one whose `main` calls \
             `wasmport_build::serve_worker`"
            .into())
    };
    serve_worker_with(prepare, || {});
}

/// Runs the stages of a worker: the asset's name, the stages, the engine configuration, and the WebAssembly.
pub type Prepare<'a> = &'a dyn Fn(&str, &Stages, &EngineConfig, Vec<u8>) -> Result<Vec<u8>, String>;

/// Like [`serve_worker`], for a program that has the stages. `end` ends what they started, before the process ends early.
#[doc(hidden)]
pub fn serve_worker_with(prepare: Prepare<'_>, end: fn()) {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let code = if serve(prepare, end).is_some() { 0 } else { 1 };
    std::process::exit(code);
}

fn serve(prepare: Prepare<'_>, end: fn()) -> Option<ExitCode> {
    let request = Request::read(&mut std::io::stdin().lock())?;
    end_with_the_program(end);
    crate::fs::limit_memory(request.memory_bytes);
    let most = request.artifact_bytes;
    let answer = match compiled(request, prepare) {
        Ok(output) => Answer::Compiled(output),
        Err(Refused::Invalid(error)) => Answer::Refused(format!("{error:#}")),
        Err(Refused::WrongKind { is_component }) => Answer::WrongKind { is_component },
    };
    let answer = answer.within(most).encode()?;
    std::io::stdout().lock().write_all(&answer).ok()?;
    Some(ExitCode::SUCCESS)
}

/// Ends this process when the program that waits for the code no longer does, or ends, however that happens: its end of
/// the standard input is closed then.
fn end_with_the_program(end: fn()) {
    let wait = move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        end();
        std::process::exit(1);
    };
    // Without the thread, the process ends after its work.
    let _ = std::thread::Builder::new().spawn(wait);
}

fn compiled(request: Request, prepare: Prepare<'_>) -> Result<Output, Refused> {
    let Request {
        name, engine, target, program, is_component, tier, stages, code, functions, ..
    } = request;
    let target = target.parse().map_err(wasmtime::Error::new)?;
    let mut parsed = parse(&code, is_component)?;
    if let Some(stages) = &stages {
        let wasm = prepare(&name, stages, &engine, parsed.wasm.into_owned());
        parsed.wasm = wasm.map_err(wasmtime::Error::msg)?.into();
    }
    let key = CodeKey { engine, target, is_component, tier, stages };
    Ok(compile(&key, program, &parsed, functions)?)
}
