//! A progress bar on a terminal; indicatif draws none elsewhere.

use crate::output::Output;
use crate::text::{bytes, plain};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmport_build::{AssetReport, Progress};

/// The interval in which the bar is drawn while nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// The number of running assets that are named.
const SHOWN: usize = 3;

/// A progress bar over the assets of a run.
pub(crate) struct Bar<'a> {
    bar: ProgressBar,
    out: &'a Output,
    work: Mutex<Work>,
}

/// The work of a run.
struct Work {
    start: Instant,
    assets: usize,
    total: u64,
    done: usize,
    done_bytes: u64,
    /// The sources that are imported now, with the lengths of their files, oldest first.
    running: Vec<(String, u64)>,
}

impl<'a> Bar<'a> {
    /// Creates a bar, which is hidden unless the output shows progress.
    pub fn new(out: &'a Output) -> Self {
        let shown = out.shows_progress();
        let bar = if shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
        // indicatif accepts this template; otherwise its default bar is used.
        let style = ProgressStyle::with_template("{bar:20} {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), out, work: Mutex::new(Work::new()) }
    }

    /// Removes the bar from the terminal.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Work)) {
        let mut work = self.work();
        change(&mut work);
        if self.bar.is_hidden() {
            return;
        }
        // Small files take time too.
        self.bar.set_length(work.total.saturating_add(work.assets as u64));
        self.bar.set_position(work.done_bytes.saturating_add(work.done as u64));
        self.bar.set_message(work.message(work.start.elapsed()));
    }
}

impl Progress for Bar<'_> {
    fn begin(&self, assets: usize) {
        *self.work() = Work { assets, ..Work::new() };
        if assets > 0 && !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    fn total(&self, bytes: u64) {
        self.update(|work| work.total = bytes);
    }

    fn start(&self, source: &str, bytes: u64) {
        self.update(|work| work.start(source, bytes));
    }

    fn note(&self, message: &str) {
        self.bar.suspend(|| self.out.note(message));
    }

    fn done(&self, asset: &AssetReport) {
        self.update(|work| work.finish(&asset.source));
    }
}

impl Work {
    fn new() -> Self {
        let running = Vec::new();
        Self { start: Instant::now(), assets: 0, total: 0, done: 0, done_bytes: 0, running }
    }

    fn start(&mut self, source: &str, bytes: u64) {
        // An asset begins again if its process died.
        if !self.running.iter().any(|(running, _)| running == source) {
            self.running.push((source.into(), bytes));
        }
    }

    fn finish(&mut self, source: &str) {
        if let Some(index) = self.running.iter().position(|(running, _)| running == source) {
            let (_, bytes) = self.running.remove(index);
            self.done_bytes = self.done_bytes.saturating_add(bytes);
        }
        self.done += 1;
    }

    /// Returns what is done, how fast, and what is imported now.
    fn message(&self, elapsed: Duration) -> String {
        let Self { assets, total, done, done_bytes, running, .. } = self;
        let mut text = format!("{done}/{assets}  {} of {}", bytes(*done_bytes), bytes(*total));
        let speed = *done_bytes as f64 / elapsed.as_secs_f64().max(0.001);
        if *done > 0 {
            text += &format!("  {}/s", bytes(speed as u64));
        }
        if !running.is_empty() {
            let names = running.iter().take(SHOWN).map(|(source, _)| plain(source));
            text += &format!("  {}", names.collect::<Vec<_>>().join(", "));
            let more = running.len().saturating_sub(SHOWN);
            text += &if more > 0 { format!(" and {more} more") } else { String::new() };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_what_runs_and_how_fast_it_goes() {
        let mut work = Work { assets: 6, total: 5 << 20, ..Work::new() };
        for (source, bytes) in
            [("a.wasm", 1 << 20), ("\u{1b}[31m", 1), ("c", 1), ("d", 1), ("a.wasm", 9)]
        {
            work.start(source, bytes);
        }
        let second = Duration::from_secs(2);
        assert_eq!(work.message(second), "0/6  0 B of 5.0 MiB  a.wasm, \\u{1b}[31m, c and 1 more");
        ["a.wasm", "c", "d", "never started"].iter().for_each(|source| work.finish(source));
        assert_eq!(work.message(second), "4/6  1.0 MiB of 5.0 MiB  512.0 KiB/s  \\u{1b}[31m");
    }
}
