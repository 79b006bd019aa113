//! `cargo +nightly fuzz run worlds`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::targets::worlds(bytes));
