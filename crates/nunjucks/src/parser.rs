//! Parses a template: tags into statements, and what is in them into expressions.
//!
//! Names that the source itself binds are resolved to slots on the way, as the compiler of
//! Nunjucks does: which binding a name means depends on the text alone.

mod build;
mod cursor;
mod expression;
mod operand;
mod slots;
mod statement;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::ast::{Ast, Body, Stmt, StmtKind};
use crate::error::{Result, offset, quoted, syntax};
use crate::limits::{Limits, exceeded};
use crate::nearest::did_you_mean;
use crate::scan::{Piece, scan};
use crate::template::Syntax;
use build::Builder;
pub(crate) use cursor::is_reserved;
use expression::ExprParser;

/// Tags that begin a statement.
const TAGS: [&str; 8] = [
    "if", "for", "set", "macro", "call", "filter", "block", "switch",
];
/// Tags of Nunjucks that would load another template.
const LOADING_TAGS: [&str; 4] = ["include", "import", "from", "extends"];
/// Tags that belong to a statement that began earlier.
const INNER_TAGS: [&str; 13] = [
    "elif",
    "elseif",
    "else",
    "endif",
    "endfor",
    "endset",
    "endmacro",
    "endcall",
    "endfilter",
    "endblock",
    "case",
    "default",
    "endswitch",
];
/// Inner tags that may have something behind their name.
const INNER_TAGS_WITH_REST: [&str; 4] = ["elif", "elseif", "case", "endblock"];

/// Parses a whole source.
pub(crate) fn parse(source: &str, options: Syntax, limits: &Limits) -> Result<Ast> {
    if source.len() > limits.source {
        return Err(exceeded("source size"));
    }
    let pieces = scan(source, options)?;
    let mut parser = Parser {
        source,
        pieces: pieces.into_iter(),
        builder: Builder::new(limits),
        n_macros: 0,
        blocks: BTreeSet::new(),
    };
    let (root, stop) = parser.body(&[])?;
    if let Some(stop) = stop {
        return Err(stop.unexpected(&[]));
    }
    Ok(parser.builder.finish(root))
}

struct Parser<'s> {
    source: &'s str,
    pieces: std::vec::IntoIter<Piece>,
    builder: Builder,
    /// Macros so far, to notice one inside a capture.
    n_macros: usize,
    /// Names of blocks so far.
    blocks: BTreeSet<String>,
}

/// A block tag: its name and what is behind it.
#[derive(Debug, Clone)]
struct Tag {
    name: String,
    rest: Range<usize>,
    at: usize,
}

impl Tag {
    fn unexpected(&self, expected: &[&str]) -> crate::error::Fault {
        let name = quoted(&self.name);
        let message = if expected.is_empty() {
            format!("{name} without the tag it belongs to")
        } else {
            format!("unexpected {name}: expected `{}`", expected.join("`, `"))
        };
        syntax(message, self.at)
    }
}

impl<'s> Parser<'s> {
    /// Statements up to one of the tags in `stops`, or to the end of the source.
    fn body(&mut self, stops: &[&str]) -> Result<(Body, Option<Tag>)> {
        self.builder.enter()?;
        let mut body = Body::new();
        let mut stop = None;
        while let Some(piece) = self.pieces.next() {
            match piece {
                Piece::Text(text) => self.push(&mut body, StmtKind::Text(text.into()), 0)?,
                Piece::Output { code, at } => {
                    let expr = self.expression(code)?.whole()?;
                    self.push(&mut body, StmtKind::Output(expr), at)?;
                }
                Piece::Block { code, at } => {
                    let tag = self.tag(code, at);
                    if stops.contains(&tag.name.as_str()) {
                        Self::check_rest(&tag)?;
                        stop = Some(tag);
                        break;
                    }
                    let kind = self.statement(&tag, stops)?;
                    self.push(&mut body, kind, at)?;
                }
            }
        }
        self.builder.leave();
        Ok((body, stop))
    }

    /// Statements up to one of the tags in `stops`, which must come.
    fn closed_body(&mut self, opening: &Tag, stops: &[&str]) -> Result<(Body, Tag)> {
        let (body, stop) = self.body(stops)?;
        let expected = stops.last().copied().unwrap_or_default();
        let stop = stop.ok_or_else(|| {
            let message = format!("{} has no `{expected}`", quoted(&opening.name));
            syntax(message, opening.at)
        })?;
        Ok((body, stop))
    }

    fn push(&mut self, body: &mut Body, kind: StmtKind, at: usize) -> Result<()> {
        self.builder.count()?;
        body.push(Stmt {
            kind,
            at: offset(at),
        });
        Ok(())
    }

    fn tag(&self, code: Range<usize>, at: usize) -> Tag {
        let text = &self.source[code.clone()];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let len = if text.starts_with(|c: char| c.is_ascii_digit()) {
            0
        } else {
            text.bytes().take_while(is_name).count()
        };
        let rest = &text[len..];
        let start = code.start + len + rest.len()
            - rest.trim_start_matches(crate::lexer::is_code_space).len();
        Tag {
            name: text[..len].to_owned(),
            rest: start..code.end,
            at,
        }
    }

    fn check_rest(tag: &Tag) -> Result<()> {
        if tag.rest.is_empty() || INNER_TAGS_WITH_REST.contains(&tag.name.as_str()) {
            return Ok(());
        }
        let message = format!("nothing may follow {} in its tag", quoted(&tag.name));
        Err(syntax(message, tag.rest.start))
    }

    fn statement(&mut self, tag: &Tag, stops: &[&str]) -> Result<StmtKind> {
        match tag.name.as_str() {
            "if" => self.if_statement(tag),
            "for" => self.for_statement(tag),
            "set" => self.set_statement(tag),
            "macro" => self.macro_statement(tag),
            "call" => self.call_statement(tag),
            "filter" => self.filter_statement(tag),
            "block" => self.block_statement(tag),
            "switch" => self.switch_statement(tag),
            "" => Err(syntax("a block tag needs a name", tag.at)),
            name if INNER_TAGS.contains(&name) => Err(tag.unexpected(stops)),
            name if LOADING_TAGS.contains(&name) => {
                let message = format!("`{name}`: a template cannot load another one");
                Err(syntax(message, tag.at))
            }
            name => {
                let hint = did_you_mean(name, TAGS);
                Err(syntax(
                    format!("unknown tag {}{hint}", quoted(name)),
                    tag.at,
                ))
            }
        }
    }

    fn expression(&mut self, code: Range<usize>) -> Result<ExprParser<'_, 's>> {
        ExprParser::new(&mut self.builder, self.source, code)
    }
}
