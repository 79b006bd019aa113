//! The other systems: what builds for them, and what runs their programs here.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasmport::engine::Target;

/// A system that this machine emulates.
pub(super) struct Machine {
    pub name: &'static str,
    /// The target of rustc.
    pub triple: &'static str,
    /// The prefix of the C compiler's name.
    cc: &'static str,
    /// The program that runs programs of the system, with its first arguments. With its option `-L` QEMU would
    /// look for all files of the program in that folder first.
    runner: &'static [&'static str],
    /// The importer's tests of files, and those of the runtime's cache, that run there. QEMU starts no second
    /// program.
    pub files: &'static [&'static str],
    /// The Debian packages that bring all this.
    packages: &'static str,
}

/// A Rust whose standard library can be built for other targets; `rustup` is not needed.
const RUST: &str = "rustc-web rust-web-src";

/// Its compiler; the one of `rustup` may come first on the path.
const RUSTC: &str = "/usr/bin/rustc";

const QEMU_FILES: &[&str] = &["files::", "state::", "dynamic::"];

pub(super) const MACHINES: &[Machine] = &[
    Machine {
        name: "windows",
        triple: "x86_64-pc-windows-gnu",
        cc: "x86_64-w64-mingw32",
        runner: &["/usr/lib/wine/wine64"],
        files: &["files::", "names::", "lock::", "state::", "dynamic::"],
        packages: "gcc-mingw-w64-x86-64 wine64",
    },
    Machine {
        name: "aarch64",
        triple: "aarch64-unknown-linux-gnu",
        cc: "aarch64-linux-gnu",
        runner: &[
            "/usr/bin/qemu-aarch64",
            "/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1",
            "--library-path",
            "/usr/aarch64-linux-gnu/lib",
        ],
        files: QEMU_FILES,
        packages: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user",
    },
    Machine {
        name: "s390x",
        triple: "s390x-unknown-linux-gnu",
        cc: "s390x-linux-gnu",
        runner: &[
            "/usr/bin/qemu-s390x",
            "/usr/s390x-linux-gnu/lib/ld64.so.1",
            "--library-path",
            "/usr/s390x-linux-gnu/lib",
        ],
        files: QEMU_FILES,
        packages: "gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user",
    },
];

impl Machine {
    /// Returns the target of the artifacts.
    pub fn target(&self) -> crate::Result<Target> {
        Ok(self.triple.parse()?)
    }

    /// Fails if a program is missing.
    pub fn check(&self) -> crate::Result {
        let Self { name, cc, runner, packages, .. } = self;
        let gcc = format!("/usr/bin/{cc}-gcc");
        let programs = [gcc.as_str(), RUSTC, runner[0]];
        match programs.iter().find(|program| !Path::new(program).exists()) {
            Some(program) => Err(format!(
                "{name} needs `{program}`: on Debian, `apt-get install {RUST} {packages}`"
            )
            .into()),
            None => Ok(()),
        }
    }

    /// Returns a cargo that builds for the system, with the standard library from its sources.
    pub fn cargo(&self, target_dir: &Path) -> Command {
        let mut cargo = crate::cargo();
        rust_sources(&mut cargo, target_dir);
        let triple = self.triple.replace('-', "_");
        let gcc = format!("{}-gcc", self.cc);
        cargo
            .env(format!("CC_{triple}"), &gcc)
            .env(format!("AR_{triple}"), format!("{}-ar", self.cc))
            .env(format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase()), &gcc);
        cargo
    }

    /// Returns the arguments of cargo that follow its command.
    pub fn build_args(&self) -> [&'static str; 3] {
        ["-Zbuild-std=std,panic_unwind", "--target", self.triple]
    }

    /// Runs a program on the system, and returns what it printed, whether it succeeded or not.
    pub fn output(&self, program: &Path, args: &[&OsStr]) -> crate::Result<String> {
        let mut command = Command::new(self.runner[0]);
        command.args(&self.runner[1..]).arg(program).args(args);
        if self.name == "windows" {
            wine(&mut command, program)?;
        }
        let output =
            command.output().map_err(|e| format!("cannot run `{}`: {e}", self.runner[0]))?;
        let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        if !output.status.success() {
            // The test harness prints why tests failed among its results.
            let why = text.find("\nfailures:\n").map_or("", |at| &text[at..]);
            eprintln!("{}{why}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(text)
    }
}

/// Lets cargo use a Rust whose standard library is compiled from its sources.
pub(super) fn rust_sources(cargo: &mut Command, target_dir: &Path) {
    cargo
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target_dir)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTUP_TOOLCHAIN");
}

/// The one function of Windows' `bcryptprimitives.dll` that Rust needs, and Wine 8 lacks.
const PROCESS_PRNG: &str = "\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T len) {
    return SystemFunction036(bytes, (ULONG)len);
}
";

/// Prepares Wine: a home of its own, and the library beside the program.
fn wine(command: &mut Command, program: &Path) -> crate::Result {
    let folder = program.parent().unwrap_or(Path::new("."));
    let library = folder.join("bcryptprimitives.dll");
    if !library.exists() {
        let source = folder.join("bcryptprimitives.c");
        crate::files::write(&source, PROCESS_PRNG)?;
        let mut gcc = Command::new("x86_64-w64-mingw32-gcc");
        gcc.arg("-shared").arg("-o").arg(&library).arg(&source).arg("-ladvapi32");
        if !gcc.status()?.success() {
            return Err("cannot build `bcryptprimitives.dll`".into());
        }
    }
    let home: PathBuf = crate::scratch::target_dir("elsewhere").join("wine");
    command.env("WINEDEBUG", "-all").env("WINEPREFIX", home);
    Ok(())
}
