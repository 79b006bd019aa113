//! The worker's side: one compilation, then the process ends.

use super::VARIABLE;
use super::protocol::{Answer, Request};
use crate::dynamic::compile::compile;
use crate::dynamic::key::CodeKey;
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
    serve_worker_with(&|_, _, _, _| {
        Err("this worker runs no stages; name the program `wasmport-worker`, or one whose `main` calls \
             `wasmport_build::serve_worker`"
            .into())
    });
}

/// Runs the stages of a worker: the asset's name, the stages, the engine configuration, and the WebAssembly.
pub type Prepare<'a> = &'a dyn Fn(&str, &Stages, &EngineConfig, Vec<u8>) -> Result<Vec<u8>, String>;

/// Like [`serve_worker`], for a program that has the stages.
#[doc(hidden)]
pub fn serve_worker_with(prepare: Prepare<'_>) {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let code = if serve(prepare).is_some() { 0 } else { 1 };
    std::process::exit(code);
}

fn serve(prepare: Prepare<'_>) -> Option<ExitCode> {
    let request = Request::read(&mut std::io::stdin().lock())?;
    end_with_the_program();
    crate::fs::limit_memory(request.memory_bytes);
    let answer = answer(request, prepare).encode()?;
    std::io::stdout().lock().write_all(&answer).ok()?;
    Some(ExitCode::SUCCESS)
}

/// Ends this process when the program that waits for the code ends, however that happens: its end of the standard input is
/// closed then.
fn end_with_the_program() {
    let wait = || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(1);
    };
    // Without the thread, the process ends after its work.
    let _ = std::thread::Builder::new().spawn(wait);
}

fn answer(request: Request, prepare: Prepare<'_>) -> Answer {
    let Request {
        name, engine, target, program, is_component, tier, stages, wasm, functions, ..
    } = request;
    let Ok(target) = target.parse() else {
        return Answer::Refused(format!("the worker does not know the target `{target}`"));
    };
    let wasm = match &stages {
        Some(stages) => match prepare(&name, stages, &engine, wasm) {
            Ok(wasm) => wasm,
            Err(reason) => return Answer::Refused(reason),
        },
        None => wasm,
    };
    let key = CodeKey { engine, target, is_component, tier, stages };
    match compile(&key, program, &wasm, functions) {
        Ok(output) => Answer::Compiled(output),
        Err(error) => Answer::Refused(format!("{error:#}")),
    }
}
