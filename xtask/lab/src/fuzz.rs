//! Runs fuzz targets without end, each in a process of its own, so that a crash or an endless input is a
//! finding like a panic.

use crate::{Result, files, scratch};
use fuzz::{Inputs, TARGETS, Target};
use std::io::{Seek as _, Write as _};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// The time after which an input counts as endless.
const LONGEST: Duration = Duration::from_secs(120);

/// The number of findings after which a target ends.
const MOST_FINDINGS: usize = 20;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Target, such as `text`; `--list` prints all
    target: Option<String>,
    /// Run all targets, one after the other
    #[arg(long, conflicts_with = "target")]
    all: bool,
    /// Print the names of the targets
    #[arg(long)]
    list: bool,
    /// Number of the first input: seeds come first, then mutations
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Number of inputs. Default: without end
    #[arg(long)]
    count: Option<u64>,
    /// Time for each target, in minutes. Default: without end
    #[arg(long)]
    minutes: Option<f64>,
    /// File with the progress of a process that runs inputs for another
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result {
    if args.list {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return Ok(());
    }
    let is_chosen = |target: &&Target| args.all || args.target.as_deref() == Some(target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(is_chosen).collect();
    match (&args.worker, targets.as_slice()) {
        (_, []) => Err("no such target: see `cargo xtask fuzz --list`".into()),
        (Some(progress), [target]) => work(target, args, progress),
        _ => {
            let findings =
                targets.iter().map(|target| watch(target, args)).sum::<Result<usize>>()?;
            let (count, s) = (targets.len(), if targets.len() == 1 { "" } else { "s" });
            println!("fuzz: {count} target{s}, {findings} findings");
            // An error would be printed below the summary, which scripts expect to be the last line.
            if findings == 0 { Ok(()) } else { std::process::exit(1) }
        }
    }
}

/// The number of the current input, and the slowest one so far with its time in microseconds.
#[derive(Clone, Copy, Default, PartialEq)]
struct Progress {
    number: u64,
    slowest: u64,
    micros: u64,
}

impl Progress {
    fn to_text(self) -> String {
        format!("{:020} {:020} {:020}", self.number, self.slowest, self.micros)
    }

    fn read(path: &Path) -> Option<Self> {
        let text = files::read(path).ok()?;
        let mut numbers = text.split(' ').map(|number| number.parse().ok());
        Some(Self { number: numbers.next()??, slowest: numbers.next()??, micros: numbers.next()?? })
    }
}

/// Runs inputs until one is a finding.
fn work(target: &Target, args: &Args, path: &Path) -> Result {
    let inputs = Inputs::of(target.name)?;
    let mut file = std::fs::File::create(path)?;
    let mut progress = Progress::default();
    let end = args.count.map_or(u64::MAX, |count| args.from.saturating_add(count));
    for number in args.from..end {
        progress.number = number;
        file.rewind()?;
        file.write_all(progress.to_text().as_bytes())?;
        let (input, start) = (inputs.get(number), Instant::now());
        if catch_unwind(|| (target.run)(&input)).is_err() {
            std::process::exit(101);
        }
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        if micros > progress.micros {
            (progress.slowest, progress.micros) = (number, micros);
        }
    }
    Ok(())
}

/// Runs workers until the time or the inputs end, and returns the number of findings.
fn watch(target: &Target, args: &Args) -> Result<usize> {
    let inputs = Inputs::of(target.name)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("progress");
    let start = Instant::now();
    let end = args.minutes.map(|minutes| start + Duration::from_secs_f64(minutes * 60.0));
    let stop = args.count.map_or(u64::MAX, |count| args.from.saturating_add(count));
    let (mut next, mut findings, mut slowest) = (args.from, 0, Progress::default());
    while next < stop && findings < MOST_FINDINGS {
        let mut worker = Command::new(std::env::current_exe()?);
        worker.args(["fuzz", target.name, "--from", &next.to_string(), "--worker"]).arg(&path);
        worker.args(["--count", &(stop - next).to_string()]);
        files::remove(&path);
        let ended = wait(&mut worker, &path, end)?;
        let progress = Progress::read(&path).unwrap_or_default();
        if progress.micros > slowest.micros {
            slowest = progress;
        }
        next = progress.number.max(next) + 1;
        let why = match ended {
            Ended::Time => break,
            Ended::Exit(status) if status.success() => break,
            Ended::Exit(status) => status.to_string(),
            Ended::Endless => format!("it takes more than {LONGEST:?}"),
        };
        findings += 1;
        let saved = scratch::target_dir("fuzz").join(target.name).join(progress.number.to_string());
        files::write(&saved, inputs.get(progress.number))?;
        println!("{}: input {}: {why}: {}", target.name, progress.number, saved.display());
    }
    println!(
        "{}: inputs {} to {} in {:.0} s, {findings} findings, slowest {:.2} s (input {})",
        target.name,
        args.from,
        next - 1,
        start.elapsed().as_secs_f64(),
        Duration::from_micros(slowest.micros).as_secs_f64(),
        slowest.slowest
    );
    Ok(findings)
}

/// The end of a worker.
enum Ended {
    Exit(ExitStatus),
    Endless,
    Time,
}

/// Waits for a worker, and ends it when its time is over or its input does not end.
fn wait(worker: &mut Command, path: &Path, end: Option<Instant>) -> Result<Ended> {
    let mut child = worker.spawn()?;
    let mut last = (Progress::read(path), Instant::now());
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Exit(status));
        }
        std::thread::sleep(Duration::from_millis(100));
        let progress = Progress::read(path);
        if progress != last.0 {
            last = (progress, Instant::now());
        }
        if end.is_some_and(|end| Instant::now() > end) {
            break Ended::Time;
        }
        if last.1.elapsed() > LONGEST {
            break Ended::Endless;
        }
    };
    child.kill()?;
    child.wait()?;
    Ok(ended)
}
