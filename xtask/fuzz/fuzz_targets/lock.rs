//! `cargo +nightly fuzz run lock`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::targets::lock(bytes));
