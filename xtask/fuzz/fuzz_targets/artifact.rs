//! `cargo +nightly fuzz run artifact`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::targets::artifact(bytes));
