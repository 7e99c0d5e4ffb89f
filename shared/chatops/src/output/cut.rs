//! A long text in a few bytes, cut between characters as people see them (grapheme clusters).

use unicode_segmentation::UnicodeSegmentation;

use super::Excerpt;

/// Of what there is room for, this part goes to the beginning: what went wrong stands at the end.
const HEAD_PART: usize = 3;

/// The whole text if it has at most `bytes_max` bytes, else its head and its tail.
pub(super) fn head_and_tail(text: &str, bytes_max: usize) -> Excerpt {
    if text.len() <= bytes_max {
        return Excerpt { text: text.to_owned(), left_out_bytes: 0 };
    }
    // The number cannot be longer than that of the whole.
    let room = bytes_max.saturating_sub(gap(text.len()).len());
    let head = prefix(text, room / HEAD_PART);
    let tail = suffix(&text[head.len()..], room - head.len());
    let left_out_bytes = text.len() - head.len() - tail.len();
    Excerpt { text: format!("{head}{}{tail}", gap(left_out_bytes)), left_out_bytes }
}

/// The last lines, in at most `bytes_max` bytes.
pub(super) fn last_lines(text: &str, lines_max: usize, bytes_max: usize) -> Excerpt {
    let mut breaks = text.rmatch_indices('\n').map(|(at, _)| at + 1);
    let start = breaks.nth(lines_max - 1).unwrap_or(0);
    let tail = suffix(&text[start..], bytes_max);
    Excerpt { text: tail.to_owned(), left_out_bytes: text.len() - tail.len() }
}

fn gap(left_out_bytes: usize) -> String {
    format!("\n[... {left_out_bytes} bytes left out ...]\n")
}

/// The longest beginning of at most `bytes_max` bytes that does not split a cluster.
fn prefix(text: &str, bytes_max: usize) -> &str {
    let ends = text.grapheme_indices(true).map(|(start, cluster)| start + cluster.len());
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    &text[..end]
}

/// The longest end of at most `bytes_max` bytes that does not split a cluster.
fn suffix(text: &str, bytes_max: usize) -> &str {
    // Read forward from a little earlier: backward, a long row of flags would be counted again at each of them.
    let window = text.floor_char_boundary(text.len().saturating_sub(2 * bytes_max));
    let earliest = text.len().saturating_sub(bytes_max);
    let starts = text[window..].grapheme_indices(true).map(|(at, _)| window + at);
    let start = starts.into_iter().find(|start| *start >= earliest).unwrap_or(text.len());
    &text[start..]
}
