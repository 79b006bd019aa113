//! Randomness: its sources, and the functions by which guests read it.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng as _, TryRng};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime_wasi::p1::types::Error;
use wasmtime_wasi::{WasiCtxBuilder, thread_rng};
use wiggle::{GuestMemory, GuestPtr};

/// Most bytes that a guest may read at once: Wasmtime's limit.
const MOST_BYTES: u64 = wasmtime_wasi::random::DEFAULT_MAX_SIZE;

/// Bytes that are read at once into a memory that threads share.
const SHARED_PART: u32 = 64 << 10;

/// A source of randomness, for [`Wasi::random`](super::Wasi::random).
///
/// Guests use it for keys: a source that can be predicted is for tests and reproducible runs.
///
/// ```
/// use wasmport::wasi::{Random, Wasi};
///
/// /// Always the same.
/// #[derive(Clone)]
/// struct Zeros;
///
/// impl Random for Zeros {
///     fn fill(&mut self, bytes: &mut [u8]) {
///         bytes.fill(0);
///     }
/// }
///
/// let wasi = Wasi::new().random(Zeros);
/// # let _ = wasi;
/// ```
pub trait Random: Send + 'static {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The randomness of a [`Wasi`](super::Wasi), from which that of its sessions starts.
#[derive(Clone, Default)]
pub(super) enum RandomSource {
    #[default]
    System,
    Seed(u64),
    /// Starts a source.
    Other(Arc<dyn Fn() -> Box<dyn Random> + Send + Sync>),
}

impl RandomSource {
    /// Creates a source of which each session gets a clone.
    pub fn new(source: impl Random + Clone + Sync) -> Self {
        Self::Other(Arc::new(move || Box::new(source.clone())))
    }

    /// Starts a session's randomness, and makes it that of Wasmtime's context.
    pub fn start(&self, builder: &mut WasiCtxBuilder) -> Randomness {
        let (random, insecure, seed) = match self {
            // Wasmtime's context has the system's already.
            Self::System => return Randomness::new(Generator::System(None)),
            Self::Seed(seed) => {
                (Randomness::seeded(*seed), Randomness::seeded(*seed), u128::from(*seed))
            }
            Self::Other(start) => {
                let random = Randomness::new(Generator::Other(start()));
                let seed = u128::from_le_bytes(random.number());
                (random.clone(), random, seed)
            }
        };
        builder.insecure_random_seed(seed).insecure_random(insecure).secure_random(random.clone());
        random
    }
}

/// A session's randomness. Clones are the same.
#[derive(Clone)]
pub(super) struct Randomness(Arc<Mutex<Generator>>);

enum Generator {
    /// The system's; none until it is used.
    System(Option<Box<dyn Rng + Send>>),
    Seeded(Xoshiro256PlusPlus),
    Other(Box<dyn Random>),
}

impl Generator {
    fn fill(&mut self, bytes: &mut [u8]) {
        match self {
            Self::System(random) => random.get_or_insert_with(thread_rng).fill_bytes(bytes),
            // A number for each byte, as Wasmtime does: seeds have the same results as ever.
            Self::Seeded(random) => bytes.fill_with(|| random.next_u32() as u8),
            Self::Other(random) => random.fill(bytes),
        }
    }

    fn number<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl Randomness {
    fn new(generator: Generator) -> Self {
        Self(Arc::new(Mutex::new(generator)))
    }

    fn seeded(seed: u64) -> Self {
        Self::new(Generator::Seeded(Xoshiro256PlusPlus::seed_from_u64(seed)))
    }

    fn lock(&self) -> MutexGuard<'_, Generator> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number<const N: usize>(&self) -> [u8; N] {
        self.lock().number()
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.lock().fill(bytes);
    }

    /// Fills a part of a guest's memory: preview 1's `random_get`.
    pub fn fill_memory(
        &self,
        memory: &mut GuestMemory<'_>,
        start: GuestPtr<u8>,
        len: u32,
    ) -> Result<(), Error> {
        if u64::from(len) > MOST_BYTES {
            let message = format!("requested len {len} exceeds limit {MOST_BYTES}");
            return Err(Error::trap(wasmtime::Error::msg(message)));
        }
        if let Some(bytes) = memory.as_slice_mut(start.as_array(len))? {
            self.fill(bytes);
            return Ok(());
        }
        let mut part = vec![0; len.min(SHARED_PART) as usize];
        for first in (0..len).step_by(SHARED_PART as usize) {
            let part_len = SHARED_PART.min(len - first);
            let part = &mut part[..part_len as usize];
            self.fill(part);
            memory.copy_from_slice(part, start.add(first)?.as_array(part_len))?;
        }
        Ok(())
    }
}

/// For Wasmtime's context, which takes a number for each byte.
impl TryRng for Randomness {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(match &mut *self.lock() {
            Generator::Seeded(random) => random.next_u32(),
            other => u32::from_le_bytes(other.number()),
        })
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(match &mut *self.lock() {
            Generator::Seeded(random) => random.next_u64(),
            other => u64::from_le_bytes(other.number()),
        })
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}
