//! Progress of long work, on a terminal only.

use std::path::Path;

use chrono_tz::Tz;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::intake::Progress;
use crate::model::{Timestamp, civil};

/// A bar that follows the import of a file; gone when dropped.
pub(super) struct ImportBar(ProgressBar);

impl ImportBar {
    pub(super) fn new(file: &Path) -> Self {
        // Draws nothing where stderr is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {percent}% {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        Self(bar)
    }

    pub(super) fn show(&self, progress: Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.bytes);
        self.0.set_message(format!("{} rows", progress.rows));
    }
}

impl Drop for ImportBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar that follows the copying of pages; gone when dropped.
pub(super) struct CopyBar(ProgressBar);

impl CopyBar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("copying {wide_bar} {percent}%{msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn show(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
        self.0.set_message(if done < all { "" } else { ", checking" });
    }
}

impl Drop for CopyBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar that follows virtual time; gone when dropped.
pub(super) struct TimeBar {
    bar: ProgressBar,
    begin: Timestamp,
    timezone: Tz,
}

impl TimeBar {
    pub(super) fn new(begin: Timestamp, until: Timestamp, timezone: Tz) -> Self {
        let length = u64::try_from(until.0.saturating_sub(begin.0)).unwrap_or(0);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("simulating {wide_bar} {percent}% {msg}") {
            bar.set_style(style);
        }
        Self { bar, begin, timezone }
    }

    pub(super) fn show(&self, at: Timestamp) {
        self.bar.set_position(u64::try_from(at.0.saturating_sub(self.begin.0)).unwrap_or(0));
        if let Some(day) = civil::local_date(at, self.timezone) {
            self.bar.set_message(day.to_string());
        }
    }
}

impl Drop for TimeBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Something that takes a while and has no measure.
pub(super) fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
