//! One line of plain text that shows what a comment in Markdown is about.
//!
//! Not here: cleaning for IRC (`clean`). Bitbucket Server's and other markups are near enough to Markdown to be read as
//! such.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::line::prefix;

/// How much of a comment is looked at, in bytes: what it is about stands at its beginning, and comments may have
/// megabytes.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The longest excerpt, in bytes: with it and an address, a line is well filled.
const EXCERPT_BYTES_MAX: usize = 200;

/// What a block of a comment is worth, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// What the writer says.
    Words,
    /// What the writer shows.
    Code,
    /// What somebody else said.
    Quote,
    /// Pictures, and names of people.
    Rest,
}

/// The first block that says something: a paragraph, heading, item or cell in the writer's own words. If there is none,
/// the first line of code, of a quote, or who is called. Empty for what has no text at all.
pub(super) fn excerpt(markup: &str) -> String {
    let markup = &markup[..markup.floor_char_boundary(TEXT_BYTES_MAX)];
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut blocks = Blocks::default();
    for event in Parser::new_ext(markup, options) {
        if blocks.read(event) {
            break;
        }
    }
    blocks.end_block();
    blocks.best.map_or_else(String::new, |(_, text)| bounded(&text))
}

/// What was read, block by block.
#[derive(Default)]
struct Blocks {
    best: Option<(Worth, String)>,
    text: String,
    /// Of `text`, what is no picture.
    outside: String,
    quotes: usize,
    is_code: bool,
    is_image: bool,
}

impl Blocks {
    /// Whether enough was read.
    fn read(&mut self, event: Event<'_>) -> bool {
        match event {
            Event::Text(text) | Event::Code(text) => self.push(&text),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            Event::Start(Tag::Image { .. }) => {
                self.is_image = true;
                self.text.push('[');
            }
            Event::End(TagEnd::Image) => {
                let has_no_text = self.text.ends_with('[');
                self.text.push_str(if has_no_text { "picture]" } else { "]" });
                self.is_image = false;
            }
            Event::Start(Tag::BlockQuote(_)) => {
                self.end_block();
                self.quotes += 1;
            }
            Event::End(TagEnd::BlockQuote(_)) => {
                self.end_block();
                self.quotes -= 1;
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                self.end_block();
                self.is_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                self.end_block();
                self.is_code = false;
            }
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::Item | Tag::TableCell)
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                self.end_block();
            }
            // HTML, comments included; rulers, boxes of tasks; emphasis and links, whose text comes by itself.
            _ => {}
        }
        matches!(self.best, Some((Worth::Words, _)))
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        if !self.is_image {
            self.outside.push_str(text);
        }
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.text);
        let outside = std::mem::take(&mut self.outside);
        // Of code, the first line: the others say nothing without their line ends.
        let text = if self.is_code { text.trim().lines().next().unwrap_or_default() } else { text.trim() };
        if text.is_empty() {
            return;
        }
        let worth = if self.quotes > 0 {
            Worth::Quote
        } else if self.is_code {
            Worth::Code
        } else if has_words(&outside) {
            Worth::Words
        } else {
            Worth::Rest
        };
        if self.best.as_ref().is_none_or(|(best, _)| worth < *best) {
            self.best = Some((worth, text.to_owned()));
        }
    }
}

/// Whether a text is more than calls to people.
fn has_words(text: &str) -> bool {
    text.split_whitespace().any(|word| !word.starts_with('@') && word.chars().any(char::is_alphanumeric))
}

/// One space between words, and no more than fits.
fn bounded(text: &str) -> String {
    const DOTS: &str = "...";
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() <= EXCERPT_BYTES_MAX {
        return text;
    }
    let beginning = prefix(&text, EXCERPT_BYTES_MAX - DOTS.len());
    let words = beginning.rfind(' ').map_or(beginning, |space| &beginning[..space]);
    format!("{words}{DOTS}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(markup: &str, expected: &str) {
        assert_eq!(excerpt(markup), expected, "{markup}");
    }

    #[test]
    fn markup_is_left_out_and_text_is_kept() {
        check(
            "This **looks** _good_, ~~but~~ `x < y`&nbsp;&amp; [see here](http://h/ \"t\")",
            "This looks good, but x < y & see here",
        );
        check("# Plan\n\n- [ ] first\n- second", "Plan");
        check("- [x] first\n- second", "first");
        check("wrapped\nat some\\\nwidth\n\nSecond paragraph", "wrapped at some width");
        check("| a | b |\n|---|---|\n| c | d |", "a");
        check("see <https://h/> and https://h/2", "see https://h/ and https://h/2");
        check("2 * 3 * 4 = 24 #5 !12 @ann", "2 * 3 * 4 = 24 #5 !12 @ann");
    }

    #[test]
    fn what_is_not_the_writers_own_waits_for_what_is() {
        check("> Why?\n> Because.\n\nI agree.", "I agree.");
        check("```rust\nfn main() {\n}\n```\nDoes not build", "Does not build");
        check(
            "<!-- Please describe\nyour problem -->\n\n<details><summary>Log</summary>\n\nIt crashed",
            "It crashed",
        );
        check("@bob @carol\n\nPlease look", "Please look");
        check("![screenshot](http://h/a.png)\n\nIt looks like this", "It looks like this");
        check("---\n\n***\n\ntext", "text");
    }

    #[test]
    fn if_there_is_nothing_else_it_is_shown_all_the_same() {
        check("> quoted\n> twice", "quoted twice");
        check("```\n\nfirst line\nsecond\n```", "first line");
        check("![a screenshot](http://h/a.png)", "[a screenshot]");
        check("![](http://h/a.png)", "[picture]");
        check("@bob", "@bob");
        check(":+1:", ":+1:");
        check("![](http://h/a.png)", "[picture]");
        for nothing in ["", " \n\t", "<!-- only this -->", "<!-- never closed", "---"] {
            check(nothing, "");
        }
    }

    #[test]
    fn a_long_comment_ends_at_a_word() {
        let cut = excerpt(&"word ".repeat(100_000));
        assert_eq!(cut, format!("{}...", "word ".repeat(39).trim_end()));
        assert!(excerpt(&"é".repeat(1000)).len() <= EXCERPT_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_markup_is_survived(markup in "[\\[\\]()!<>`*_~#|\\-\n\\\\ a@&;:\u{301}é>]{0,400}") {
            prop_assert!(excerpt(&markup).len() <= EXCERPT_BYTES_MAX);
            prop_assert!(!excerpt(&markup).contains('\n'));
        }
    }
}
