//! The calls that are timed, the same for every peer.
//!
//! A program implements [`Small`], [`Real`] or [`World`] with the API of its peer, and passes its arguments on:
//!
//! ```text
//! PROGRAM small|real|component ROUNDS FOLDER
//! ```
//!
//! `FOLDER` has the artifacts. With no rounds the program ends after its first call. Otherwise it repeats each call, and
//! reports the fastest round: other programs and interrupts only add time. It prints one line of JSON. The driver passes
//! the time at which it started the process in `PEERS_STARTED`, in nanoseconds since 1970.
//!
//! `programs/wasm2c/main.c` does the same in C.

mod report;
mod timing;

use report::Report;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use timing::fastest;

/// The result of a program; the driver prints the message of an error.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Calls that are timed together, because one is too short.
const CALLS: u32 = 10_000;
/// Instances that are created and dropped in one round.
const INSTANCES: u32 = 20;
/// The text of the first call of [`Real`]; the later calls pass it [`REPEATS`] times.
const TEXT: &str = "The Quick Brown Fox – jumps over 13 lazy Dögs, & ÜNICODE Straße! ";
const REPEATS: usize = 1_000;

/// An instance of `modules/small.wasm`: almost nothing but the ways between host and guest.
pub trait Small: Sized {
    /// Loads and instantiates the module.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn load(folder: &Path) -> Result<Self>;

    /// Calls the export `add`.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn add(&mut self, left: i32, right: i32) -> Result<i32>;

    /// Calls the export `call_host`, which calls the host `times` times with the number 3.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn call_host(&mut self, times: i32) -> Result;

    /// Returns the sum of all numbers that the host received.
    fn total(&self) -> i64;

    /// Creates another instance of the loaded module, with a store of its own, and drops it.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn instantiate(&self) -> Result;
}

/// An instance of `fixtures/assets/guests/slugs.wasm`: Rust with its standard library.
pub trait Real: Sized {
    /// Loads and instantiates the module.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn load(folder: &Path) -> Result<Self>;

    /// Calls the export `slug`, which splits a title into words and joins them in lower case.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn slug(&mut self, title: &str) -> Result<String>;

    /// Creates another instance of the loaded module, with a store of its own, and drops it.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn instantiate(&self) -> Result;
}

/// An instance of the component `fixtures/assets/components/shelf.wasm`.
pub trait World: Sized {
    /// Loads and instantiates the component.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn load(folder: &Path) -> Result<Self>;

    /// Calls the export `add`.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn add(&mut self, left: u32, right: u32) -> Result<u32>;

    /// Calls the export `greet`, with text in both directions.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn greet(&mut self, name: &str) -> Result<String>;

    /// Calls the export `since`, which calls the host once.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn since(&mut self, then: u64) -> Result<u64>;

    /// Creates another instance of the loaded component, with a store of its own, and drops it.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer.
    fn instantiate(&self) -> Result;
}

/// The arguments of a program.
pub struct Run {
    module: String,
    rounds: u32,
    folder: PathBuf,
}

impl Run {
    /// Reads the arguments of this process.
    ///
    /// # Errors
    ///
    /// Fails if they are not `MODULE ROUNDS FOLDER`.
    pub fn from_args() -> Result<Self> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        match args.as_slice() {
            [module, rounds, folder] => {
                Ok(Self { module: module.clone(), rounds: rounds.parse()?, folder: folder.into() })
            }
            _ => Err("usage: PROGRAM small|real|component ROUNDS FOLDER".into()),
        }
    }

    /// Returns the first argument: the module to measure, or what else the program does.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Returns the folder of artifacts.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Measures the small module.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer, or if a call returns a wrong result.
    pub fn small<S: Small>(&self) -> Result {
        let mut small = S::load(&self.folder)?;
        let mut report = Report::first(&small.add(20, 22)?.to_string())?;
        if self.rounds > 0 {
            let call = || check(small.add(black_box(20), black_box(22))?, 42);
            report.add("call_ns", fastest(self.rounds, CALLS, call)?);
            let calls = || small.call_host(black_box(CALLS as i32));
            report.add("host_ns", fastest(self.rounds, 1, calls)? / f64::from(CALLS));
            check(small.total(), 3 * i64::from(CALLS) * i64::from(self.rounds))?;
            let instance = || small.instantiate();
            report.add("instantiate_ns", fastest(self.rounds, INSTANCES, instance)?);
        }
        report.print();
        Ok(())
    }

    /// Measures the module of medium size.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer, or if a call returns a wrong result.
    pub fn real<R: Real>(&self) -> Result {
        let mut real = R::load(&self.folder)?;
        let slug = real.slug(TEXT)?;
        let mut report = Report::first(&slug)?;
        if self.rounds > 0 {
            let (text, slugs) = (TEXT.repeat(REPEATS), vec![slug; REPEATS].join("-"));
            let call = || check(real.slug(black_box(&text))?, slugs.as_str());
            report.add("compute_ns", fastest(self.rounds, 1, call)?);
            let instance = || real.instantiate();
            report.add("instantiate_ns", fastest(self.rounds, INSTANCES, instance)?);
        }
        report.print();
        Ok(())
    }

    /// Measures the component.
    ///
    /// # Errors
    ///
    /// Fails with the error of the peer, or if a call returns a wrong result.
    pub fn component<W: World>(&self) -> Result {
        let mut world = W::load(&self.folder)?;
        let mut report = Report::first(&world.greet("peers")?)?;
        if self.rounds > 0 {
            let call = || check(world.add(black_box(20), black_box(22))?, 42);
            report.add("call_ns", fastest(self.rounds, CALLS, call)?);
            let call = || check(world.greet(black_box("peers"))?, "Hello, peers!");
            report.add("text_ns", fastest(self.rounds, CALLS, call)?);
            // The host's clock always shows 50.
            let call = || check(world.since(black_box(8))?, 42);
            report.add("host_ns", fastest(self.rounds, CALLS, call)?);
            let instance = || world.instantiate();
            report.add("instantiate_ns", fastest(self.rounds, INSTANCES, instance)?);
        }
        report.print();
        Ok(())
    }

    /// Fails with the name of a module that the program does not have.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn unknown(&self) -> Result {
        Err(format!("this program has no module `{}`", self.module).into())
    }
}

/// Fails if a result is not the expected one.
fn check<A: PartialEq<E> + std::fmt::Debug, E: std::fmt::Debug>(actual: A, expected: E) -> Result {
    if actual == expected {
        Ok(())
    } else {
        let (mut actual, mut expected) = (format!("{actual:?}"), format!("{expected:?}"));
        actual.truncate(actual.floor_char_boundary(200));
        expected.truncate(expected.floor_char_boundary(200));
        Err(format!("wrong result {actual}, expected {expected}").into())
    }
}
