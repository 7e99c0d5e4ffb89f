//! The language of `if:` and of `only: variables:`: GitLab's `Pipeline::Expression`.
//!
//! Not here: which variables there are (`variables`).

mod lexer;
mod parser;

use std::rc::Rc;

use indexmap::IndexMap;
use regex::Regex;

use lexer::tokens;
use parser::{Node, parse};

use super::pattern;

/// What a variable's value is looked up in.
pub(crate) type Variables = IndexMap<String, String>;

/// An expression is syntactically wrong, or one that GitLab crashes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpressionError;

/// Whether GitLab accepts an expression: it is evaluated without variables.
pub(crate) fn is_valid(text: &str) -> bool {
    evaluate(text, &Variables::new()).is_ok()
}

/// Whether an expression holds; a wrong one does not.
pub(crate) fn is_truthful(text: &str, variables: &Variables) -> bool {
    evaluate(text, variables).is_ok_and(|value| value.is_present())
}

fn evaluate(text: &str, variables: &Variables) -> Result<Operand, ExpressionError> {
    let tree = parse(tokens(text)?)?;
    value(&tree, variables)
}

/// What an expression can be worth.
#[derive(Clone, Debug)]
enum Operand {
    Null,
    Bool(bool),
    Text(Rc<str>),
    Pattern(Rc<Regex>),
}

impl Operand {
    /// Ruby's truth: an empty text is true.
    fn is_truthy(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// Rails' `present?`: an empty text is not.
    fn is_present(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            other => other.is_truthy(),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Null | Self::Pattern(_) => "",
        }
    }
}

fn value(node: &Node, variables: &Variables) -> Result<Operand, ExpressionError> {
    Ok(match node {
        Node::Null => Operand::Null,
        Node::Text(text) => Operand::Text(text.as_str().into()),
        Node::Pattern(pattern) => Operand::Pattern(Rc::clone(pattern)),
        Node::Variable(name) => {
            variables.get(name).map_or(Operand::Null, |value| Operand::Text(value.as_str().into()))
        }
        Node::Equals(sides) => Operand::Bool(equal(&sides.0, &sides.1, variables)?),
        Node::NotEquals(sides) => Operand::Bool(!equal(&sides.0, &sides.1, variables)?),
        Node::Matches(sides) => Operand::Bool(matches(&sides.0, &sides.1, variables)?),
        Node::NotMatches(sides) => Operand::Bool(!matches(&sides.0, &sides.1, variables)?),
        Node::And(sides) => {
            let left = value(&sides.0, variables)?;
            if left.is_truthy() { value(&sides.1, variables)? } else { left }
        }
        Node::Or(sides) => {
            let left = value(&sides.0, variables)?;
            if left.is_truthy() { left } else { value(&sides.1, variables)? }
        }
    })
}

fn equal(left: &Node, right: &Node, variables: &Variables) -> Result<bool, ExpressionError> {
    Ok(match (value(left, variables)?, value(right, variables)?) {
        (Operand::Null, Operand::Null) => true,
        (Operand::Bool(left), Operand::Bool(right)) => left == right,
        (Operand::Text(left), Operand::Text(right)) => left == right,
        (Operand::Pattern(left), Operand::Pattern(right)) => left.as_str() == right.as_str(),
        // Ruby asks the other for its source, which only a pattern has.
        (Operand::Pattern(_), _) => return Err(ExpressionError),
        _ => false,
    })
}

/// `text =~ pattern`. A text that is no pattern is looked into for the left side, as Ruby's `scan` does.
fn matches(left: &Node, right: &Node, variables: &Variables) -> Result<bool, ExpressionError> {
    let left = value(left, variables)?;
    match value(right, variables)? {
        Operand::Null | Operand::Bool(false) => Ok(false),
        Operand::Bool(true) => Err(ExpressionError),
        Operand::Pattern(pattern) => Ok(pattern.is_match(left.text())),
        Operand::Text(text) => match pattern::slashed(&text.replace("\\/", "/")) {
            Some(pattern) => Ok(pattern.is_match(left.text())),
            None => Ok(text.contains(left.text())),
        },
    }
}

#[cfg(test)]
mod tests;
