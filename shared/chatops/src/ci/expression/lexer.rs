//! From text to tokens: GitLab's `Lexer`, in the order in which it tries its lexemes.
//!
//! Not here: what the tokens mean together (`parser`).

use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::limits::EXPRESSION_TOKENS_MAX;
use super::super::pattern::slashed;
use super::ExpressionError;

pattern!(VARIABLE, r"^\$([0-9A-Za-z_]+)");
pattern!(TEXT, r#"^(?:"(.*?)"|'(.*?)')"#);
pattern!(PATTERN, r"^/(?:[^/]|\\/)+[^\\]/[ismU]*");

/// The words without content.
const SYMBOLS: [(&str, Token); 9] = [
    ("null", Token::Null),
    ("==", Token::Equals),
    ("=~", Token::Matches),
    ("!=", Token::NotEquals),
    ("!~", Token::NotMatches),
    ("&&", Token::And),
    ("||", Token::Or),
    ("(", Token::Open),
    (")", Token::Close),
];

#[derive(Clone, Debug)]
pub(super) enum Token {
    Open,
    Close,
    Variable(String),
    Text(String),
    Pattern(Rc<Regex>),
    Null,
    Equals,
    Matches,
    NotEquals,
    NotMatches,
    And,
    Or,
}

/// The tokens of an expression; an error for none of them, too many, or something that is none.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{b}', '\u{c}']);
        if rest.is_empty() {
            return if tokens.is_empty() { Err(ExpressionError) } else { Ok(tokens) };
        }
        let (token, length) = token(rest)?;
        tokens.push(token);
        rest = &rest[length..];
        if tokens.len() >= EXPRESSION_TOKENS_MAX {
            return Err(ExpressionError);
        }
    }
}

fn token(rest: &str) -> Result<(Token, usize), ExpressionError> {
    if let Some(found) = VARIABLE.captures(rest) {
        return Ok((Token::Variable(found[1].to_owned()), found[0].len()));
    }
    if let Some(found) = TEXT.captures(rest) {
        let text = found.get(1).or(found.get(2)).map_or("", |text| text.as_str());
        return Ok((Token::Text(text.to_owned()), found[0].len()));
    }
    if let Some(found) = PATTERN.find(rest) {
        let pattern = slashed(&found.as_str().replace("\\/", "/")).ok_or(ExpressionError)?;
        return Ok((Token::Pattern(Rc::new(pattern)), found.len()));
    }
    let symbol = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    symbol.map(|(symbol, token)| (token.clone(), symbol.len())).ok_or(ExpressionError)
}
