//! A C library in a sandbox, against the same library as native code: the time to decode an image of 1024 x 768 pixels.
//! All ways run in turns, in one run, and must return the same pixels.

use crate::measure::time;
use crate::{Result, Skipped, files, process};
use sandboxed_c::Decoder;
use sandboxed_c::assets::png::PngSession;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use wasmport::engine::Target;
use wasmport::{DynamicAsset, EngineConfig, LoadedModule, Runtime, RuntimeOptions, SessionPre};

const TURNS: u32 = 15;
/// The decodes in a row of a process, of which the fastest counts.
const IN_A_ROW: u32 = 3;
const STARTS: u32 = 4_000;
/// Both compilers get the same; the module was compiled with it too.
const OPTIMIZATION: u32 = 2;
const RUNTIME_OF_WASM2C: &str = "/usr/share/wabt/wasm2c";

/// The way of the project: a session for each file, with a limit of time.
pub(crate) fn sandboxed() -> Result<f64> {
    ratio(|fastest| fastest.sandboxed)
}

/// One session for all files, without limits of time and fuel.
pub(crate) fn one_session() -> Result<f64> {
    ratio(|fastest| fastest.one_session)
}

/// A session for each file, with fuel.
pub(crate) fn fuel() -> Result<f64> {
    ratio(|fastest| fastest.fuel)
}

/// The module as C code again, which the compiler of the native library compiles.
pub(crate) fn wasm2c() -> Result<f64> {
    let fastest = measured()?;
    let wasm2c = fastest.wasm2c.ok_or(Skipped("wasm2c of wabt is not installed"))?;
    Ok(wasm2c.as_secs_f64() / fastest.native.as_secs_f64())
}

/// What starting and ending a session takes, which each file has.
pub(crate) fn start_us() -> Result<f64> {
    let sessions = SessionPre::<PngSession<()>>::of(&library(&EngineConfig::new(), None)?)?;
    let mut fastest = Duration::MAX;
    for _ in 0..STARTS {
        fastest = fastest.min(time(|| {
            drop(sessions.start(())?);
            Ok(())
        })?);
    }
    Ok(fastest.as_secs_f64() * 1e6)
}

fn ratio(of: impl Fn(&Fastest) -> Duration) -> Result<f64> {
    let fastest = measured()?;
    Ok(of(fastest).as_secs_f64() / fastest.native.as_secs_f64())
}

/// The fastest decode of each way.
#[derive(Debug)]
struct Fastest {
    native: Duration,
    wasm2c: Option<Duration>,
    sandboxed: Duration,
    one_session: Duration,
    fuel: Duration,
}

/// Measures once for all ratios.
fn measured() -> Result<&'static Fastest> {
    static FASTEST: OnceLock<std::result::Result<Fastest, String>> = OnceLock::new();
    let fastest = FASTEST.get_or_init(|| measure().map_err(|error| error.to_string()));
    fastest.as_ref().map_err(|error| error.as_str().into())
}

fn measure() -> Result<Fastest> {
    let folder = tempfile::tempdir()?;
    let native = native(folder.path())?;
    let image = folder.path().join("image.png");
    let _ = process::output(Command::new(&native).arg("--make").arg(&image))?;
    let wasm2c = with_wasm2c(folder.path())?;
    let file = files::read(&image)?;
    let decoder = Decoder::new()?;
    let without_limits = SessionPre::<PngSession<()>>::of(&library(&EngineConfig::new(), None)?)?;
    let mut one_session = without_limits.start(())?;
    let with_fuel = library(&EngineConfig::new().fuel(true), Some(u64::MAX))?;
    let with_fuel = SessionPre::<PngSession<()>>::of(&with_fuel)?;

    let most = Duration::MAX;
    let mut fastest = Fastest {
        native: most,
        wasm2c: wasm2c.as_ref().map(|_| most),
        sandboxed: most,
        one_session: most,
        fuel: most,
    };
    for _ in 0..TURNS {
        let (elapsed, checksum) = run(&native, &image)?;
        fastest.native = fastest.native.min(elapsed);
        if let (Some(program), Some(least)) = (&wasm2c, &mut fastest.wasm2c) {
            let (elapsed, other) = run(program, &image)?;
            *least = elapsed.min(*least);
            same(checksum, other)?;
        }
        let least = |least: &mut Duration, decode: &mut dyn FnMut() -> Result<Vec<u8>>| {
            for _ in 0..IN_A_ROW {
                let mut pixels = Vec::new();
                *least = (*least).min(time(|| decode().map(|decoded| pixels = decoded))?);
                same(checksum, hash(&pixels))?;
            }
            Result::Ok(())
        };
        least(&mut fastest.sandboxed, &mut || Ok(decoder.decode(&file)?.pixels))?;
        least(&mut fastest.one_session, &mut || decode(&mut one_session, &file))?;
        least(&mut fastest.fuel, &mut || decode(&mut with_fuel.start(())?, &file))?;
    }
    eprintln!("  fastest of {TURNS} turns: {fastest:?}");
    Ok(fastest)
}

/// Loads the library for another engine.
fn library(engine: &EngineConfig, fuel: Option<u64>) -> Result<LoadedModule> {
    let mut options = RuntimeOptions::default();
    options.limits.fuel = fuel;
    // The best processor of the machine would have the advantage of instructions that the others do without.
    options.target = Some(Target::host());
    let runtime = Runtime::builder(engine).options(options).build()?;
    Ok(runtime.load_dynamic(&DynamicAsset::file(module()))?)
}

fn decode(png: &mut PngSession<()>, file: &[u8]) -> Result<Vec<u8>> {
    let _ = png.decode(file)??;
    Ok(png.pixels()?)
}

fn module() -> PathBuf {
    files::root().join("fixtures/projects/sandboxed-c/assets/png.wasm")
}

/// Compiles the library as native code.
fn native(folder: &Path) -> Result<PathBuf> {
    let library = files::root().join("fixtures/sources/png");
    let lodepng = library.join("lodepng");
    let mut compiler = compiler()?;
    compiler.arg("-I").arg(&library).arg("-I").arg(&lodepng);
    link(compiler.arg(lodepng.join("lodepng.c")), folder.join("native"))
}

/// Compiles what wasm2c makes of the module; none if it is not installed.
fn with_wasm2c(folder: &Path) -> Result<Option<PathBuf>> {
    let code = folder.join("module.c");
    let mut wasm2c = Command::new("wasm2c");
    let wasm2c = wasm2c.arg(module()).args(["--module-name", "module", "--output"]).arg(&code);
    let runtime = Path::new(RUNTIME_OF_WASM2C).join("wasm-rt-impl.c");
    if !runtime.exists() || process::output(wasm2c).is_err() {
        return Ok(None);
    }
    let mut compiler = compiler()?;
    compiler.args(["-DWASM2C", "-I", RUNTIME_OF_WASM2C, "-I"]).arg(folder).arg(code).arg(runtime);
    link(&mut compiler, folder.join("wasm2c")).map(Some)
}

/// Returns the compiler of the system, as build scripts find it.
fn compiler() -> Result<Command> {
    let host = env!("HOST");
    let mut build = cc::Build::new();
    let build = build.host(host).target(host).opt_level(OPTIMIZATION).debug(false);
    Ok(build.cargo_metadata(false).try_get_compiler()?.to_command())
}

fn link(compiler: &mut Command, program: PathBuf) -> Result<PathBuf> {
    compiler.arg(files::root().join("xtask/bench/native/decode.c"));
    let _ = process::output(compiler.arg("-lm").arg("-o").arg(&program))?;
    Ok(program)
}

/// Runs a program; the fastest decode, and the hash of the pixels.
fn run(program: &Path, image: &Path) -> Result<(Duration, u64)> {
    let output = process::output(Command::new(program).arg(image).arg(IN_A_ROW.to_string()))?;
    let (nanoseconds, hash) = output.trim().split_once(' ').ok_or("no result")?;
    Ok((Duration::from_nanos(nanoseconds.parse()?), u64::from_str_radix(hash, 16)?))
}

fn same(left: u64, right: u64) -> Result {
    if left == right { Ok(()) } else { Err("the pixels differ".into()) }
}

/// The FNV-1a hash.
fn hash(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    bytes
        .iter()
        .fold(start, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
