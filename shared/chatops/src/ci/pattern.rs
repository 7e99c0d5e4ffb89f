//! `/pattern/flags` as GitLab takes it: RE2's syntax between Ruby's slashes.
//!
//! The engine is `regex`, RE2's sibling with the same promise of linear time. What differs is translated: RE2's `\d`,
//! `\w`, `\s` and `\b` are ASCII, brackets in a class are literal, an odd brace is literal, `**` is an error.
//!
//! Not here: globs (`glob`).

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::constant::pattern;
use super::limits::PATTERN_BYTES_MAX;

pattern!(SLASHED, r"(?m)^/(?P<source>.*)/(?P<flags>[ismU]*)$");

/// The longest count RE2 repeats.
const REPEAT_MAX: u32 = 1000;

/// Whether a text is written as a pattern, valid or not: `RubySyntax.matches_syntax?`.
pub(crate) fn is_slashed(text: &str) -> bool {
    SLASHED.is_match(text)
}

/// The pattern of a slashed text, or nothing: `RubySyntax.fabricate`.
pub(crate) fn slashed(text: &str) -> Option<Regex> {
    let parts = SLASHED.captures(text)?;
    let flags = &parts["flags"];
    let source =
        if flags.is_empty() { parts["source"].to_owned() } else { format!("(?{flags}){}", &parts["source"]) };
    compile(&source)
}

/// A pattern in RE2's syntax, or nothing where RE2 would refuse it.
pub(crate) fn compile(source: &str) -> Option<Regex> {
    let translated = Translator { source: source.chars().collect(), at: 0, out: String::new() }.run()?;
    RegexBuilder::new(&translated).size_limit(PATTERN_BYTES_MAX).build().ok()
}

struct Translator {
    source: Vec<char>,
    at: usize,
    out: String,
}

impl Translator {
    fn run(mut self) -> Option<String> {
        // What the last thing was, for RE2 takes no repetition of a repetition.
        let mut repeated = false;
        while let Some(c) = self.peek(0) {
            let was_repeated = std::mem::take(&mut repeated);
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' if was_repeated => return None,
                '*' | '+' | '?' => {
                    self.copy(1);
                    self.lazy();
                    repeated = true;
                }
                '{' => match self.count()? {
                    0 => {
                        self.out.push_str("\\{");
                        self.at += 1;
                    }
                    _ if was_repeated => return None,
                    length => {
                        self.copy(length);
                        self.lazy();
                        repeated = true;
                    }
                },
                '}' | ']' => {
                    self.out.push('\\');
                    self.copy(1);
                }
                _ => self.copy(1),
            }
        }
        Some(self.out)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.at + ahead).copied()
    }

    fn copy(&mut self, count: usize) {
        let end = (self.at + count).min(self.source.len());
        self.out.extend(&self.source[self.at..end]);
        self.at = end;
    }

    fn lazy(&mut self) {
        if self.peek(0) == Some('?') {
            self.copy(1);
        }
    }

    /// How long the count at `{` is; 0 where it is none and the brace is literal; nothing where RE2 refuses it.
    fn count(&self) -> Option<usize> {
        let rest: String = self.source[self.at..].iter().take(12).collect();
        let Some(end) = rest.find('}') else { return Some(0) };
        let (low, high) = match rest[1..end].split_once(',') {
            Some((low, high)) => (low, Some(high)),
            None => (&rest[1..end], None),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(low) || high.is_some_and(|high| !high.is_empty() && !is_number(high)) {
            return Some(0);
        }
        let within =
            |text: &str| text.is_empty() || text.parse::<u32>().is_ok_and(|number| number <= REPEAT_MAX);
        (within(low) && high.is_none_or(within)).then_some(end + 1)
    }

    /// `(?flags)` takes only RE2's flags.
    fn group(&mut self) -> Option<()> {
        if self.peek(1) != Some('?') {
            self.copy(1);
            return Some(());
        }
        if matches!(self.peek(2), Some('P' | '<')) {
            self.copy(3);
            return Some(());
        }
        let mut length = 2;
        while let Some(c) = self.peek(length) {
            length += 1;
            match c {
                ':' | ')' => {
                    self.copy(length);
                    return Some(());
                }
                'i' | 'm' | 's' | 'U' | '-' => {}
                _ => return None,
            }
        }
        None
    }

    fn escape(&mut self, in_class: bool) -> Option<()> {
        let c = self.peek(1)?;
        let ascii = match c {
            'd' => Some(("0-9", false)),
            'D' => Some(("0-9", true)),
            'w' => Some(("0-9A-Za-z_", false)),
            'W' => Some(("0-9A-Za-z_", true)),
            's' => Some(("\\t\\n\\x0c\\r ", false)),
            'S' => Some(("\\t\\n\\x0c\\r ", true)),
            _ => None,
        };
        if let Some((set, negated)) = ascii {
            self.out.push_str(if negated { "[^" } else { "[" });
            self.out.push_str(set);
            self.out.push(']');
            self.at += 2;
            return Some(());
        }
        match c {
            'b' if !in_class => {
                self.out.push_str("(?-u:\\b)");
                self.at += 2;
            }
            'Q' if !in_class => self.quoted(),
            'C' if !in_class => {
                self.out.push_str("(?s:.)");
                self.at += 2;
            }
            'A' | 'B' | 'z' if !in_class => self.copy(2),
            'p' | 'P' | 'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' => self.copy(2),
            '0'..='7' => return self.octal(),
            _ if c.is_ascii_alphanumeric() => return None,
            _ => {
                self.out.push_str(&regex::escape(&c.to_string()));
                self.at += 2;
            }
        }
        Some(())
    }

    /// `\Q...\E`.
    fn quoted(&mut self) {
        self.at += 2;
        while let Some(c) = self.peek(0) {
            if c == '\\' && self.peek(1) == Some('E') {
                self.at += 2;
                return;
            }
            self.out.push_str(&regex::escape(&c.to_string()));
            self.at += 1;
        }
    }

    /// `\123`, `\0`; a single `\1` is a backreference, which RE2 has not.
    fn octal(&mut self) -> Option<()> {
        let digits: String =
            self.source[self.at + 1..].iter().take(3).take_while(|c| matches!(c, '0'..='7')).collect();
        if digits.len() < 2 && !digits.starts_with('0') {
            return None;
        }
        let code = u32::from_str_radix(&digits, 8).ok()?;
        self.out.push_str(&regex::escape(&char::from_u32(code)?.to_string()));
        self.at += 1 + digits.len();
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.copy(1);
        if self.peek(0) == Some('^') {
            self.copy(1);
        }
        let mut first = true;
        while let Some(c) = self.peek(0) {
            match c {
                ']' if !first => {
                    self.copy(1);
                    return Some(());
                }
                '[' if self.peek(1) == Some(':') => self.posix_class(),
                '\\' => self.escape(true)?,
                '[' | ']' | '&' | '~' => {
                    self.out.push('\\');
                    self.copy(1);
                }
                // `--` subtracts in the engine; a range ending in `-` keeps its meaning when escaped.
                '-' if self.out.ends_with('-') => self.out_escaped('-'),
                _ => self.copy(1),
            }
            first = false;
        }
        None
    }

    fn out_escaped(&mut self, c: char) {
        self.out.push('\\');
        self.out.push(c);
        self.at += 1;
    }

    fn posix_class(&mut self) {
        let rest: String = self.source[self.at..].iter().take(14).collect();
        match rest.find(":]") {
            Some(end) => self.copy(rest[..end].chars().count() + 2),
            None => self.out_escaped('['),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, wanted: Option<bool>) {
        assert_eq!(slashed(pattern).map(|regex| regex.is_match(text)), wanted, "{pattern} on {text:?}");
    }

    #[test]
    fn patterns_read_as_re2_reads_them() {
        check("/^main$/", "main", Some(true));
        check("/MAIN/i", "main", Some(true));
        check("/a.b/s", "a\nb", Some(true));
        check("/a.b/", "a\nb", Some(false));
        check("/^b/m", "a\nb", Some(true));
        check(r"/^\d+\.\d+$/", "1.2", Some(true));
        check(r"/^\w+$/", "é", Some(false));
        check(r"/[\w-]+$/", "a-b", Some(true));
        check("/[[]x/", "[x", Some(true));
        check("/[a&&b]/", "&", Some(true));
        check("/x{,2}/", "x{,2}", Some(true));
        check("/{/", "{", Some(true));
        check(r"/\bmain\b/", "on main.", Some(true));
        check(r"/\Qa.b\E/", "axb", Some(false));
        check(r"/\_\<\//", "_</", Some(true));
        check("/[[:alpha:]]/", "1", Some(false));
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for pattern in [
            "/(/",
            "/[/",
            "/a**/",
            "/(?=a)/",
            r"/(a)\1/",
            "/x{1001}/",
            r"/\y/",
            "/*a/",
            "/a/x",
            "a",
            "/(?x)a/",
        ] {
            assert!(slashed(pattern).is_none(), "{pattern}");
        }
    }
}
