//! A progress bar on a terminal; indicatif draws none elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use wasmport_build::{AssetReport, Progress};

/// A progress bar over the assets of a run.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// Creates a bar, which is hidden unless `shown`.
    pub fn new(shown: bool) -> Self {
        let bar = if shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
        // indicatif accepts this template; otherwise its default bar is used.
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Removes the bar from the terminal.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, assets: usize) {
        self.0.set_length(assets as u64);
    }

    fn done(&self, asset: &AssetReport) {
        self.0.set_message(asset.source.escape_debug().to_string());
        self.0.inc(1);
    }
}
