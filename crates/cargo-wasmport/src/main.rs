//! The program `cargo-wasmport`, with everything that `wasmport-cli` offers.

/// Compiling allocates a lot, from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wasmport_cli::main()
}
