//! `cargo +nightly fuzz run signatures`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::targets::signatures(bytes));
