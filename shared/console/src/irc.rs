//! IRC's colours and fonts on a page: mIRC's codes (<https://modern.ircdocs.horse/formatting>) as classes.
//!
//! Not here: which parts of a line are coloured (`relay::irker`), and the shades (`console.css`).

use askama::Template;
use askama::filters::HtmlSafe;

/// What switches something on or off within a line.
const BOLD: char = '\u{2}';
const COLOUR: char = '\u{3}';
const RESET: char = '\u{f}';
const ITALIC: char = '\u{1d}';
const UNDERLINE: char = '\u{1f}';

/// A line as it looks on IRC.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = "{% for span in spans %}{% if span.class.is_empty() %}{{ span.text }}{% else %}\
              <span class=\"{{ span.class }}\">{{ span.text }}</span>{% endif %}{% endfor %}",
    ext = "html"
)]
pub(crate) struct IrcLine {
    spans: Vec<Span>,
}

/// A template of its own, which has escaped its text already.
impl HtmlSafe for IrcLine {}

/// A piece of text that looks the same all over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    class: String,
    text: String,
}

/// How the next text looks.
#[derive(Clone, Copy, Default)]
struct Looks {
    bold: bool,
    italic: bool,
    underline: bool,
    /// One of mIRC's sixteen, but for black and white, which are the ground's own.
    colour: Option<u8>,
}

impl IrcLine {
    /// Reads a line as irkerd is given it.
    pub(crate) fn of(line: &str) -> Self {
        let (mut spans, mut looks, mut rest) = (Vec::new(), Looks::default(), line);
        while !rest.is_empty() {
            let end = rest.find([BOLD, COLOUR, RESET, ITALIC, UNDERLINE]).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            if !text.is_empty() {
                spans.push(Span { class: looks.class(), text: text.to_owned() });
            }
            let mut codes = after.chars();
            let code = codes.next();
            rest = codes.as_str();
            match code {
                Some(BOLD) => looks.bold = !looks.bold,
                Some(ITALIC) => looks.italic = !looks.italic,
                Some(UNDERLINE) => looks.underline = !looks.underline,
                Some(COLOUR) => (looks.colour, rest) = colour(rest),
                _ => looks = Looks::default(),
            }
        }
        Self { spans }
    }
}

/// The number behind a colour's code, and what follows. A ground (`,NN`) is read and left out.
fn colour(text: &str) -> (Option<u8>, &str) {
    let digits = |text: &str| text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, mut rest) = text.split_at(digits(text));
    if let Some(ground) = rest.strip_prefix(',').filter(|ground| !number.is_empty() && digits(ground) > 0) {
        rest = &ground[digits(ground)..];
    }
    (number.parse().ok().filter(|number| (2..16).contains(number)), rest)
}

impl Looks {
    fn class(self) -> String {
        let fonts = [(self.bold, "b"), (self.italic, "i"), (self.underline, "u")];
        let fonts = fonts.into_iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name.to_owned());
        let colour = self.colour.map(|colour| format!("c{colour:02}"));
        colour.into_iter().chain(fonts).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        IrcLine::of(line).to_string()
    }

    #[test]
    fn codes_become_classes_and_end_where_they_end() {
        assert_eq!(
            check("[\u{3}04Diaspora\u{f}] \u{2}4\u{f} \u{3}02\u{1f}http://h/\u{f} ü"),
            "[<span class=\"c04\">Diaspora</span>] <span class=\"b\">4</span> <span class=\"c02 u\">http://h/</span> ü"
        );
        assert_eq!(check("\u{2}\u{1d}a\u{2}b"), "<span class=\"b i\">a</span><span class=\"i\">b</span>");
        assert_eq!(check("\u{3}4,12a\u{3}b\u{3}99c\u{3},1d"), "<span class=\"c04\">a</span>bc,1d");
    }

    #[test]
    fn what_a_payload_brings_is_text() {
        assert_eq!(
            check("<script>\u{3}04<b>\u{f}"),
            "&#60;script&#62;<span class=\"c04\">&#60;b&#62;</span>"
        );
    }
}
