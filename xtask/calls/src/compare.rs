//! Runs variants of a module in lockstep: each call runs in all of them and must do the same.

use super::guest::{Guest, Outcome, arguments};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use wasmport::LoadedModule;
use wasmtime::{Engine, ExternType, Module, Val};

/// One of the modules to compare.
#[derive(Clone)]
pub struct Variant {
    name: String,
    engine: Engine,
    module: Module,
}

/// How much must be identical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// Everything, including the kinds of traps and the fuel, for the same wasm.
    SameCode,
    /// Values, memories, calls of imports, and whether a call traps.
    SameBehavior,
}

/// Result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Identical calls.
    pub same: usize,
    /// Identical calls that ended in a trap.
    pub trapped: usize,
    /// Calls that ended in traps of different kinds.
    pub other_traps: usize,
    /// Calls that ran out of fuel or stack.
    pub inconclusive: usize,
    /// Calls that the time limit skipped.
    pub left_out: usize,
    /// Fuel of all calls in the first variant.
    pub fuel: u64,
    /// Exports that wait forever and were skipped.
    pub waiting: Vec<String>,
    /// The reason if nothing ran.
    pub not_run: Option<String>,
    /// Descriptions of all differences.
    pub differences: Vec<String>,
    digest: blake3::Hasher,
}

/// Number of calls between two comparisons of all memories.
const CALLS_PER_STATE: usize = 16;

/// Time limits. Fuel ends all but waiting calls much earlier.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For all calls; more are left out.
    pub all: Duration,
    /// For an export with all its arguments, and for the instantiation.
    pub export: Duration,
}

impl Patience {
    /// Creates limits for programs that run on this machine.
    pub fn here(all: Duration) -> Self {
        Self { all, export: Duration::from_secs(10) }
    }
}

/// Maximum number of waiting exports to skip.
const MAX_WAITING: usize = 4;

/// Maximum number of differences to report.
const MAX_DIFFERENCES: usize = 5;

impl Variant {
    pub fn new(name: impl Into<String>, loaded: &LoadedModule) -> Self {
        let module = loaded.module().clone();
        Self { name: name.into(), engine: module.engine().clone(), module }
    }
}

impl Comparison {
    /// Returns the beginning of a digest of all identical results.
    pub fn digest(&self) -> String {
        self.digest.finalize().to_hex()[..12].into()
    }

    /// Whether anything ran.
    pub fn is_run(&self) -> bool {
        self.not_run.is_none()
    }
}

/// Calls every export that takes only numbers. Starts again in another thread without an export that takes
/// too long: an atomic wait may never end.
pub fn compare(variants: &[Variant], exactness: Exactness, patience: Patience) -> Comparison {
    let deadline = Instant::now() + patience.all;
    let mut waiting = Vec::new();
    while waiting.len() < MAX_WAITING {
        let mut at = String::from("instantiation");
        let messages = start(variants, exactness, deadline, &waiting);
        loop {
            match messages.recv_timeout(patience.export) {
                Ok(Message::At(export)) => at = export,
                Ok(Message::Found(mut found)) => {
                    found.waiting = waiting;
                    return *found;
                }
                Err(RecvTimeoutError::Timeout) => break waiting.push(at),
                Err(RecvTimeoutError::Disconnected) => return not_run(format!("{at:?} panicked")),
            }
        }
    }
    not_run(format!("{waiting:?} wait"))
}

fn not_run(why: String) -> Comparison {
    Comparison { not_run: Some(super::shortened(&why)), ..Comparison::default() }
}

fn start(
    variants: &[Variant],
    exactness: Exactness,
    deadline: Instant,
    without: &[String],
) -> Receiver<Message> {
    let (sender, receiver) = mpsc::channel();
    let (variants, without) = (variants.to_vec(), without.to_vec());
    std::thread::spawn(move || {
        let mut lockstep = Lockstep::new(variants, exactness, deadline);
        if let Err(error) = lockstep.run(&sender, &without) {
            lockstep.found.not_run.get_or_insert(super::shortened(&format!("{error:#}")));
        }
        // No receiver is left if this thread waited too long.
        let _ = sender.send(Message::Found(Box::new(lockstep.found)));
    });
    receiver
}

enum Message {
    At(String),
    Found(Box<Comparison>),
}

/// The instances of all variants, and the results so far.
struct Lockstep {
    variants: Vec<Variant>,
    guests: Vec<Guest>,
    exactness: Exactness,
    deadline: Instant,
    calls_since_state: usize,
    found: Comparison,
}

impl Lockstep {
    fn new(variants: Vec<Variant>, exactness: Exactness, deadline: Instant) -> Self {
        let (guests, found) = Default::default();
        Self { variants, guests, exactness, deadline, calls_since_state: 0, found }
    }

    fn run(&mut self, sender: &Sender<Message>, without: &[String]) -> wasmtime::Result<()> {
        let Some(first) = self.variants.first() else { return Ok(()) };
        let exports: Vec<(String, Vec<Vec<Val>>)> = first
            .module
            .exports()
            .filter(|export| !without.iter().any(|name| name == export.name()))
            .filter_map(|export| match export.ty() {
                ExternType::Func(ty) => Some((export.name().to_owned(), arguments(&ty))),
                _ => None,
            })
            .collect();
        if !self.instantiate()? {
            return Ok(());
        }
        for (export, sets) in exports {
            let _ = sender.send(Message::At(export.clone()));
            for args in sets {
                if Instant::now() > self.deadline {
                    self.found.left_out += 1;
                } else if self.instantiate()? {
                    self.call(&export, &args)?;
                }
                if self.found.differences.len() >= MAX_DIFFERENCES {
                    return Ok(());
                }
            }
        }
        self.compare_state("the last call")
    }

    /// Creates the instances unless they exist; returns whether they exist then.
    fn instantiate(&mut self) -> wasmtime::Result<bool> {
        if !self.guests.is_empty() {
            return Ok(true);
        }
        let made = self.variants.iter().map(|variant| Guest::new(&variant.engine, &variant.module));
        let mut outcomes = Vec::new();
        let mut guests = Vec::new();
        for made in made {
            match made {
                Ok((guest, outcome)) => {
                    outcomes.push(outcome);
                    guests.push(guest);
                }
                Err(error) => outcomes.push(Outcome::of(&error)),
            }
        }
        let ran_out = outcomes.contains(&Outcome::RanOut);
        if !ran_out && !self.is_same("instantiation", &outcomes) {
            self.found.not_run = Some("instantiation differs".into());
            return Ok(false);
        }
        if ran_out || guests.len() < self.variants.len() {
            self.found.not_run =
                outcomes.first().map(|outcome| format!("instantiation: {outcome}"));
            return Ok(false);
        }
        self.guests = guests;
        Ok(true)
    }

    fn call(&mut self, export: &str, args: &[Val]) -> wasmtime::Result<()> {
        let mut outcomes = Vec::new();
        let mut fuels = Vec::new();
        for guest in &mut self.guests {
            let (outcome, fuel) = guest.call(export, args)?;
            outcomes.push(outcome);
            fuels.push(fuel);
        }
        if outcomes.contains(&Outcome::RanOut) {
            self.found.inconclusive += 1;
            self.guests.clear();
            return Ok(());
        }
        let call = format!("{export:?} {args:?}");
        let is_same = self.is_same(&call, &outcomes)
            && self.is_equal(&call, "calls of imports", |guest| Ok(guest.calls()))?
            && (self.exactness == Exactness::SameBehavior || self.is_fuel_same(&call, &fuels));
        if !is_same {
            self.guests.clear();
            return Ok(());
        }
        self.found.same += 1;
        self.found.fuel += fuels.first().copied().unwrap_or_default();
        self.calls_since_state += 1;
        let has_values = matches!(outcomes.first(), Some(Outcome::Values(_)));
        if !has_values {
            self.found.trapped += 1;
        }
        if let Some(outcome) = outcomes.first()
            && self.exactness == Exactness::SameCode
        {
            self.found.digest.update(format!("{call} {outcome}").as_bytes());
        }
        if !has_values || self.calls_since_state >= CALLS_PER_STATE {
            self.compare_state(&call)?;
        }
        if !has_values {
            // Behavior after a trap is not specified.
            self.guests.clear();
        }
        Ok(())
    }

    /// Compares everything that the host can see.
    fn compare_state(&mut self, when: &str) -> wasmtime::Result<()> {
        let calls = std::mem::take(&mut self.calls_since_state);
        let when = format!("after {when}, {calls} calls after the last comparison");
        if !self.is_equal(&when, "memories and globals", Guest::state)? {
            self.guests.clear();
        }
        Ok(())
    }

    fn is_equal(
        &mut self,
        when: &str,
        what: &str,
        digest: impl Fn(&mut Guest) -> wasmtime::Result<blake3::Hash>,
    ) -> wasmtime::Result<bool> {
        let digests = self.guests.iter_mut().map(digest).collect::<wasmtime::Result<Vec<_>>>()?;
        let Some(first) = digests.first() else { return Ok(true) };
        self.found.digest.update(first.as_bytes());
        let Some(other) = digests.iter().position(|digest| digest != first) else {
            return Ok(true);
        };
        self.differs(when, &format!("other {what}"), other);
        Ok(false)
    }

    fn is_same(&mut self, when: &str, outcomes: &[Outcome]) -> bool {
        let Some(first) = outcomes.first() else { return true };
        let is_same = |other: &Outcome| match (first, other) {
            (Outcome::Trap(_), Outcome::Trap(_)) if self.exactness == Exactness::SameBehavior => {
                true
            }
            _ => first == other,
        };
        if let Some(other) = outcomes.iter().position(|other| !is_same(other)) {
            let what = format!("{first} and {}", outcomes[other]);
            self.differs(when, &what, other);
            return false;
        }
        self.found.other_traps += usize::from(outcomes.iter().any(|other| other != first));
        true
    }

    fn is_fuel_same(&mut self, when: &str, fuels: &[u64]) -> bool {
        let Some(other) = fuels.iter().position(|fuel| fuels.first() != Some(fuel)) else {
            return true;
        };
        self.differs(when, &format!("fuel {fuels:?}"), other);
        false
    }

    fn differs(&mut self, when: &str, what: &str, other: usize) {
        let names = [0, other].map(|index| self.variants[index].name.as_str());
        let text = format!("{} and {}: {when}: {what}", names[0], names[1]);
        self.found.differences.push(super::shortened(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Config;

    const GENEROUS: Patience =
        Patience { all: Duration::from_secs(600), export: Duration::from_secs(60) };

    fn compared(exactness: Exactness, texts: [&str; 2]) -> Comparison {
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let variant = |(name, text): (&str, &str)| {
            let wasm = wat::parse_str(text).unwrap();
            let module = Module::new(&engine, wasm).unwrap();
            Variant { name: name.into(), engine: engine.clone(), module }
        };
        let variants = ["first", "second"].into_iter().zip(texts).map(variant);
        compare(&variants.collect::<Vec<_>>(), exactness, GENEROUS)
    }

    fn differences(exactness: Exactness, texts: [&str; 2]) -> Vec<String> {
        let found = compared(exactness, texts);
        assert_eq!(found.not_run, None);
        found.differences
    }

    const ADD: &str = r#"(module (import "a" "f" (func (param i32))) (memory (export "m") 1)
        (func (export "f") (param i32 i32) (result i32)
            (call 0 (local.get 0)) (i32.add (local.get 0) (local.get 1))))"#;

    #[test]
    fn equal_modules_do_the_same() {
        let swapped = ADD.replace("(local.get 0) (local.get 1)", "(local.get 1) (local.get 0)");
        let found = compared(Exactness::SameCode, [ADD, &swapped]);
        assert_eq!((found.differences.len(), found.same, found.trapped), (0, 4, 0), "{found:?}");
        assert!(found.fuel > 0 && found.not_run.is_none());
    }

    #[test]
    fn values_calls_memories_and_fuel_are_compared() {
        let instead = |from, to| ADD.replace(from, to);
        let same_value = instead(
            "(i32.add (local.get 0) (local.get 1))",
            "(i32.sub (local.get 0) (i32.sub (i32.const 0) (local.get 1)))",
        );
        for (other, what) in [
            (instead("i32.add", "i32.sub"), "and [Bits("),
            (instead("call 0 (local.get 0)", "call 0 (i32.const 7)"), "calls of imports"),
            (
                instead(r#"(export "m") 1)"#, r#"(export "m") 1) (data (i32.const 9) "x")"#),
                "memories",
            ),
            (instead(r#"(memory (export "m") 1)"#, r#"(memory (export "m") 2)"#), "memories"),
            (instead("i32.add", "i32.div_s"), "trap"),
        ] {
            let found = differences(Exactness::SameBehavior, [ADD, &other]);
            assert!(found.iter().any(|text| text.contains(what)), "{other}: {found:?}");
        }
        assert_eq!(differences(Exactness::SameBehavior, [ADD, &same_value]), [""; 0]);
        assert!(differences(Exactness::SameCode, [ADD, &same_value])[0].contains("fuel"));
    }

    #[test]
    fn calls_that_run_out_of_fuel_are_inconclusive() {
        let endless = r#"(module (func (export "f") (loop br 0)) (func (export "g")))"#;
        let ends = r#"(module (func (export "f")) (func (export "g")))"#;
        let found = compared(Exactness::SameBehavior, [endless, ends]);
        assert_eq!((found.inconclusive, found.same, found.differences.len()), (1, 1, 0));
    }

    #[test]
    fn exports_that_wait_forever_are_skipped() {
        let waits = r#"(module (memory 1 1 shared) (func (export "f")
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))) (func (export "g")))"#;
        let mut config = Config::new();
        config.consume_fuel(true).shared_memory(true);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, wat::parse_str(waits).unwrap()).unwrap();
        let variant = Variant { name: "waits".into(), engine, module };
        let patience = Patience { export: Duration::from_secs(1), ..GENEROUS };
        let found = compare(&[variant], Exactness::SameCode, patience);
        assert_eq!((found.waiting, found.same), (vec!["f".to_owned()], 1));
    }
}
