//! A progress bar on a terminal; indicatif draws none elsewhere.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use wasmport_build::{AssetReport, Progress};

/// A progress bar over the assets of a run.
pub(crate) struct Bar<'a> {
    bar: ProgressBar,
    out: &'a Output,
}

impl<'a> Bar<'a> {
    /// Creates a bar, which is hidden unless the output shows progress.
    pub fn new(out: &'a Output) -> Self {
        let shown = out.shows_progress();
        let bar = if shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
        // indicatif accepts this template; otherwise its default bar is used.
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), out }
    }

    /// Removes the bar from the terminal.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar<'_> {
    fn begin(&self, assets: usize) {
        self.bar.set_length(assets as u64);
    }

    fn note(&self, message: &str) {
        self.bar.suspend(|| self.out.note(message));
    }

    fn done(&self, asset: &AssetReport) {
        self.bar.set_message(asset.source.escape_debug().to_string());
        self.bar.inc(1);
    }
}
