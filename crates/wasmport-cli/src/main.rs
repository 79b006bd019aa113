//! The program `cargo-wasmport`.

/// mimalloc is faster: compiling allocates a lot, from several threads.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wasmport_cli::main()
}
