//! A bar for work that takes its time, on a terminal; nothing anywhere else.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Such as `[#####-----] 12/100 projects read`, on standard error.
pub(crate) fn bar(what: &'static str, count: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    // The template is a constant; if it were wrong, the default does as well.
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {msg}");
    bar.with_style(style.map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("#>-")))
        .with_message(what)
}
