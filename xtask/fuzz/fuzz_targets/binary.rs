//! `cargo +nightly fuzz run binary`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::targets::binary(bytes));
