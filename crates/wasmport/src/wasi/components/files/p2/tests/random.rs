//! Random sequences of calls, on a virtual directory and on one of the operating system.

use super::system::{Call, Path, System};
use crate::vfs::Files;
use crate::wasi::Wasi;
use std::{env, process};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    Advice, DescriptorFlags, OpenFlags, PathFlags,
};

// Errors differ for names with NUL and for paths that end in `/` or `/.`, which Wasmtime ignores in part.
const PATHS: [Path; 26] = [
    "a", "a", "b", "b", "d", "d", "e", "l", "l", "m", "d/a", "d/e", "d/l", "d/e/b", "l/a", "l/l",
    "a/b", "d/..", "d/../a", "./b", "..", "../a", "/a", "", "d//a", "no/a",
];

const TARGETS: [Path; 9] = ["a", "d", "l", "m", "../a", "../../a", "d/e", "no", "/a"];

/// Linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    fn number(&mut self) -> u64 {
        let numbers = [0, 0, 1, 2, 5, 9, 4096, 5000, 70_000, 1 << 20, u64::MAX];
        numbers[self.below(numbers.len())]
    }

    fn path(&mut self) -> Path {
        PATHS[self.below(PATHS.len())]
    }

    fn follow(&mut self) -> PathFlags {
        if self.below(2) == 0 { PathFlags::SYMLINK_FOLLOW } else { PathFlags::empty() }
    }

    fn flag<F>(&mut self, one_in: usize, flag: F, none: F) -> F {
        if self.below(one_in) == 0 { flag } else { none }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = [0, 1, 3, 7, 20][self.below(5)];
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    fn open(&mut self, dir: usize) -> Call {
        let none = OpenFlags::empty();
        let open = self.flag(2, OpenFlags::CREATE, none)
            | self.flag(4, OpenFlags::DIRECTORY, none)
            | self.flag(6, OpenFlags::EXCLUSIVE, none)
            | self.flag(6, OpenFlags::TRUNCATE, none);
        let none = DescriptorFlags::empty();
        let flags = self.flag(2, DescriptorFlags::READ, none)
            | self.flag(2, DescriptorFlags::WRITE, none)
            | self.flag(9, DescriptorFlags::MUTATE_DIRECTORY, none)
            | self.flag(40, DescriptorFlags::FILE_INTEGRITY_SYNC, none);
        Call::Open(dir, self.follow(), self.path(), open, flags)
    }

    /// Returns a call with some of `open` descriptors.
    fn call(&mut self, open: usize) -> Call {
        // Most calls need a directory, and the first is one.
        let dir = if self.below(3) == 0 { self.below(open) } else { 0 };
        let fd = self.below(open);
        match self.below(37) {
            0..=6 => self.open(dir),
            7 if fd > 0 => Call::Close(fd),
            7 | 8 => Call::GetFlags(fd),
            9 => Call::GetType(fd),
            10 => Call::SetSize(fd, self.number()),
            11 => Call::SetTimes(fd, self.number(), self.below(9) as u64),
            12 | 13 => Call::Read(fd, self.number(), self.number()),
            14 | 15 => Call::Write(fd, self.bytes(), self.number()),
            16 => Call::ReadDirectory(fd),
            17 | 18 => Call::CreateDirectory(dir, self.path()),
            19 => Call::Stat(fd),
            20 | 21 => Call::StatAt(dir, self.follow(), self.path()),
            22 => Call::SetTimesAt(dir, self.follow(), self.path(), 0, 1 + self.below(9) as u64),
            23 | 24 => Call::Link(
                dir,
                self.flag(9, PathFlags::SYMLINK_FOLLOW, PathFlags::empty()),
                self.path(),
                self.below(open),
                self.path(),
            ),
            25 => Call::ReadLink(dir, self.path()),
            26 => Call::RemoveDirectory(dir, self.path()),
            27 | 28 => Call::Rename(dir, self.path(), self.below(open), self.path()),
            29 | 30 => Call::Symlink(dir, TARGETS[self.below(TARGETS.len())], self.path()),
            31 => Call::Unlink(dir, self.path()),
            32 => Call::InputStream(fd, self.number(), self.number().max(1), self.below(2) == 0),
            33 => Call::OutputStream(
                fd,
                [None, Some(self.number())][self.below(2)],
                self.bytes(),
                self.below(2) == 0,
            ),
            34 => Call::IsSame(fd, self.below(open)),
            35 => Call::Hash(dir, self.follow(), self.path(), self.below(open)),
            _ => match self.below(3) {
                0 => Call::Sync(fd),
                1 => Call::SyncData(fd),
                _ => {
                    Call::Advise(fd, self.below(9) as u64, self.below(9) as u64, Advice::Sequential)
                }
            },
        }
    }
}

/// Number of sequences of 60 calls.
const SEQUENCES: u64 = 150;

/// Runs calls on both until they differ.
fn compare(seed: u64, calls: usize) -> Option<String> {
    let real = Wasi::new().preopened_dir_read_write(env::temp_dir(), "/");
    let folder = format!("wasmport-files-{}-{seed}", process::id());
    let mut real = System::new(&real, &folder);
    let mut files = System::new(&Wasi::new().files(&Files::new(), "/"), &folder);
    let mut random = Random(seed);
    let mut log = Vec::new();
    let mut difference = None;
    for _ in 0..calls {
        let call = random.call(real.open.len());
        let (expected, found) = (real.call(&call), files.call(&call));
        if expected != found {
            difference =
                Some(format!("{log:#?}\n{call:?}\n  real: {expected:?}\n  virtual: {found:?}"));
            break;
        }
        log.push((call, found));
    }
    real.remove();
    difference
}

#[test]
fn calls_have_the_same_results() {
    let differences: Vec<_> = (0..SEQUENCES).filter_map(|seed| compare(seed, 60)).collect();
    for difference in &differences {
        let short: Vec<_> = difference.lines().rev().take(3).collect();
        eprintln!("{}", short.into_iter().rev().collect::<Vec<_>>().join(" "));
    }
    assert!(differences.is_empty(), "{} differ, first: {}", differences.len(), differences[0]);
}
