//! The program `cargo-wasmport`.

fn main() -> std::process::ExitCode {
    wasmport_cli::main()
}
