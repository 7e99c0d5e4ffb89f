//! Which parts of the template language are let in, and which names mean something: read off the syntax tree, so that a
//! mistake is told when a template is saved, even in a branch that no event has taken yet.
//!
//! Left in is what can neither call nor build: printing, `if`, `for` through the commits, comparisons, filters. Arithmetic
//! and assignments are left out, since they can grow a text beyond all bounds in few steps.
//!
//! Not here: rendering (`template`).

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, ForLoop, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;

use super::context::{COMMIT_FIELDS, FIELDS};
use super::{TemplateError, filters};

/// How deep a template may be nested: more than anybody writes, and little enough for any stack.
const DEPTH_MAX: usize = 40;

/// What `loop` tells.
const LOOP_FIELDS: [&str; 7] = ["index", "index0", "first", "last", "length", "revindex", "revindex0"];

/// Reads a template and says what is wrong with it.
pub(super) fn check(kind: &str, source: &str) -> Result<(), TemplateError> {
    let tree = parse(source, kind, SyntaxConfig::default()).map_err(|error| TemplateError::Syntax {
        kind: kind.to_owned(),
        line: error.line().unwrap_or_default(),
        reason: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
    })?;
    let mut checker = Checker { kind, loops: Vec::new(), depth: 0 };
    match &tree {
        Stmt::Template(template) => checker.all(&template.children),
        other => checker.statement(other),
    }
}

/// What an expression stands for, as far as its parts are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Commit,
    Commits,
    Loop,
}

struct Checker<'a> {
    kind: &'a str,
    /// The variables of the loops that are open, each a commit.
    loops: Vec<&'a str>,
    depth: usize,
}

type Checked<T = ()> = Result<T, TemplateError>;

impl<'a> Checker<'a> {
    fn forbidden<T>(&self, what: &'static str, span: Span) -> Checked<T> {
        Err(TemplateError::Forbidden { kind: self.kind.to_owned(), line: span.start_line as usize, what })
    }

    fn unknown<T>(&self, what: &'static str, name: &str, span: Span) -> Checked<T> {
        Err(TemplateError::Unknown {
            kind: self.kind.to_owned(),
            line: span.start_line as usize,
            name: name.to_owned(),
            what,
        })
    }

    fn all(&mut self, statements: &[Stmt<'a>]) -> Checked {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt<'a>) -> Checked {
        match statement {
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.text(&emit.expr),
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr)?;
                self.deeper(choice.span())?;
                self.all(&choice.true_body)?;
                self.all(&choice.false_body)?;
                self.depth -= 1;
                Ok(())
            }
            Stmt::ForLoop(through) => {
                self.deeper(through.span())?;
                self.for_loop(through, through.span())?;
                self.depth -= 1;
                Ok(())
            }
            Stmt::Template(template) => self.forbidden("a template", template.span()),
            Stmt::WithBlock(block) => self.forbidden("with", block.span()),
            Stmt::Set(set) => self.forbidden("set", set.span()),
            Stmt::SetBlock(set) => self.forbidden("set", set.span()),
            Stmt::AutoEscape(block) => self.forbidden("autoescape", block.span()),
            Stmt::FilterBlock(block) => self.forbidden("a filter block", block.span()),
            Stmt::Do(call) => self.forbidden("do", call.span()),
        }
    }

    fn for_loop(&mut self, through: &ForLoop<'a>, span: Span) -> Checked {
        let Expr::Var(target) = &through.target else {
            return self.forbidden("a loop with several variables", span);
        };
        if through.recursive {
            return self.forbidden("a recursive loop", span);
        }
        if self.expression(&through.iter)? != Shape::Commits {
            return self.forbidden("a loop through something else than commits", span);
        }
        self.loops.push(target.id);
        if let Some(filter) = &through.filter_expr {
            self.expression(filter)?;
        }
        self.all(&through.body)?;
        self.loops.pop();
        self.all(&through.else_body)
    }

    /// Goes one level down. Whoever comes back takes it off again.
    fn deeper(&mut self, span: Span) -> Checked {
        self.depth += 1;
        if self.depth > DEPTH_MAX { self.forbidden("too much nesting", span) } else { Ok(()) }
    }

    /// Something that can be read.
    fn text(&mut self, expression: &Expr<'a>) -> Checked {
        match self.expression(expression)? {
            Shape::Plain => Ok(()),
            Shape::Commit => self.forbidden("a whole commit as text", expression.span()),
            Shape::Commits => self.forbidden("a list of commits as text", expression.span()),
            Shape::Loop => self.forbidden("a loop as text", expression.span()),
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) -> Checked<Shape> {
        self.deeper(expression.span())?;
        let shape = self.expression_here(expression)?;
        self.depth -= 1;
        Ok(shape)
    }

    fn expression_here(&mut self, expression: &Expr<'a>) -> Checked<Shape> {
        let span = expression.span();
        match expression {
            Expr::Const(_) => return Ok(Shape::Plain),
            Expr::Var(variable) => return self.variable(variable.id, span),
            Expr::Slice(slice) => {
                let parts = [&slice.start, &slice.stop, &slice.step];
                parts.into_iter().flatten().try_for_each(|part| self.text(part))?;
                return self.expression(&slice.expr);
            }
            Expr::GetItem(item) => {
                self.text(&item.subscript_expr)?;
                return match self.expression(&item.expr)? {
                    Shape::Commits => Ok(Shape::Commit),
                    _ => self.forbidden("an index of something else than commits", span),
                };
            }
            Expr::GetAttr(attribute) => {
                let (fields, what): (&[&str], _) = match self.expression(&attribute.expr)? {
                    Shape::Commit => (&COMMIT_FIELDS, "field of a commit"),
                    Shape::Loop => (&LOOP_FIELDS, "field of a loop"),
                    _ => return self.unknown("field", attribute.name, span),
                };
                if !fields.contains(&attribute.name) {
                    return self.unknown(what, attribute.name, span);
                }
            }
            Expr::UnaryOp(operation) => {
                self.expression(&operation.expr)?;
            }
            Expr::BinOp(operation) => {
                if !is_comparison(operation.op) {
                    return self.forbidden("arithmetic", span);
                }
                self.expression(&operation.left)?;
                self.expression(&operation.right)?;
            }
            Expr::Compare(comparison) => {
                self.text(&comparison.expr)?;
                comparison.ops.iter().try_for_each(|operand| self.text(&operand.expr))?;
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr)?;
                self.text(&choice.true_expr)?;
                choice.false_expr.iter().try_for_each(|other| self.text(other))?;
            }
            Expr::List(list) => list.items.iter().try_for_each(|item| self.text(item))?,
            Expr::Filter(filter) => self.filter(filter.name, filter.expr.as_ref(), (&filter.args, span))?,
            Expr::Test(_) => return self.forbidden("a test (is ...)", span),
            Expr::Call(_) => return self.forbidden("a call", span),
            Expr::Tuple(_) => return self.forbidden("a tuple", span),
            Expr::Map(_) => return self.forbidden("a map", span),
        }
        Ok(Shape::Plain)
    }

    fn variable(&self, name: &str, span: Span) -> Checked<Shape> {
        if self.loops.contains(&name) {
            Ok(Shape::Commit)
        } else if name == "loop" && !self.loops.is_empty() {
            Ok(Shape::Loop)
        } else if name == "commits" {
            Ok(Shape::Commits)
        } else if FIELDS.contains(&name) {
            Ok(Shape::Plain)
        } else {
            self.unknown("field", name, span)
        }
    }

    fn filter(
        &mut self,
        name: &str,
        of: Option<&Expr<'a>>,
        (arguments, span): (&[CallArg<'a>], Span),
    ) -> Checked {
        if !filters().any(|known| known == name) {
            return self.unknown("filter", name, span);
        }
        let shape = of.map_or(Ok(Shape::Plain), |of| self.expression(of))?;
        if shape != Shape::Plain && !(shape == Shape::Commits && name == "length") {
            return self.forbidden("a filter on something else than text", span);
        }
        for argument in arguments {
            match argument {
                CallArg::Pos(value) => self.text(value)?,
                CallArg::Kwarg(..) | CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return self.forbidden("a named argument", span);
                }
            }
        }
        Ok(())
    }
}

/// Operators that build nothing.
fn is_comparison(operator: BinOpKind) -> bool {
    match operator {
        BinOpKind::Eq
        | BinOpKind::Ne
        | BinOpKind::Lt
        | BinOpKind::Lte
        | BinOpKind::Gt
        | BinOpKind::Gte
        | BinOpKind::ScAnd
        | BinOpKind::ScOr
        | BinOpKind::In => true,
        BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow
        | BinOpKind::Concat => false,
    }
}
