//! Text of a terminal as text of a chat.

use std::sync::LazyLock;

use regex::Regex;

/// A terminal's orders (ECMA-48): `ESC [ ...` and its single-character form; `ESC ]`, `P`, `X`, `^`, `_` up to their end;
/// every other `ESC` with what belongs to it.
#[expect(
    clippy::expect_used,
    reason = "the expression is constant, and every test of this module compiles it"
)]
static ORDERS: LazyLock<Regex> = LazyLock::new(|| {
    let csi = r"(?:\x1b\[|\u{9b})[0-?]*[ -/]*[@-~]";
    let strings = r"\x1b[\]PX^_][^\x07\x1b\u{9c}\n]*(?:\x07|\x1b\\|\u{9c})";
    Regex::new(&format!(r"{csi}|{strings}|\x1b[ -/]*[0-Z\\-~]")).expect("it compiles")
});

/// Without a terminal's orders, and without all control characters but line breaks and tabs. Of a line that was written
/// over, the last state. Nothing reads backwards.
pub(super) fn clean(text: &str) -> String {
    let plain = ORDERS.replace_all(text, "");
    let lines = plain.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        let last = line.rsplit('\r').next().unwrap_or_default();
        last.chars().filter(|c| is_harmless(*c)).collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_harmless(c: char) -> bool {
    match c {
        '\t' => true,
        // Marks, embeddings, overrides and isolates that change the direction of what follows.
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    }
}
