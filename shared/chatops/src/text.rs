//! A text for chat, in pieces: our own words, and foreign text that has to stay text.
//!
//! Slack turns `<...>` into links and calls to everybody, so `&`, `<` and `>` are escaped
//! (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). Mattermost reads Markdown, so its signs are
//! escaped, and an `@` calls nobody. A fence is not closed by what it holds, since no two backticks in it touch.
//!
//! Not here: the words (`texts`), what they are sent in (`reply`).

use config::commands::Platform;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::Named;

/// What ends an address too early, in Slack's links or in Markdown's.
const URL_ENDS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'(').add(b')').add(b'<').add(b'>').add(b'\\').add(b'`').add(b'|');

/// Has no width, and keeps apart what it stands between.
const SEPARATOR: char = '\u{200b}';

/// A text, not yet spelled for one chat or the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Foreign(String),
    Code(String),
    Link { label: String, url: String },
    Caller(Named),
    Output(String),
}

impl Text {
    /// Our own words. In them, `*` and the like are what they are.
    pub(crate) fn of(words: &str) -> Self {
        Self::default().words(words)
    }

    /// Adds our own words.
    pub(crate) fn words(self, words: &str) -> Self {
        self.with(Piece::Words(words.to_owned()))
    }

    /// Adds one line of foreign text.
    pub(crate) fn foreign(self, text: &str) -> Self {
        self.with(Piece::Foreign(text.to_owned()))
    }

    /// Adds something to be typed, foreign or not.
    pub(crate) fn code(self, text: &str) -> Self {
        self.with(Piece::Code(text.to_owned()))
    }

    /// Adds a link, or its label alone if there is no address.
    pub(crate) fn link(self, label: &str, url: Option<&str>) -> Self {
        match url {
            Some(url) => self.with(Piece::Link { label: label.to_owned(), url: url.to_owned() }),
            None => self.foreign(label),
        }
    }

    /// Adds the one who called, the only one whose telephone may ring: in Slack, by id.
    pub(crate) fn caller(self, caller: &Named) -> Self {
        self.with(Piece::Caller(caller.clone()))
    }

    /// Adds what a job printed: in a fence, but for a plain line in Slack.
    pub(crate) fn output(self, text: &str) -> Self {
        self.with(Piece::Output(text.to_owned()))
    }

    /// Adds another text.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn with(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }

    /// As one chat spells it.
    pub fn render(&self, platform: Platform) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => text.push_str(&escaped(platform, words)),
                Piece::Foreign(foreign) => {
                    let foreign = one_line(foreign);
                    // At the beginning of a line, Markdown makes a heading or a list of these.
                    if platform == Platform::Mattermost && foreign.starts_with(['#', '+', '-']) {
                        text.push('\\');
                    }
                    text.push_str(&inert(platform, &foreign));
                }
                Piece::Code(code) => text.push_str(&typed(platform, code)),
                Piece::Link { label, url } => text.push_str(&link(platform, label, url)),
                Piece::Caller(caller) => text.push_str(&mention(platform, caller)),
                // GitLab fences all output in Mattermost and none in Slack.
                Piece::Output(output) if platform == Platform::Slack && is_plain(output) => {
                    text.push_str(output);
                }
                Piece::Output(output) => {
                    if !text.is_empty() && !text.ends_with('\n') {
                        text.push('\n');
                    }
                    text.push_str(&fence(platform, output));
                }
            }
        }
        text
    }
}

/// Slack's escapes; in Mattermost, nothing that we write needs one.
fn escaped(platform: Platform, words: &str) -> String {
    match platform {
        Platform::Slack => words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        Platform::Mattermost => words.to_owned(),
    }
}

/// Foreign text without any effect.
fn inert(platform: Platform, text: &str) -> String {
    match platform {
        Platform::Slack => escaped(platform, text),
        Platform::Mattermost => {
            let mut escaped = String::with_capacity(text.len());
            for c in text.chars() {
                if r"\`*_[]|~<>".contains(c) {
                    escaped.push('\\');
                }
                escaped.push(c);
                if c == '@' {
                    escaped.push(SEPARATOR);
                }
            }
            escaped
        }
    }
}

fn typed(platform: Platform, code: &str) -> String {
    let code = one_line(code).replace('`', "'");
    if code.trim().is_empty() { String::new() } else { format!("`{}`", escaped(platform, &code)) }
}

fn link(platform: Platform, label: &str, url: &str) -> String {
    let url = utf8_percent_encode(url, URL_ENDS);
    let label = inert(platform, &one_line(label));
    match platform {
        Platform::Slack => format!("<{}|{}>", url.to_string().replace('&', "&amp;"), label.replace('|', "¦")),
        Platform::Mattermost => format!("[{label}]({url})"),
    }
}

/// Mattermost calls people by names, which change hands: there, nobody is called.
fn mention(platform: Platform, caller: &Named) -> String {
    match platform {
        Platform::Slack => format!("<@{}>", caller.id),
        Platform::Mattermost => inert(platform, &one_line(&caller.name)),
    }
}

fn fence(platform: Platform, output: &str) -> String {
    let apart = output.replace("``", &format!("`{SEPARATOR}`")).replace("``", &format!("`{SEPARATOR}`"));
    match platform {
        Platform::Slack => format!("```\n{}\n```", escaped(platform, &apart)),
        Platform::Mattermost => format!("```shell\n{apart}\n```"),
    }
}

/// A line that Slack shows as it is.
fn is_plain(output: &str) -> bool {
    let is_tame = |c: char| c.is_alphanumeric() || " .,;!?'\"/=%$()+-".contains(c);
    !output.is_empty() && output.chars().all(is_tame) && !output.contains("://")
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "<!channel> <@U9> @all <http://evil> & ```";

    fn check(text: &Text) -> (String, String) {
        (text.render(Platform::Slack), text.render(Platform::Mattermost))
    }

    /// Case 24 of the ChatOps cases, in one line.
    #[test]
    fn foreign_text_stays_text() {
        let (slack, mattermost) = check(&Text::of("It was ").foreign(HOSTILE));
        assert_eq!(slack, "It was &lt;!channel&gt; &lt;@U9&gt; @all &lt;http://evil&gt; &amp; ```");
        assert_eq!(
            mattermost,
            "It was \\<!channel\\> \\<@\u{200b}U9\\> @\u{200b}all \\<http://evil\\> & \\`\\`\\`"
        );
    }

    /// Case 24, as output.
    #[test]
    fn a_fence_is_not_closed_by_what_it_holds() {
        let (slack, mattermost) = check(&Text::default().output(&format!("{HOSTILE}\n@here")));
        assert_eq!(
            slack,
            "```\n&lt;!channel&gt; &lt;@U9&gt; @all &lt;http://evil&gt; &amp; `\u{200b}`\u{200b}`\n@here\n```"
        );
        assert_eq!(
            mattermost,
            "```shell\n<!channel> <@U9> @all <http://evil> & `\u{200b}`\u{200b}`\n@here\n```"
        );
    }

    #[test]
    fn a_plain_line_needs_no_fence() {
        assert_eq!(check(&Text::default().output("Hello World.")).0, "Hello World.");
        for dressed in ["*bold*", "two\nlines", ":smile:", "http://evil/", "> quote", "a_b", "@all", ""] {
            assert!(check(&Text::default().output(dressed)).0.starts_with("```"), "{dressed}");
        }
    }

    #[test]
    fn foreign_text_makes_no_headings_and_no_lists() {
        for start in ["# x", "- x", "+ x"] {
            let (slack, mattermost) = check(&Text::default().foreign(start));
            assert_eq!((slack, mattermost), (start.to_owned(), format!("\\{start}")));
        }
        assert_eq!(check(&Text::of("issue ").foreign("a-b #1")).1, "issue a-b #1");
    }

    #[test]
    fn links_hold_together_whatever_they_are_made_of() {
        let (slack, mattermost) = check(&Text::default().link("a|b>]", Some("https://h/?a=1&b=(2)|<>` x")));
        assert_eq!(slack, "<https://h/?a=1&amp;b=%282%29%7C%3C%3E%60%20x|a¦b&gt;]>");
        assert_eq!(mattermost, "[a\\|b\\>\\]](https://h/?a=1&b=%282%29%7C%3C%3E%60%20x)");
        assert_eq!(check(&Text::default().link("label", None)).0, "label");
    }

    #[test]
    fn only_the_caller_is_called() {
        let caller = Named { id: "U1".into(), name: "@all <!here>".into() };
        let (slack, mattermost) = check(&Text::default().caller(&caller).words(": "));
        assert_eq!((slack.as_str(), mattermost.as_str()), ("<@U1>: ", "@\u{200b}all \\<!here\\>: "));
    }

    proptest! {
        #[test]
        fn nothing_foreign_is_live(text in "[<>!@&|`*#\\\\a-z\n]{0,60}|\\PC{0,40}") {
            let pieces = Text::default().foreign(&text).code(&text).output(&text).link(&text, None);
            let (slack, mattermost) = check(&pieces);
            prop_assert!(!slack.contains(['<', '>']), "{slack}");
            // What opens and what closes the fence, if there is one, and nothing between them.
            let fences = check(&Text::default().output(&text));
            for fenced in [fences.0, fences.1] {
                prop_assert!(matches!(fenced.matches("```").count(), 0 | 2), "{fenced}");
            }
            let inline = Text::default().foreign(&text).code("").render(Platform::Mattermost);
            prop_assert!(!inline.replace("@\u{200b}", "").contains('@'), "{mattermost}");
        }
    }
}
