//! The environment, standard streams, clocks, randomness and exit of audited guests.

use super::refusal::refused;
use super::subject::{nothing, text};
use super::{Audited, Capability};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::cli::{
    environment, exit, stderr, stdin, stdout, terminal_stderr, terminal_stdin, terminal_stdout,
};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};

audited! {
    "wasi:cli/environment" Environment, environment::Host;
    call get_environment "get-environment" () -> Result<Vec<(String, String)>> { nothing() };
    call get_arguments "get-arguments" () -> Result<Vec<String>> { nothing() };
    call initial_cwd "initial-cwd" () -> Result<Option<String>> { nothing() };
}

audited! {
    "wasi:cli/exit" Exit, exit::Host;
    call exit "exit" (status: std::result::Result<(), ()>) -> Result<()> { nothing() };
    call exit_with_code "exit-with-code" (code: u8) -> Result<()> { nothing() };
}

audited! {
    "wasi:cli/stdin" Streams, stdin::Host;
    call get_stdin "get-stdin" () -> Result<Resource<DynInputStream>> { text("stdin"); keeps stream => [stream.rep()] };
}

audited! {
    "wasi:cli/stdout" Streams, stdout::Host;
    call get_stdout "get-stdout" () -> Result<Resource<DynOutputStream>> { text("stdout"); keeps stream => [stream.rep()] };
}

audited! {
    "wasi:cli/stderr" Streams, stderr::Host;
    call get_stderr "get-stderr" () -> Result<Resource<DynOutputStream>> { text("stderr"); keeps stream => [stream.rep()] };
}

audited! {
    "wasi:cli/terminal-stdin" Streams, terminal_stdin::Host;
    call get_terminal_stdin "get-terminal-stdin" () -> Result<Option<Resource<terminal_stdin::TerminalInput>>> { text("stdin") };
}

audited! {
    "wasi:cli/terminal-stdout" Streams, terminal_stdout::Host;
    call get_terminal_stdout "get-terminal-stdout" () -> Result<Option<Resource<terminal_stdout::TerminalOutput>>> { text("stdout") };
}

audited! {
    "wasi:cli/terminal-stderr" Streams, terminal_stderr::Host;
    call get_terminal_stderr "get-terminal-stderr" () -> Result<Option<Resource<terminal_stderr::TerminalOutput>>> { text("stderr") };
}

audited! {
    "wasi:clocks/wall-clock" Clock, wall_clock::Host;
    call now "now" () -> Result<wall_clock::Datetime> { text("realtime") };
    call resolution "resolution" () -> Result<wall_clock::Datetime> { text("realtime") };
}

audited! {
    "wasi:clocks/monotonic-clock" Clock, monotonic_clock::Host;
    call now "now" () -> Result<u64> { text("monotonic") };
    call resolution "resolution" () -> Result<u64> { text("monotonic") };
    call subscribe_instant "subscribe-instant" (when: u64) -> Result<Resource<DynPollable>> { text("monotonic") };
    call subscribe_duration "subscribe-duration" (duration: u64) -> Result<Resource<DynPollable>> { text("monotonic") };
}

audited! {
    "wasi:random/random" Random, random::Host;
    call get_random_bytes "get-random-bytes" (len: u64) -> Result<Vec<u8>> { nothing() };
    call get_random_u64 "get-random-u64" () -> Result<u64> { nothing() };
}

audited! {
    "wasi:random/insecure" Random, insecure::Host;
    call get_insecure_random_bytes "get-insecure-random-bytes" (len: u64) -> Result<Vec<u8>> { nothing() };
    call get_insecure_random_u64 "get-insecure-random-u64" () -> Result<u64> { nothing() };
}

audited! {
    "wasi:random/insecure-seed" Random, insecure_seed::Host;
    call insecure_seed "insecure-seed" () -> Result<(u64, u64)> { nothing() };
}
