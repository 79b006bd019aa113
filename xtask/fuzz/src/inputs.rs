//! Inputs of a target: its seeds, then mutations of them, the same on every machine.

use fastrand::Rng;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The maximal length of an input.
const MAX: usize = 8 << 10;

/// Numbers at which length fields and bounds break.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e309",
    "0.5",
    "0x7fffffff",
];

/// The inputs of one target, by number.
pub struct Inputs {
    seeds: Vec<Vec<u8>>,
}

impl Inputs {
    /// Reads the seeds of a target.
    ///
    /// # Errors
    ///
    /// Fails if the target has no seed, or if one cannot be read.
    pub fn of(target: &str) -> io::Result<Self> {
        let mut seeds = Vec::new();
        for entry in WalkDir::new(seeds_of(target)).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                seeds.push(std::fs::read(entry.path())?);
            }
        }
        if seeds.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{target} has no seeds")));
        }
        Ok(Self { seeds })
    }

    /// Returns the number of seeds.
    pub fn seeds(&self) -> usize {
        self.seeds.len()
    }

    /// Returns an input: a seed, or for higher numbers a mutation.
    pub fn get(&self, number: u64) -> Vec<u8> {
        let seed = usize::try_from(number).ok().and_then(|at| self.seeds.get(at));
        seed.cloned().unwrap_or_else(|| self.mutation(&mut Rng::with_seed(number)))
    }

    fn mutation(&self, random: &mut Rng) -> Vec<u8> {
        let mut bytes = self.any(random).to_vec();
        for _ in 0..1_u32 << random.u32(0..5) {
            self.mutate(&mut bytes, random);
        }
        bytes.truncate(MAX);
        bytes
    }

    fn any(&self, random: &mut Rng) -> &[u8] {
        &self.seeds[random.usize(..self.seeds.len())]
    }

    fn mutate(&self, bytes: &mut Vec<u8>, random: &mut Rng) {
        let at = random.usize(..=bytes.len());
        let range = at..random.usize(at..=bytes.len().min(at + 64));
        match random.u32(0..10) {
            0 => bytes.extend((0..random.usize(1..16)).map(|_| random.u8(..))),
            1 => bytes.insert(at, random.u8(..)),
            2 => drop(bytes.drain(range)),
            3 => {
                let copies = bytes[range].repeat(random.usize(1..4));
                bytes.splice(at..at, copies);
            }
            4 => {
                let other = self.any(random);
                let from = random.usize(..=other.len());
                let to = random.usize(from..=other.len());
                bytes.splice(range, other[from..to].iter().copied());
            }
            5 | 6 => {
                let other = self.any(random);
                let word = word_at(other, random.usize(..=other.len()));
                bytes.splice(word_at(bytes, at), other[word].iter().copied());
            }
            7 => {
                let number = NUMBERS[random.usize(..NUMBERS.len())];
                bytes.splice(word_at(bytes, at), number.bytes());
            }
            kind => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = if kind == 8 { *byte ^ 1 << random.u32(..8) } else { random.u8(..) };
                }
            }
        }
    }
}

/// Returns the word around or behind a position; one other byte if there is none.
fn word_at(bytes: &[u8], at: usize) -> Range<usize> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before = bytes[..at].iter().rev().take_while(|byte| is_word(byte)).count();
    let after = bytes[at..].iter().take_while(|byte| is_word(byte)).count();
    if before + after == 0 { at..bytes.len().min(at + 1) } else { at - before..at + after }
}

fn seeds_of(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_always_the_same_input_and_most_inputs_differ() -> io::Result<()> {
        let inputs = Inputs::of("lock")?;
        let all: Vec<Vec<u8>> = (0..200).map(|number| inputs.get(number)).collect();
        assert_eq!(all, (0..200).map(|number| inputs.get(number)).collect::<Vec<_>>());
        let mut different = all.clone();
        different.sort();
        different.dedup();
        assert!(different.len() > 180, "{}", different.len());
        assert!(all.iter().all(|input| input.len() <= MAX));
        Ok(())
    }

    #[test]
    fn words_have_ends() {
        assert_eq!(word_at(b"a = b-c;", 5), 4..7);
        assert_eq!(word_at(b"a = b-c;", 7), 4..7);
        assert_eq!(word_at(b"a = b-c;", 2), 2..3);
        assert_eq!(word_at(b"a;", 2), 2..2);
    }
}
