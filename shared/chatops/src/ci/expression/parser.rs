//! From tokens to a tree: GitLab's shunting yard, with its precedences, and so with its tolerance.
//!
//! Not here: evaluation, which can still fail.

use std::rc::Rc;

use regex::Regex;

use super::ExpressionError;
use super::lexer::Token;

/// Comparison binds tightest, then `&&`, then `||`; parentheses stop them all.
const COMPARISON: u16 = 10;
const AND: u16 = 11;
const OR: u16 = 12;
const CLOSE: u16 = 900;
const OPEN: u16 = 901;

type Sides = Box<(Node, Node)>;

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Text(String),
    Pattern(Rc<Regex>),
    Variable(String),
    Equals(Sides),
    NotEquals(Sides),
    Matches(Sides),
    NotMatches(Sides),
    And(Sides),
    Or(Sides),
}

/// The tree of an expression.
pub(super) fn parse(tokens: Vec<Token>) -> Result<Node, ExpressionError> {
    let mut results: Vec<Node> = Vec::new();
    for token in reverse_polish(tokens)? {
        let node = match token {
            Token::Null => Node::Null,
            Token::Text(text) => Node::Text(text),
            Token::Pattern(pattern) => Node::Pattern(pattern),
            Token::Variable(name) => Node::Variable(name),
            Token::Open | Token::Close => return Err(ExpressionError),
            operator => {
                let (right, left) = (results.pop(), results.pop());
                let sides = Box::new((left.ok_or(ExpressionError)?, right.ok_or(ExpressionError)?));
                operation(&operator, sides)
            }
        };
        results.push(node);
    }
    let tree = results.pop().ok_or(ExpressionError)?;
    if results.is_empty() { Ok(tree) } else { Err(ExpressionError) }
}

fn operation(operator: &Token, sides: Sides) -> Node {
    match operator {
        Token::Equals => Node::Equals(sides),
        Token::NotEquals => Node::NotEquals(sides),
        Token::Matches => Node::Matches(sides),
        Token::NotMatches => Node::NotMatches(sides),
        Token::And => Node::And(sides),
        _ => Node::Or(sides),
    }
}

fn reverse_polish(tokens: Vec<Token>) -> Result<Vec<Token>, ExpressionError> {
    let mut output = Vec::new();
    let mut operators: Vec<Token> = Vec::new();
    for token in tokens {
        match precedence(&token) {
            None => output.push(token),
            Some(OPEN) => operators.push(token),
            Some(mine) => {
                while let Some(last) =
                    operators.pop_if(|last| precedence(last).is_some_and(|theirs| mine >= theirs))
                {
                    output.push(last);
                }
                if mine == CLOSE {
                    // What stopped it can only be the opening one.
                    operators.pop().ok_or(ExpressionError)?;
                } else {
                    operators.push(token);
                }
            }
        }
    }
    output.extend(operators.into_iter().rev());
    Ok(output)
}

/// Nothing for a value.
fn precedence(token: &Token) -> Option<u16> {
    match token {
        Token::Equals | Token::NotEquals | Token::Matches | Token::NotMatches => Some(COMPARISON),
        Token::And => Some(AND),
        Token::Or => Some(OR),
        Token::Close => Some(CLOSE),
        Token::Open => Some(OPEN),
        _ => None,
    }
}
