//! Secrets, hidden as GitLab's runner hides them: `[MASKED]` in their place.
//!
//! Where two overlap, one mark stands for both. Replacing one after the other, the longest first, would leave the second
//! one's rest to be read.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use payload::Secret;

use super::clean::clean;
use crate::limits::SECRET_LINE_BYTES_MIN;

const MARK: &str = "[MASKED]";

/// Looks for all secrets at once.
pub(super) struct Mask(Option<AhoCorasick>);

impl Mask {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let mut forms = BTreeSet::new();
        for secret in secrets {
            let text = secret.expose();
            // A key of several lines may be printed one by one.
            let lines = text.lines().map(str::trim).filter(|line| line.len() >= SECRET_LINE_BYTES_MIN);
            forms.extend(lines.map(str::to_owned));
            // As it looks once the log is clean.
            forms.extend([text.to_owned(), clean(text)]);
        }
        forms.retain(|form| !form.is_empty());
        Self(AhoCorasick::new(&forms).ok())
    }

    /// The text without secrets. If they cannot be looked for, everything is one.
    pub(super) fn hide(&self, text: &str) -> String {
        let Self(Some(searcher)) = self else { return MARK.to_owned() };
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        // In the order of their ends, so that only the latest ones can overlap with the next.
        for found in searcher.find_overlapping_iter(text) {
            let mut start = found.start();
            while let Some((last_start, _)) = hidden.pop_if(|(_, last_end)| *last_end > start) {
                start = start.min(last_start);
            }
            hidden.push((start, found.end()));
        }
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in hidden {
            shown.push_str(&text[from..start]);
            shown.push_str(MARK);
            from = end;
        }
        shown + &text[from..]
    }
}
