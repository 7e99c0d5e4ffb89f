//! One line for IRC: pieces of foreign text, each cleaned and in its colour, that fit a number of bytes.

use unicode_segmentation::UnicodeSegmentation;

/// Ends every colour and font.
const RESET: char = '\u{f}';

/// mIRC colours and fonts (<https://modern.ircdocs.horse/formatting>), as GitLab's irker integration uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// As the reader's client prints.
    Plain,
    /// Light red: the repository.
    Repository,
    /// Brown: the branch or tag.
    Reference,
    /// Grey: a commit's id.
    Sha,
    /// Light blue: how many files.
    Files,
    /// Bold: how many commits.
    Count,
    /// Blue, underlined: an address.
    Url,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Repository => "\u{3}04",
            Self::Reference => "\u{3}05",
            Self::Sha => "\u{3}14",
            Self::Files => "\u{3}12",
            Self::Count => "\u{2}",
            Self::Url => "\u{3}02\u{1f}",
        }
    }
}

/// A line, not yet cut: how long it may be depends on who reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
    colours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    paint: Paint,
}

impl Line {
    /// What a test of the settings says: nothing that happened.
    pub fn test(project: &str) -> Self {
        Self::default().words("test from Bellhop, project ").foreign(Paint::Repository, project)
    }

    /// Adds our own words.
    pub(super) fn words(self, text: &str) -> Self {
        self.foreign(Paint::Plain, text)
    }

    /// Adds foreign text, cleaned.
    pub(super) fn foreign(mut self, paint: Paint, text: &str) -> Self {
        self.pieces.push(Piece { text: clean(text), paint });
        self
    }

    /// The same words, with or without colours and fonts. Without, unless this is called.
    pub(super) fn coloured(self, colours: bool) -> Self {
        Self { colours, ..self }
    }

    /// The line in at most `bytes_max` bytes of UTF-8, colour codes included, cut between characters as people see
    /// them. An address at the end is kept whole and what stands before it is cut, unless the address alone is too
    /// long.
    pub fn render(&self, bytes_max: usize) -> String {
        let (kept, cut) = match self.pieces.split_last() {
            Some((url, rest)) if url.paint == Paint::Url && self.bytes(url, &url.text) <= bytes_max => {
                (Some(url), rest)
            }
            _ => (None, &self.pieces[..]),
        };
        let mut budget = bytes_max - kept.map_or(0, |url| self.bytes(url, &url.text));
        let mut rendered = String::new();
        for piece in cut {
            let bytes = self.bytes(piece, &piece.text);
            if bytes <= budget {
                self.write(piece, &piece.text, &mut rendered);
                budget -= bytes;
                continue;
            }
            // The first piece that does not fit is cut, and all behind it are left out.
            let text = prefix(&piece.text, budget.saturating_sub(self.bytes(piece, ELLIPSIS)));
            if !text.is_empty() {
                self.write(piece, &format!("{text}{ELLIPSIS}"), &mut rendered);
            }
            break;
        }
        if let Some(url) = kept {
            self.write(url, &url.text, &mut rendered);
        }
        rendered
    }

    fn code(&self, piece: &Piece) -> &'static str {
        if self.colours { piece.paint.code() } else { "" }
    }

    /// How many bytes a piece takes with this text.
    fn bytes(&self, piece: &Piece, text: &str) -> usize {
        let code = self.code(piece);
        if code.is_empty() { text.len() } else { code.len() + text.len() + RESET.len_utf8() }
    }

    fn write(&self, piece: &Piece, text: &str, rendered: &mut String) {
        let code = self.code(piece);
        rendered.push_str(code);
        rendered.push_str(text);
        if !code.is_empty() {
            rendered.push(RESET);
        }
    }
}

/// Shows that something was cut off.
const ELLIPSIS: &str = "...";

/// The longest beginning of at most `bytes_max` bytes that does not split a grapheme cluster.
fn prefix(text: &str, bytes_max: usize) -> &str {
    let ends = text.grapheme_indices(true).map(|(start, cluster)| start + cluster.len());
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    &text[..end]
}

/// Foreign text that can do no harm on IRC: a bare CR starts a new command there, NUL wedges a server, `\x01` starts
/// a client-to-client request, `\x03` colours, and a bidirectional override makes the rest read backwards. White
/// space becomes a space, every other control character is left out.
fn clean(text: &str) -> String {
    text.chars().filter_map(harmless).collect()
}

fn harmless(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        // Marks, embeddings, overrides and isolates that change the direction of what follows.
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(title: &str, url: &str) -> Line {
        Line::default()
            .words("[")
            .foreign(Paint::Repository, "repo")
            .words("] ")
            .foreign(Paint::Plain, title)
            .words(": ")
            .foreign(Paint::Url, url)
            .coloured(true)
    }

    #[test]
    fn a_line_that_fits_is_left_alone() {
        assert_eq!(
            line("hello", "http://h/").render(400),
            "[\u{3}04repo\u{f}] hello: \u{3}02\u{1f}http://h/\u{f}"
        );
        assert_eq!(line("hello", "http://h/").coloured(false).render(400), "[repo] hello: http://h/");
    }

    #[test]
    fn a_title_gives_way_to_the_address_behind_it() {
        let rendered = line(&"é".repeat(300), "http://h/").render(60);
        assert_eq!(rendered, "[\u{3}04repo\u{f}] éééééééééééééééé...\u{3}02\u{1f}http://h/\u{f}");
        assert!(rendered.len() <= 60);
    }

    #[test]
    fn a_family_is_not_torn_apart() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(
            Line::default().words(&family.repeat(3)).render(family.len() * 2 + 10),
            format!("{}...", family.repeat(2))
        );
    }

    #[test]
    fn control_characters_do_no_harm() {
        let hostile = "a\rQUIT :x\nb\0c\u{1}ACTION\u{1}d\u{3}04e\u{2}f\u{1b}[1mg\u{2028}h\u{202e}i\u{85}j\u{7f}k\u{9b}l\tm";
        assert_eq!(Line::default().words(hostile).render(400), "a QUIT :x bcACTIONd04ef[1mg hi jkl m");
    }

    proptest! {
        #[test]
        fn a_line_keeps_its_bounds_whatever_it_is_given(
            title in ".*", url in ".*", bytes_max in 0..500_usize, colours: bool,
        ) {
            let rendered = line(&title, &url).coloured(colours).render(bytes_max);
            prop_assert!(rendered.len() <= bytes_max, "{} > {bytes_max}", rendered.len());
            let is_harmful = |c: char| c == '\r' || c == '\n' || c == '\0' || c == '\u{1}';
            prop_assert!(!rendered.contains(is_harmful));
        }
    }
}
