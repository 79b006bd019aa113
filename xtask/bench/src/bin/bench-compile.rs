//! What imports are compared with: compiles as `wasmtime compile` does, a process for each file; or
//! with `--single` many files on one thread as the importer does, and prints the seconds it takes.

use std::time::{Duration, Instant};
use wasmport::engine::{EngineConfig, RequiredFeatures, Target, compile_config};
use wasmtime::{Config, Engine};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--single", files @ ..] => {
            let features = RequiredFeatures::on_by_default();
            let mut config = compile_config(&EngineConfig::new(), &Target::host(), features)?;
            let engine = Engine::new(config.parallel_compilation(false))?;
            let mut total = Duration::ZERO;
            for file in files {
                let wasm = std::fs::read(file)?;
                let start = Instant::now();
                engine.precompile_module(&wasm)?;
                total += start.elapsed();
            }
            println!("{}", total.as_secs_f64());
        }
        [input, output] => {
            let engine = Engine::new(&Config::new())?;
            std::fs::write(output, engine.precompile_module(&std::fs::read(input)?)?)?;
        }
        _ => return Err("usage: bench-compile IN OUT, or bench-compile --single IN…".into()),
    }
    Ok(())
}
