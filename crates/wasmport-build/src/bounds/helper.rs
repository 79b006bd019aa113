//! A process that does the imports, so that one that takes too much or crashes can be ended alone.
//!
//! It is told the assets on its standard input and answers on its standard output, a line of JSON
//! for each event. Usually one helper does all assets together. Where it dies or has to be ended,
//! those it was at are done again one by one, so that the blame falls on the right one.

use super::watchdog::{Overrun, Watchdog};
use crate::discover::Found;
use crate::error::{AssetError, Error, Stage};
use crate::pipeline::Done;
use crate::run::Run;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How much longer than an asset may take a helper that says nothing is left alive.
const GRACE: Duration = Duration::from_secs(30);

/// What a helper says.
#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Begun(String),
    Done(String, Box<Done>),
    /// It ends itself.
    Over(Vec<Overrun>),
    /// Of the whole run.
    Warned(Vec<String>),
}

/// How helpers are started.
pub(crate) struct Helper<'a>(pub &'a dyn Fn() -> std::io::Result<Command>);

/// Why a helper ended before its work was done.
enum Cause {
    Over(Vec<Overrun>),
    Died(ExitStatus),
    Stuck,
}

impl Helper<'_> {
    /// Imports the assets in helpers, and hands on what became of each; warnings of the whole run.
    ///
    /// # Errors
    ///
    /// Where helpers cannot be started.
    pub fn import(
        &self,
        assets: &[&Found],
        done: &mut dyn FnMut(&Found, Done),
    ) -> Result<Vec<String>, Error> {
        let found: BTreeMap<String, &Found> =
            assets.iter().map(|found| (found.source.clone(), *found)).collect();
        let mut together: BTreeSet<String> = found.keys().cloned().collect();
        let mut alone: BTreeSet<String> = BTreeSet::new();
        let mut warnings = Vec::new();
        loop {
            let batch = if together.is_empty() {
                let Some(one) = alone.pop_first() else { return Ok(warnings) };
                BTreeSet::from([one])
            } else {
                std::mem::take(&mut together)
            };
            let left = self.batch(&batch, &found, done, &mut warnings)?;
            let Some(Left { begun, waiting, cause }) = left else { continue };
            together = waiting;
            if batch.len() > 1 {
                alone.extend(begun);
                continue;
            }
            for source in begun {
                if let Some(found) = found.get(&source) {
                    done(found, Done::failed(blame(found, &cause)));
                }
            }
        }
    }

    fn batch(
        &self,
        batch: &BTreeSet<String>,
        found: &BTreeMap<String, &Found>,
        done: &mut dyn FnMut(&Found, Done),
        warnings: &mut Vec<String>,
    ) -> Result<Option<Left>, Error> {
        let cannot = |e: std::io::Error| {
            Error::settings(
                format!("the process that imports cannot be started: {e}"),
                "import without it: `--no-helper`",
            )
        };
        let mut child = self.start(batch).map_err(cannot)?;
        let events = events(&mut child);
        let mut left = batch.clone();
        let mut begun: BTreeMap<String, Instant> = BTreeMap::new();
        let mut over = None;
        let mut stuck = false;
        loop {
            match events.recv_timeout(Duration::from_secs(1)) {
                Ok(Event::Begun(source)) => {
                    begun.insert(source, Instant::now());
                }
                Ok(Event::Done(source, result)) => {
                    begun.remove(&source);
                    if left.remove(&source)
                        && let Some(found) = found.get(&source)
                    {
                        done(found, *result);
                    }
                }
                Ok(Event::Over(overruns)) => over = Some(overruns),
                // A second helper finds the same.
                Ok(Event::Warned(more)) => {
                    warnings.extend(more);
                    warnings.dedup();
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let limit =
                        |source: &String| found.get(source).map(|f| f.settings.limits.time());
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
        let cause = match over {
            Some(overruns) => Cause::Over(overruns),
            None if stuck => Cause::Stuck,
            None => Cause::Died(status),
        };
        let begun: BTreeSet<String> =
            begun.into_keys().filter(|source| left.contains(source)).collect();
        if begun.is_empty() && left.len() == batch.len() {
            return Err(Error::settings(
                format!("the process that imports ended before it began ({status})"),
                "import without it: `--no-helper`",
            ));
        }
        left.retain(|source| !begun.contains(source));
        Ok(Some(Left { begun, waiting: left, cause }))
    }

    fn start(&self, batch: &BTreeSet<String>) -> std::io::Result<Child> {
        let mut command = (self.0)()?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            let lines: String = batch.iter().map(|source| format!("{}\n", json(source))).collect();
            // A helper that is gone already is found dead below.
            let _ = stdin.write_all(lines.as_bytes());
        }
        Ok(child)
    }
}

/// What a helper left undone.
struct Left {
    begun: BTreeSet<String>,
    waiting: BTreeSet<String>,
    cause: Cause,
}

fn events(child: &mut Child) -> Receiver<Event> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            // What is no event was printed by someone else in that process.
            let lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
            let mut events = lines.filter_map(|line| serde_json::from_slice(&line).ok());
            events.try_for_each(|event| sender.send(event))
        });
    }
    receiver
}

fn blame(found: &Found, cause: &Cause) -> AssetError {
    match cause {
        Cause::Over(overruns) => match overruns.iter().find(|over| over.source == found.source) {
            Some(over) => over_error(found, over),
            None => AssetError::new(&found.path, Stage::Compile, "the import took too much"),
        },
        Cause::Stuck => AssetError::new(
            &found.path,
            Stage::Compile,
            format!("the import did not end within {} s", found.settings.limits.time().as_secs()),
        )
        .help("raise `limits.max-seconds` for it, or exclude the file"),
        Cause::Died(status) => AssetError::new(
            &found.path,
            Stage::Compile,
            format!("the process that imported it died ({status})"),
        )
        .help("report it to wasmport with the file; exclude the file until then"),
    }
}

/// The error of an asset whose import takes too much.
pub(crate) fn over_error(found: &Found, over: &Overrun) -> AssetError {
    let message = format!("the import {}", over.message);
    let help =
        format!("if the file is to be trusted, raise `{}` for it, else exclude it", over.key);
    AssetError::new(&found.path, Stage::Compile, message).help(help)
}

/// The helper's side: imports what it is told, and ends itself where one asset takes too much.
///
/// # Errors
///
/// Where its orders cannot be read.
pub(crate) fn serve(run: &Run<'_>, found: &[Found]) -> std::io::Result<()> {
    let wanted: BTreeSet<String> = std::io::stdin()
        .lock()
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect();
    let known: BTreeSet<&str> = found.iter().map(|found| found.source.as_str()).collect();
    for source in wanted.iter().filter(|source| !known.contains(source.as_str())) {
        let gone = AssetError::new(source, Stage::Discover, "the file is not there any more");
        say(&Event::Done(source.clone(), Box::new(Done::failed(gone))));
    }
    let watchdog = Watchdog::start(|overruns| {
        say(&Event::Over(overruns.to_vec()));
        crate::tool::end_all();
        std::process::exit(0);
    });
    let assets: Vec<&Found> = found.iter().filter(|found| wanted.contains(&found.source)).collect();
    let workshop = run.workshop(assets.len());
    run.each(&assets, |found| {
        say(&Event::Begun(found.source.clone()));
        let watched = watchdog.watch(&found.source, &found.settings.limits);
        let done = run.import(found, &workshop);
        drop(watched);
        say(&Event::Done(found.source.clone(), Box::new(done)));
    });
    say(&Event::Warned(run.close(&workshop)));
    Ok(())
}

/// A line of its own, at once: someone else may have printed half a line before.
fn say(event: &Event) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "\n{}", json(event)).and_then(|()| out.flush()).is_err() {
        // Nobody listens any more: who started this is gone.
        std::process::exit(1);
    }
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    serde_json::to_string(value).unwrap_or_default()
}
