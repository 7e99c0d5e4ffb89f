//! One line for IRC: pieces of foreign text, each cleaned and in its colour, that fit a number of bytes.
//!
//! Not here: what is said (the modules beside this one), what cleaning is (`clean`).

use unicode_segmentation::UnicodeSegmentation;

use super::clean::{clean, clean_url};

/// Ends every colour and font.
const RESET: char = '\u{f}';

/// Shows that something was cut off.
const ELLIPSIS: &str = "...";

/// The most bytes of a name (of a person, a branch, a job): one that fills the line would hide what happened.
const NAME_BYTES_MAX: usize = 80;

/// A mIRC colour or font (<https://modern.ircdocs.horse/formatting>); the first seven as GitLab's irker integration
/// uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint(&'static str);

impl Paint {
    /// As the reader's client prints.
    pub(super) const PLAIN: Self = Self("");
    /// Light red: the repository.
    pub(super) const REPOSITORY: Self = Self("\u{3}04");
    /// Brown: the branch or tag.
    pub(super) const REFERENCE: Self = Self("\u{3}05");
    /// Grey: a commit's id.
    pub(super) const SHA: Self = Self("\u{3}14");
    /// Light blue: how many files.
    pub(super) const FILES: Self = Self("\u{3}12");
    /// Bold: how many commits.
    pub(super) const COUNT: Self = Self("\u{2}");
    /// Blue, underlined: an address.
    pub(super) const URL: Self = Self("\u{3}02\u{1f}");
    /// Bold: the number of a merge request or an issue.
    pub(super) const NUMBER: Self = Self("\u{2}");
    /// Green: it ended well.
    pub(super) const GOOD: Self = Self("\u{3}03");
    /// Light red: it ended badly.
    pub(super) const BAD: Self = Self("\u{3}04");
    /// Orange: it waits.
    pub(super) const WAITING: Self = Self("\u{3}07");
    /// Light blue: it goes on.
    pub(super) const UNDER_WAY: Self = Self("\u{3}12");
    /// Grey: it did not come to an end.
    pub(super) const IDLE: Self = Self("\u{3}14");

    /// Those that a template may ask for, by name.
    pub(super) const BY_NAME: [(&str, Self); 12] = [
        ("bold", Self("\u{2}")),
        ("italic", Self("\u{1d}")),
        ("underline", Self("\u{1f}")),
        ("blue", Self("\u{3}02")),
        ("green", Self("\u{3}03")),
        ("red", Self("\u{3}04")),
        ("brown", Self("\u{3}05")),
        ("purple", Self("\u{3}06")),
        ("orange", Self("\u{3}07")),
        ("cyan", Self("\u{3}10")),
        ("lightblue", Self("\u{3}12")),
        ("grey", Self("\u{3}14")),
    ];
}

/// A line, not yet cut: how long it may be depends on who reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
    colours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    /// Our own words, uncoloured, in front of the text; they come and go with it.
    lead: &'static str,
    text: String,
    paint: Paint,
    /// Rather than this, what stands before it is cut.
    is_kept: bool,
}

impl Line {
    /// What a test of the settings says: nothing that happened.
    pub fn test(project: &str) -> Self {
        Self::default().words("test from Bellhop, project ").name(Paint::REPOSITORY, project)
    }

    /// Adds our own words.
    pub(super) fn words(self, text: &str) -> Self {
        self.foreign(Paint::PLAIN, text)
    }

    /// Adds foreign text, cleaned.
    pub(super) fn foreign(self, paint: Paint, text: &str) -> Self {
        self.piece(Piece { lead: "", text: clean(text), paint, is_kept: false })
    }

    /// Adds foreign text, cleaned, and no more of it than a name needs.
    pub(super) fn name(self, paint: Paint, text: &str) -> Self {
        let mut name = clean(text);
        if name.len() > NAME_BYTES_MAX {
            name = format!("{}{ELLIPSIS}", prefix(&name, NAME_BYTES_MAX - ELLIPSIS.len()));
        }
        self.piece(Piece { lead: "", text: name, paint, is_kept: false })
    }

    /// Adds an address, behind our own words. At the end of a line it is kept whole, or left out.
    pub(super) fn url(self, lead: &'static str, url: &str) -> Self {
        self.piece(Piece { lead, text: clean_url(url), paint: Paint::URL, is_kept: true })
    }

    /// As [`Self::url`], of an address that may be unknown.
    pub(super) fn maybe_url(self, lead: &'static str, url: Option<&String>) -> Self {
        match url {
            Some(url) => self.url(lead, url),
            None => self,
        }
    }

    /// Adds our own words that are not cut, at the end of a line.
    pub(super) fn ending(self, text: &str) -> Self {
        self.piece(Piece { lead: "", text: clean(text), paint: Paint::PLAIN, is_kept: true })
    }

    fn piece(mut self, piece: Piece) -> Self {
        if !piece.text.is_empty() {
            self.pieces.push(piece);
        }
        self
    }

    /// Whether anything would be read.
    pub(super) fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.trim().is_empty())
    }

    /// The same words, with or without colours and fonts. Without, unless this is called.
    pub(super) fn coloured(self, colours: bool) -> Self {
        Self { colours, ..self }
    }

    /// The line in at most `bytes_max` bytes of UTF-8, colour codes included, cut between characters as people see
    /// them. An address at the end is kept whole and what stands before it is cut, unless the address alone is too
    /// long: then it is left out, since half an address leads astray.
    pub fn render(&self, bytes_max: usize) -> String {
        let end = self.pieces.iter().rposition(|piece| !piece.is_kept).map_or(0, |last| last + 1);
        let (cut, mut kept) = self.pieces.split_at(end);
        let is_too_long = self.bytes_of(&self.pieces) > bytes_max;
        // What was cut needs something between itself and the address.
        let gap =
            if is_too_long && kept.first().is_some_and(|piece| piece.lead.is_empty()) { " " } else { "" };
        if self.bytes_of(kept) + gap.len() > bytes_max {
            kept = &[];
        }
        let room = if kept.is_empty() { bytes_max } else { bytes_max - self.bytes_of(kept) - gap.len() };
        let mut rendered = self.beginning(cut, room);
        if !kept.is_empty() {
            rendered.push_str(gap);
        }
        for piece in kept {
            self.write(piece, &piece.text, &mut rendered);
        }
        rendered
    }

    /// As many of these pieces as there is room for.
    fn beginning(&self, pieces: &[Piece], room: usize) -> String {
        let mut rendered = String::new();
        let mut budget = room;
        for piece in pieces {
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
        rendered
    }

    fn code(&self, piece: &Piece) -> &'static str {
        if self.colours { piece.paint.0 } else { "" }
    }

    fn bytes_of(&self, pieces: &[Piece]) -> usize {
        pieces.iter().map(|piece| self.bytes(piece, &piece.text)).sum()
    }

    /// How many bytes a piece takes with this text.
    fn bytes(&self, piece: &Piece, text: &str) -> usize {
        let code = self.code(piece);
        let ends = if code.is_empty() { 0 } else { code.len() + RESET.len_utf8() };
        piece.lead.len() + ends + guard(code, &piece.text).len() + text.len()
    }

    fn write(&self, piece: &Piece, text: &str, rendered: &mut String) {
        let code = self.code(piece);
        rendered.push_str(piece.lead);
        rendered.push_str(code);
        rendered.push_str(guard(code, &piece.text));
        rendered.push_str(text);
        if !code.is_empty() {
            rendered.push(RESET);
        }
    }
}

/// What keeps a text that starts like `,4` from being read as a part of the colour in front of it: bold, on and off.
fn guard(code: &str, text: &str) -> &'static str {
    let is_colour = code.ends_with(|c: char| c.is_ascii_digit());
    let is_background =
        text.strip_prefix(',').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_colour && is_background { "\u{2}\u{2}" } else { "" }
}

/// The longest beginning of at most `bytes_max` bytes that does not split a grapheme cluster.
pub(super) fn prefix(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let ends = text.grapheme_indices(true).map(|(start, cluster)| start + cluster.len());
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(title: &str, url: &str) -> Line {
        Line::default()
            .words("[")
            .foreign(Paint::REPOSITORY, "repo")
            .words("] ")
            .foreign(Paint::PLAIN, title)
            .url(": ", url)
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
        assert_eq!(rendered, "[\u{3}04repo\u{f}] ééééééééééééééé...: \u{3}02\u{1f}http://h/\u{f}");
        assert!(rendered.len() <= 60);
    }

    #[test]
    fn an_address_that_does_not_fit_is_left_out() {
        assert_eq!(line("hello", &"x".repeat(60)).coloured(false).render(60), "[repo] hello");
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
    fn a_name_cannot_hide_what_happened() {
        let line = Line::default().name(Paint::PLAIN, &"x".repeat(600)).words(" failed");
        assert_eq!(line.render(400), format!("{}... failed", "x".repeat(77)));
    }

    #[test]
    fn a_branch_cannot_colour_its_background() {
        let line = Line::default().foreign(Paint::REFERENCE, ",4red").coloured(true);
        assert_eq!(line.render(400), "\u{3}05\u{2}\u{2},4red\u{f}");
        assert_eq!(line.render(10), "\u{3}05\u{2}\u{2},...\u{f}");
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
