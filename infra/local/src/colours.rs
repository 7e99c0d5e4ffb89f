//! IRC's colours and fonts on a terminal.
//!
//! Not here: which parts of a line are coloured (`relay::irker`).

use std::io::{IsTerminal, stdout};

/// A terminal gets colours; a file, or another program, gets plain text.
pub(crate) fn are_wanted() -> bool {
    stdout().is_terminal()
}

/// mIRC's codes (<https://modern.ircdocs.horse/formatting>), as far as Bellhop uses them, as a terminal's.
pub(crate) fn on_terminal(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(code) = rest.find(['\u{2}', '\u{3}', '\u{f}', '\u{1d}', '\u{1f}']) {
        shown.push_str(&rest[..code]);
        let (colour, after) = (&rest[code..=code], &rest[code + 1..]);
        rest = after;
        match colour {
            "\u{2}" => shown.push_str("\u{1b}[1m"),
            "\u{1d}" => shown.push_str("\u{1b}[3m"),
            "\u{1f}" => shown.push_str("\u{1b}[4m"),
            "\u{f}" => shown.push_str("\u{1b}[0m"),
            _ => {
                let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
                shown.push_str(ansi(&after[..digits]));
                rest = &after[digits..];
            }
        }
    }
    shown + rest
}

/// The terminal's nearest to one of mIRC's sixteen colours.
fn ansi(mirc: &str) -> &'static str {
    match mirc {
        "02" => "\u{1b}[34m",
        "03" => "\u{1b}[32m",
        "04" => "\u{1b}[91m",
        "05" => "\u{1b}[31m",
        "06" => "\u{1b}[35m",
        "07" => "\u{1b}[33m",
        "10" => "\u{1b}[36m",
        "12" => "\u{1b}[94m",
        "14" => "\u{1b}[90m",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irc_colours_become_the_terminals() {
        assert_eq!(
            on_terminal("[\u{3}04Diaspora\u{f}] \u{2}4\u{f} \u{3}02\u{1f}http://h/\u{f} ü"),
            "[\u{1b}[91mDiaspora\u{1b}[0m] \u{1b}[1m4\u{1b}[0m \u{1b}[34m\u{1b}[4mhttp://h/\u{1b}[0m ü"
        );
    }
}
