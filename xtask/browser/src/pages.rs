//! The pages: fixtures, and the modules of a folder.

use crate::Result;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The largest page in bytes.
pub(crate) const LARGEST: u64 = 3_000_000;

/// The number of functions of the large module.
const MANY: usize = 20_000;

/// A page.
pub(crate) struct Made {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// The names that the page shows as text.
    pub hostile: Option<Vec<String>>,
    pub is_large: bool,
    /// Whether its picture is compared with the golden one.
    pub is_compared: bool,
    /// A function that the search finds.
    pub function: Option<&'static str>,
}

/// Makes pages with the command of this repository.
pub(crate) struct Maker {
    pub command: PathBuf,
    pages: PathBuf,
    pub root: PathBuf,
}

impl Maker {
    /// Builds the command, unless there is one.
    pub fn new(pages: PathBuf, command: Option<PathBuf>) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        let root = root.ok_or("the package is not in the repository")?.to_path_buf();
        let command = match command {
            Some(command) => command.canonicalize()?,
            None => built(&root)?,
        };
        Ok(Self { command, pages, root })
    }

    /// Makes the pages of all fixtures.
    pub fn fixtures(&self) -> Result<Vec<Made>> {
        Ok(vec![self.calc()?, self.hostile()?, self.large()?, self.component()?, self.project()?])
    }

    /// Makes a page for each module below a folder. Files that are none are named.
    pub fn folder(&self, folder: &Path) -> Result<Vec<Made>> {
        let mut pages = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry?;
            let is_module = entry.path().extension().is_some_and(|e| e == "wasm" || e == "wat");
            if !is_module || !entry.file_type().is_file() {
                continue;
            }
            let name = format!("{:03}-{}", pages.len(), entry.file_name().to_string_lossy());
            let out = self.pages.join(format!("{name}.html"));
            let result =
                self.inspect(entry.path(), &["--target", "native", "--target", "portable"], &out);
            match result {
                Ok(()) => pages.push(made(name, out, |_| {})?),
                Err(error) if out.exists() => {
                    println!("{}: {error}", entry.path().display());
                    pages.push(made(name, out, |_| {})?);
                }
                Err(error) => println!("{}: no page: {error}", entry.path().display()),
            }
        }
        Ok(pages)
    }

    fn calc(&self) -> Result<Made> {
        let wat = r#"(module $calc
            (import "env" "log" (func $log (param i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "some data of the calculator, which is drawn as a rectangle of its own")
            (func $divide (export "divide") (param $dividend i32) (param $divisor i32) (result i32)
                local.get $dividend local.get $divisor i32.div_s)
            (func $sum (export "sum") (param $n i32) (result i32) (local $all i32)
                (loop $next
                    local.get $all local.get $n i32.add local.set $all
                    local.get $n i32.const 1 i32.sub local.tee $n br_if $next)
                local.get $all call $log
                i32.const 0 i32.const 4 call $random drop
                local.get $all))"#;
        let options = ["--target", "portable", "--code", "sum"];
        self.of_text("calc", wat, &options, |page| {
            page.is_compared = true;
            page.function = Some("divide");
        })
    }

    fn hostile(&self) -> Result<Made> {
        let names = [
            "<script>window.hit=1</script>",
            "</script><script>window.hit=2</script>",
            "</style></title><script>window.hit=3</script>",
            "\"><img src=x onerror=window.hit=4>",
            "'><svg onload=window.hit=5>",
            "<!--",
            "]]>",
            "&lt;b&gt;",
            "javascript:window.hit=6",
        ];
        let quoted = |name: &str| {
            let escaped: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            format!("\"{escaped}\"")
        };
        let mut wat = String::from("(module ");
        for name in names {
            write!(wat, "(import {} {} (func))", quoted(name), quoted(name))?;
        }
        for name in names {
            write!(
                wat,
                "(func $\"{}\" (export {}))",
                name.replace('\\', "\\\\").replace('"', "\\\""),
                quoted(name)
            )?;
            write!(wat, "(@custom {} \"some bytes\")", quoted(name))?;
        }
        // Control characters, and letters that turn the direction of a line.
        for name in ["\u{1b}[31mred", "\u{202e}right to left", "a\0b", &"long ".repeat(20_000)] {
            write!(wat, "(func (export {}))", quoted(name))?;
        }
        wat.push(')');
        let names = names.map(ToOwned::to_owned).to_vec();
        self.of_text("hostile", &wat, &["--target", "portable", "--code", "9"], |page| {
            page.hostile = Some(names);
        })
    }

    fn large(&self) -> Result<Made> {
        let mut wat = String::from("(module ");
        for index in 0..MANY {
            let body = "nop ".repeat(1 + index % 97);
            write!(wat, "(func $function_with_a_rather_long_name_{index} {body})")?;
        }
        wat.push(')');
        self.of_text("large", &wat, &["--target", "portable"], |page| {
            page.is_large = true;
            page.function = Some("function_with_a_rather_long_name_96");
        })
    }

    fn component(&self) -> Result<Made> {
        let out = self.pages.join("component.html");
        let file = self.root.join("fixtures/assets/components/ledger.wat");
        self.inspect(&file, &["--target", "portable"], &out)?;
        made("component".into(), out, |_| {})
    }

    fn project(&self) -> Result<Made> {
        let out = self.pages.join("project.html");
        let mut command = Command::new(&self.command);
        let config = self.root.join("fixtures/wasmport.toml");
        command.args(["report", "--quiet", "--config"]).arg(config).arg("--html").arg(&out);
        run(&mut command)?;
        made("project".into(), out, |_| {})
    }

    fn of_text(
        &self,
        name: &str,
        wat: &str,
        options: &[&str],
        more: impl FnOnce(&mut Made),
    ) -> Result<Made> {
        let sources = tempfile::tempdir()?;
        let file = sources.path().join(format!("{name}.wat"));
        std::fs::write(&file, wat)?;
        let out = self.pages.join(format!("{name}.html"));
        self.inspect(&file, options, &out)?;
        made(name.into(), out, more)
    }

    /// Makes the page of a file.
    pub fn inspect(&self, file: &Path, options: &[&str], out: &Path) -> Result {
        let mut command = Command::new(&self.command);
        // Another folder than the repository's: its settings are not those of the file.
        let folder = file.parent().ok_or("a file has a folder")?;
        command.current_dir(folder).arg("inspect").arg(file).args(options).arg("--html").arg(out);
        run(&mut command)
    }
}

/// Builds the command of the repository.
fn built(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The features of `lab` give the build that other tasks have.
    let mut build = Command::new(cargo);
    build.current_dir(root).args(["build", "--quiet", "--locked", "--package", "wasmport-cli"]);
    if !build.args(["--package", "lab", "--bin", "cargo-wasmport"]).status()?.success() {
        return Err("the command cannot be built".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug").join(format!("cargo-wasmport{}", std::env::consts::EXE_SUFFIX)))
}

fn run(command: &mut Command) -> Result {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, text.trim()).into())
}

fn made(name: String, path: PathBuf, more: impl FnOnce(&mut Made)) -> Result<Made> {
    let bytes = std::fs::metadata(&path)?.len();
    let mut made = Made {
        name,
        path,
        bytes,
        hostile: None,
        is_large: false,
        is_compared: false,
        function: None,
    };
    more(&mut made);
    Ok(made)
}
