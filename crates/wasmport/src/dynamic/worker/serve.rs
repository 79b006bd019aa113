//! The worker's side: one compilation, then the process ends.

use super::VARIABLE;
use super::protocol::{Answer, Request};
use crate::dynamic::job::compile;
use crate::dynamic::key::CodeKey;
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
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let code = if serve().is_some() { 0 } else { 1 };
    std::process::exit(code);
}

fn serve() -> Option<ExitCode> {
    let request = Request::read(&mut std::io::stdin().lock())?;
    end_with_the_program();
    crate::fs::limit_memory(request.memory_bytes);
    let answer = answer(&request).encode()?;
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

fn answer(request: &Request) -> Answer {
    let Request { engine, target, features, is_component, tier, wasm, functions, .. } = request;
    let Ok(target) = target.parse() else {
        return Answer::Refused(format!("the worker does not know the target `{target}`"));
    };
    let (engine, features, is_component, tier) = (*engine, *features, *is_component, *tier);
    let key = CodeKey { engine, target, features, is_component, tier };
    match compile(&key, wasm, functions.clone()) {
        Ok((artifact, functions)) => Answer::Compiled(artifact, functions),
        Err(error) => Answer::Refused(format!("{error:#}")),
    }
}
