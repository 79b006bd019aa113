//! Starts of a guest that initializes itself for about 10 ms: from a snapshot, and preinitialized, against a cold start.

use crate::Result;
use crate::measure::{fastest_of, time};
use crate::preinit::imported;
use wasmport::{DynamicAsset, EngineConfig, LoadedModule, Runtime, Session};
use wasmport_build::{AssetSettings, Preinit};

const TURNS: u32 = 30;
const INIT: &str = "initialize";

/// Writes 4 MiB, and computes for about 10 ms.
const GUEST: &str = r#"(module
    (memory 80)
    (func (export "initialize")
        (local $at i32) (local $state i64)
        (loop $block
            (i32.store (local.get $at) (i32.const -1))
            (i64.store (i32.add (local.get $at) (i32.const 8)) (i64.extend_i32_u (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $block (i32.lt_u (local.get $at) (i32.const 4194304))))
        (local.set $at (i32.const 0))
        (loop $compute
            (local.set $state (i64.add (i64.mul (local.get $state) (i64.const 6364136223846793005)) (i64.const 1)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $compute (i32.lt_u (local.get $at) (i32.const 7000000))))
        (i64.store (i32.const 0) (local.get $state)))
    (func (export "state") (result i64) (i64.load (i32.const 0))))"#;

/// The start of a session from a snapshot, which copies 4 MiB.
pub(crate) fn from_snapshot() -> Result<f64> {
    let mut settings = AssetSettings::matching("**");
    settings.snapshot = Some(true);
    let cold = load(settings)?;
    let snapshot = initialized(&cold)?.snapshot()?;
    eprintln!("  {} bytes of memory in the snapshot", snapshot.memory_bytes());
    ratio(&cold.with_runtime(&cold.runtime().with_snapshot(&snapshot)), &cold)
}

/// The start of a session of a module that was preinitialized: its memory is mapped, and copied when it is written.
pub(crate) fn preinitialized() -> Result<f64> {
    let mut settings = AssetSettings::matching("**");
    settings.preinit = Preinit::new().init(INIT);
    ratio(&load(settings)?, &load(AssetSettings::matching("**"))?)
}

/// The time of a start without the initialization, divided by that of a start with it.
fn ratio(warm: &LoadedModule, cold: &LoadedModule) -> Result<f64> {
    if state(start(warm)?)? != state(initialized(cold)?)? {
        return Err("the guest begins with another state".into());
    }
    Ok(fastest_of(TURNS, || time(|| start(warm)), || time(|| initialized(cold)))?.ratio())
}

fn load(settings: AssetSettings) -> Result<LoadedModule> {
    let wasm = imported(&wat::parse_str(GUEST)?, settings)?;
    let runtime = Runtime::new(&EngineConfig::new())?;
    Ok(runtime.load_dynamic(&DynamicAsset::new("guest", wasm))?)
}

fn start(guest: &LoadedModule) -> Result<Session<()>> {
    Ok(Session::of(guest, (), |_, _| Ok(()))?)
}

fn initialized(guest: &LoadedModule) -> Result<Session<()>> {
    let mut session = start(guest)?;
    session.call_func::<(), ()>(INIT, ())?;
    Ok(session)
}

fn state(mut session: Session<()>) -> Result<i64> {
    Ok(session.call_func::<(), i64>("state", ())?)
}
