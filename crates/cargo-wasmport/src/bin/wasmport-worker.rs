//! The program `wasmport-worker`: it compiles plug-ins for another program, within bounds.

/// Compiling allocates a lot, from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wasmport_cli::worker()
}
