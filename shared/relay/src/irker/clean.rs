//! Foreign text that can do no harm on IRC, and looks like what it is.
//!
//! Not here: how long a line may be (`line`). Rust's strings hold no lone surrogates, and bytes that are no UTF-8 were
//! refused with the payload.

use unicode_segmentation::UnicodeSegmentation;

/// How much of one text is looked at, in bytes: ten times of what a line can hold, so that what is left out of it
/// matters to nobody, and a title of 25 MB costs nothing.
const TEXT_BYTES_MAX: usize = 4096;

/// The most bytes of one character as people see it. A family with skin tones has 41; more is a pile of accents, which
/// could neither be cut nor read.
const CLUSTER_BYTES_MAX: usize = 64;

/// Takes out what is no text: a bare CR starts a new command on IRC, NUL wedges a server, `\x01` starts a
/// client-to-client request, `\x03` colours, a bidirectional override makes the rest read backwards, and what has no
/// width makes two names look like one. White space becomes a space.
pub(super) fn clean(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let cleaned: String = text.chars().filter_map(harmless).collect();
    if cleaned.is_ascii() {
        return cleaned;
    }
    let clusters = cleaned.graphemes(true);
    clusters.map(|cluster| &cluster[..cluster.floor_char_boundary(CLUSTER_BYTES_MAX)]).collect()
}

/// An address is one word: a space in it would end it in every client.
pub(super) fn clean_url(url: &str) -> String {
    clean(url).trim().replace(char::is_whitespace, "%20")
}

fn harmless(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || is_direction(c) || is_unseen(c) || is_noncharacter(c) => None,
        c => Some(c),
    }
}

/// Marks, embeddings, overrides and isolates that change the direction of what follows.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What has no width and no meaning in one line: soft hyphens, zero-width spaces, byte order marks, invisible
/// operators, annotations, and the tags that text can be hidden in. The joiners stay (U+200C, U+200D): Persian and
/// emoji need them.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Code points that are no characters and never will be. Templates mark colours with them, which is safe since they
/// are taken out of everything else.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || (u32::from(c) & 0xfffe) == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_do_no_harm() {
        let hostile = "a\rQUIT :x\nb\0c\u{1}ACTION\u{1}d\u{3}04e\u{2}f\u{1b}[1mg\u{2028}h\u{202e}i\u{85}j\u{7f}k\u{9b}l\tm";
        assert_eq!(clean(hostile), "a QUIT :x bcACTIONd04ef[1mg hi jkl m");
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(clean("a\u{200b}d\u{ad}m\u{feff}i\u{2060}n\u{e0041}\u{e007f}\u{fdd0}\u{1ffff}"), "admin");
        assert_eq!(clean("می\u{200c}خواهم 👩\u{200d}👧"), "می\u{200c}خواهم 👩\u{200d}👧");
    }

    #[test]
    fn a_pile_of_accents_is_a_small_pile() {
        let pile = format!("a{}", "\u{301}".repeat(1000));
        assert_eq!(clean(&pile).len(), CLUSTER_BYTES_MAX - 1);
        let family = "👨🏽\u{200d}👩🏽\u{200d}👧🏽\u{200d}👦🏽";
        assert_eq!(clean(family), family);
    }

    #[test]
    fn an_address_is_one_word() {
        assert_eq!(clean_url(" http://h/a b\r\nc\u{1}\u{3000}d "), "http://h/a%20b%20%20c%20d");
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_and_cleaning_twice_changes_nothing(text: String) {
            let cleaned = clean(&text);
            prop_assert!(cleaned.chars().all(|c| harmless(c) == Some(c)), "{cleaned:?}");
            prop_assert_eq!(clean(&cleaned), cleaned);
        }
    }
}
