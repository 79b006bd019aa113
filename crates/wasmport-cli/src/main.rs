//! The program `cargo-wasmport`.

/// Compiling allocates a lot, from several threads at once.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wasmport_cli::main()
}
