//! Helper: a process that imports assets, so that an import that crashes or exceeds its limits ends alone.
//!
//! It reads on standard input a random token, whether the engine has concurrency, and its tasks, a line
//! each, and an empty line. It writes events
//! on standard output, a line of the token and JSON each: what passes and programs print is no event. Standard
//! input then stays open, and the helper ends with it: if the process that started it was killed, nothing is
//! written any more.
//!
//! One helper imports all assets together. If it dies or is killed, the assets that it had begun are
//! imported again one by one, so that the error names the right one.

use super::imported::{Imported, import_and_write};
use super::lifeline::Lifeline;
use super::plan::{Plan, TargetsBySource};
use super::watchdog::{Overrun, Watchdog};
use super::workers::{close, for_each, import_context};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::error::Error;
use crate::project::discover::AssetFile;
use crate::settings::{Alternatives, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use wasmport::engine::Target;

/// The time after an asset's limit at which a silent helper is killed.
const GRACE: Duration = Duration::from_secs(30);

/// A message of a helper.
#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Begun(String),
    Done(String, Box<Imported>),
    /// Assets exceed their limits, and the helper exits.
    Overrun(Vec<Overrun>),
    /// Warnings about the run as a whole.
    Warnings(Vec<String>),
}

/// The command that starts a helper.
pub(crate) struct Helper<'a>(pub &'a dyn Fn() -> std::io::Result<Command>);

/// The reason why a helper ended early.
enum Cause {
    Overrun(Vec<Overrun>),
    Died(ExitStatus),
    Stuck,
}

/// The work of a helper.
struct Order<'a> {
    batch: &'a BTreeSet<String>,
    has_concurrency: bool,
    part: Option<&'a TargetsBySource>,
}

/// An asset to import.
#[derive(Serialize, Deserialize)]
struct Task {
    source: String,
    /// The targets to compile for, if the run compiles a part alone.
    part: Option<Vec<Target>>,
}

impl Order<'_> {
    /// Returns the lines that the helper reads after its token.
    fn lines(&self) -> String {
        let targets = |source: &String| Some(self.part?.get(source).cloned().unwrap_or_default());
        let task = |source: &String| Task { source: source.clone(), part: targets(source) };
        let tasks = self.batch.iter().map(|source| format!("{}\n", json(&task(source))));
        std::iter::once(format!("{}\n", self.has_concurrency)).chain(tasks).collect()
    }
}

impl Helper<'_> {
    /// Imports the assets in helpers, calls `started` with each that a helper begins and `done` with each result, and
    /// returns warnings about the run.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Helper`] if a helper cannot be started.
    pub fn import(
        &self,
        assets: &[&AssetFile],
        (has_concurrency, part): (bool, Option<&TargetsBySource>),
        started: &dyn Fn(&AssetFile),
        done: &mut dyn FnMut(&AssetFile, Imported),
    ) -> Result<Vec<String>, Error> {
        let files: BTreeMap<String, &AssetFile> =
            assets.iter().map(|file| (file.source.clone(), *file)).collect();
        let mut together: BTreeSet<String> = files.keys().cloned().collect();
        let mut alone: BTreeSet<String> = BTreeSet::new();
        let mut warnings = Vec::new();
        loop {
            let batch = if together.is_empty() {
                let Some(one) = alone.pop_first() else { return Ok(warnings) };
                BTreeSet::from([one])
            } else {
                std::mem::take(&mut together)
            };
            let order = Order { batch: &batch, has_concurrency, part };
            let left = self.batch(&order, &files, started, done, &mut warnings)?;
            let Some(Unfinished { begun, waiting, cause }) = left else { continue };
            together = waiting;
            if batch.len() > 1 {
                alone.extend(begun);
                continue;
            }
            for source in begun {
                if let Some(file) = files.get(&source) {
                    done(file, Imported::failed(error_of(file, &cause)));
                }
            }
        }
    }

    /// Imports a batch in one helper, and returns what it left unfinished.
    fn batch(
        &self,
        order: &Order<'_>,
        files: &BTreeMap<String, &AssetFile>,
        started: &dyn Fn(&AssetFile),
        done: &mut dyn FnMut(&AssetFile, Imported),
        warnings: &mut Vec<String>,
    ) -> Result<Option<Unfinished>, Error> {
        let cannot =
            |e: std::io::Error| Error::Helper { message: format!("cannot be started: {e}") };
        let token = token().map_err(cannot)?;
        let batch = order.batch;
        let mut child = self.start(&token, order).map_err(cannot)?;
        let events = events(&mut child, token);
        let mut left = batch.clone();
        let mut begun: BTreeMap<String, Instant> = BTreeMap::new();
        let mut overrun = None;
        let mut stuck = false;
        loop {
            match events.recv_timeout(Duration::from_secs(1)) {
                Ok(Event::Begun(source)) => {
                    files.get(&source).copied().into_iter().for_each(started);
                    begun.insert(source, Instant::now());
                }
                Ok(Event::Done(source, result)) => {
                    begun.remove(&source);
                    if left.remove(&source)
                        && let Some(file) = files.get(&source)
                    {
                        done(file, *result);
                    }
                }
                Ok(Event::Overrun(overruns)) => overrun = Some(overruns),
                // A second helper has the same warnings.
                Ok(Event::Warnings(more)) => {
                    warnings.extend(more);
                    warnings.dedup();
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let limit =
                        |source: &String| files.get(source).map(|f| f.settings.limits.time());
                    stuck = begun.iter().any(|(source, start)| {
                        limit(source).is_some_and(|limit| start.elapsed() > limit + GRACE)
                    });
                    if stuck {
                        child.kill().map_err(cannot)?;
                        break;
                    }
                }
            }
        }
        let status = child.wait().map_err(cannot)?;
        if left.is_empty() {
            return Ok(None);
        }
        let cause = match overrun {
            Some(overruns) => Cause::Overrun(overruns),
            None if stuck => Cause::Stuck,
            None => Cause::Died(status),
        };
        let begun: BTreeSet<String> =
            begun.into_keys().filter(|source| left.contains(source)).collect();
        if begun.is_empty() && left.len() == batch.len() {
            return Err(Error::Helper { message: format!("ended before it began ({status})") });
        }
        left.retain(|source| !begun.contains(source));
        Ok(Some(Unfinished { begun, waiting: left, cause }))
    }

    fn start(&self, token: &str, order: &Order<'_>) -> std::io::Result<Child> {
        let mut command = (self.0)()?;
        // Ctrl-C ends this process, and the helper then ends its programs, which it could not do while it is
        // interrupted itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        // The pipe stays open, in `child`.
        if let Some(stdin) = &mut child.stdin {
            // A helper that exited is noticed when its output ends.
            let _ = stdin.write_all(format!("{token}\n{}\n", order.lines()).as_bytes());
        }
        Ok(child)
    }
}

/// Creates the token of a helper.
fn token() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}

/// The assets that a helper left unfinished.
struct Unfinished {
    begun: BTreeSet<String>,
    waiting: BTreeSet<String>,
    cause: Cause,
}

/// Reads the events of a helper on a thread.
fn events(child: &mut Child, token: String) -> Receiver<Event> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            // A line without the token was printed by a pass or a library.
            let lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
            let event =
                |line: Vec<u8>| serde_json::from_slice(line.strip_prefix(token.as_bytes())?).ok();
            let mut events = lines.filter_map(event);
            events.try_for_each(|event| sender.send(event))
        });
    }
    receiver
}

/// Creates the error of an asset whose helper ended early.
fn error_of(file: &AssetFile, cause: &Cause) -> AssetError {
    match cause {
        Cause::Overrun(overruns) => match overruns.iter().find(|over| over.source == file.source) {
            Some(overrun) => overrun_error(file, overrun),
            None => AssetError::new(&file.path, Stage::Compile, "the import exceeded its limits")
                .kind(AssetErrorKind::Limit),
        },
        Cause::Stuck => AssetError::new(
            &file.path,
            Stage::Compile,
            format!("the import did not end within {} s", file.settings.limits.time().as_secs()),
        )
        .kind(AssetErrorKind::Limit)
        .help("raise `limits.max-seconds` for it, or exclude the file"),
        Cause::Died(status) => AssetError::new(
            &file.path,
            Stage::Compile,
            format!("the helper process that imported it died ({status})"),
        )
        .help("report it to wasmport with the file; exclude the file until then"),
    }
}

/// Creates the error of an asset whose import exceeds its limits.
fn overrun_error(file: &AssetFile, overrun: &Overrun) -> AssetError {
    let message = format!("the import {}", overrun.message);
    let help = format!("raise `{}` for it if you trust the file, else exclude it", overrun.key);
    AssetError::new(&file.path, Stage::Compile, message).kind(AssetErrorKind::Limit).help(help)
}

/// Runs the helper's side: imports the assets named on standard input, and exits if one of them exceeds
/// its limits.
///
/// # Errors
///
/// Fails if the settings contradict each other.
pub(crate) fn serve(settings: &Settings) -> Result<(), Error> {
    let (token, has_concurrency, tasks) = read_order();
    let wanted: BTreeSet<&String> = tasks.iter().map(|task| &task.source).collect();
    let send = move |event: &Event| send(&token, event);
    let alternatives = Alternatives::new(settings);
    let lifeline = Lifeline::hold(std::io::stdin());
    let mut plan = Plan::for_helper(&alternatives, has_concurrency, lifeline)?;
    let part = tasks.iter().map(|task| Some((task.source.clone(), task.part.clone()?)));
    plan.part = part.collect();
    let files = &plan.discovered.assets;
    let known: BTreeSet<&str> = files.iter().map(|file| file.source.as_str()).collect();
    for source in wanted.iter().filter(|source| !known.contains(source.as_str())) {
        let error = AssetError::new(source.as_str(), Stage::Discover, "the file was removed");
        send(&Event::Done((*source).clone(), Box::new(Imported::failed(error))));
    }
    let watchdog = Watchdog::start({
        let send = send.clone();
        move |overruns| {
            send(&Event::Overrun(overruns.to_vec()));
            crate::tool::kill_all();
            std::process::exit(0);
        }
    });
    let assets: Vec<&AssetFile> =
        files.iter().filter(|file| wanted.contains(&file.source)).collect();
    let import = import_context(&plan, assets.len());
    for_each(&plan, &assets, |file| {
        send(&Event::Begun(file.source.clone()));
        let watched = watchdog.watch(&file.source, &file.settings.limits);
        let imported = import_and_write(&plan, &import, file);
        drop(watched);
        send(&Event::Done(file.source.clone(), Box::new(imported)));
    });
    send(&Event::Warnings(close(&plan, &import)));
    Ok(())
}

/// Reads the token, whether the engine has concurrency, and the tasks, a line each, to an empty line.
fn read_order() -> (String, bool, Vec<Task>) {
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let token = lines.next().unwrap_or_default();
    let has_concurrency = lines.next().is_some_and(|line| line == "true");
    let lines = lines.take_while(|line| !line.is_empty());
    (token, has_concurrency, lines.filter_map(|line| serde_json::from_str(&line).ok()).collect())
}

/// Writes an event as a line of its own, since a pass may have printed half a line before.
fn send(token: &str, event: &Event) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "\n{token} {}", json(event)).and_then(|()| out.flush()).is_err() {
        // The process that reads the events has ended.
        std::process::exit(1);
    }
}

fn json(value: &impl Serialize) -> String {
    // JSON has strings, numbers and maps with string keys: serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
