//! Shows that a long step is alive: a bar with rate and time left on a terminal, a line every few seconds elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::output;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of one step.
pub struct Meter {
    what: &'static str,
    total: u64,
    done: u64,
    started: Instant,
    bar: Option<ProgressBar>,
    next_line: Instant,
}

impl Meter {
    /// A step of so many things.
    #[must_use]
    pub fn start(what: &'static str, total: u64) -> Self {
        let style = "{msg:>12} [{wide_bar}] {human_pos}/{human_len}  {per_sec}  {eta} left";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = output::watched().then(|| ProgressBar::new(total).with_style(style).with_message(what));
        let started = Instant::now();
        Self { what, total, done: 0, started, bar, next_line: started + LINE_EVERY }
    }

    /// So many are done now.
    pub fn set(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if Instant::now() >= self.next_line {
            self.next_line = Instant::now() + LINE_EVERY;
            output::note(self.line());
        }
    }

    /// One more is done.
    pub fn advance(&mut self) {
        self.set(self.done + 1);
    }

    /// The step is over; its bar goes away.
    pub fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers to read")]
    fn line(&self) -> String {
        let rate = self.done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let left = if rate > 0.0 { self.total.saturating_sub(self.done) as f64 / rate } else { f64::INFINITY };
        format!("{}: {} of {} ({rate:.0}/s, {left:.0} s left)", self.what, self.done, self.total)
    }
}
