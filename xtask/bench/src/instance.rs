//! What instantiating through a wrapper or a pool takes beyond Wasmtime's `InstancePre`.

use crate::Result;
use crate::assets::few::{Few, FewPre, FewSession};
use crate::assets::many::{Many, ManyPre};
use crate::measure::{fastest_of, time};
use crate::side::runtime;
use std::hint::black_box;
use std::time::Duration;
use wasmport::{Pool, Pooling, Runtime, RuntimeOptions, SessionPre};
use wasmtime::{Engine, Linker, Store};

const TURNS: u32 = 2_000;
/// So many are made in a row and timed together.
const INSTANCES: u32 = 50;

pub(crate) fn few() -> Result<f64> {
    let runtime = runtime()?;
    let pre = FewPre::new(&Linker::new(runtime.engine()), &Few::load(&runtime)?)?;
    extra_us(
        runtime.engine(),
        |store| pre.instantiate(store),
        |store| pre.instance_pre().instantiate(store),
    )
}

pub(crate) fn many() -> Result<f64> {
    let runtime = runtime()?;
    let pre = ManyPre::new(&Linker::new(runtime.engine()), &Many::load(&runtime)?)?;
    extra_us(
        runtime.engine(),
        |store| pre.instantiate(store),
        |store| pre.instance_pre().instantiate(store),
    )
}

/// A session of a pool, beyond a store and an instance in it; both from the pooling allocator.
pub(crate) fn pooled() -> Result<f64> {
    let mut options = RuntimeOptions::default();
    options.pooling = Some(Pooling::default());
    let runtime = Runtime::builder(&crate::assets::ENGINE).options(options).build()?;
    let pool = Pool::<FewSession>::new(SessionPre::new(&runtime)?, 1)?;
    let pre = FewPre::new(&Linker::new(runtime.engine()), &Few::load(&runtime)?)?;
    let theirs = |store: &mut Store<()>| pre.instance_pre().instantiate(store);
    let fastest = fastest_of(TURNS, || sessions(&pool), || instances(runtime.engine(), theirs))?;
    Ok(fastest.extra_ns(INSTANCES) / 1_000.0)
}

#[inline(never)]
fn sessions(pool: &Pool<FewSession>) -> Result<Duration> {
    time(|| {
        for _ in 0..INSTANCES {
            black_box(pool.acquire().start(())?);
        }
        Ok(())
    })
}

fn extra_us<O, T>(
    engine: &Engine,
    ours: impl Fn(&mut Store<()>) -> wasmtime::Result<O>,
    theirs: impl Fn(&mut Store<()>) -> wasmtime::Result<T>,
) -> Result<f64> {
    let fastest = fastest_of(TURNS, || instances(engine, &ours), || instances(engine, &theirs))?;
    Ok(fastest.extra_ns(INSTANCES) / 1_000.0)
}

/// Both sides make a store for each instance, and drop it and the wrapper.
#[inline(never)]
fn instances<I>(
    engine: &Engine,
    instantiate: impl Fn(&mut Store<()>) -> wasmtime::Result<I>,
) -> Result<Duration> {
    time(|| {
        for _ in 0..INSTANCES {
            let mut store = Store::new(engine, ());
            black_box(instantiate(&mut store)?);
        }
        Ok(())
    })
}
