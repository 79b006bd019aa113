//! The machine and the tools of a run.

use crate::error::Result;
use crate::files;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// The machine and the tools of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub date: String,
    pub cpu: String,
    pub cores: usize,
    pub memory_gib: u64,
    pub system: String,
    pub rustc: String,
    pub cc: Option<String>,
    /// The processes that wanted to run in the minute before.
    pub load: f64,
}

impl Machine {
    /// Reads everything from `/proc` and from the tools.
    pub fn read() -> Result<Self> {
        let first_line = |program: &str, args: &[&str]| -> Result<String> {
            let output = files::output(Command::new(program).args(args))?;
            Ok(output.lines().next().unwrap_or_default().trim().into())
        };
        let proc = |name: &str| files::read_text(&Path::new("/proc").join(name));
        let memory = field(&proc("meminfo")?, "MemTotal");
        let kib: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or_default();
        let load = proc("loadavg")?;
        Ok(Self {
            date: first_line("date", &["-u", "+%Y-%m-%d"])?,
            cpu: field(&proc("cpuinfo")?, "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kib.div_ceil(1 << 20),
            system: first_line("uname", &["-srm"])?,
            rustc: first_line("rustc", &["--version"])?,
            cc: first_line("cc", &["--version"]).ok(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default(),
        })
    }
}

/// Returns the first value of a name in a file with lines `name: value`.
fn field(text: &str, name: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let value = lines.into_iter().find(|(key, _)| key.trim() == name);
    value.map_or("unknown", |(_, value)| value.trim()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: B\n";
        assert_eq!(field(text, "model name"), "A CPU @ 2 GHz");
        assert_eq!(field(text, "MemTotal"), "unknown");
    }
}
