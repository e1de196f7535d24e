//! Looking at tokens and taking them.

use crate::error::{Fault, Result, offset, quoted, syntax};
use crate::lexer::TokenKind;
use crate::number;

use super::expression::ExprParser;

/// Names that would lead out of the data in JavaScript.
const RESERVED: [&str; 3] = ["constructor", "prototype", "__proto__"];
/// Names that are values.
pub(super) const LITERALS: [&str; 4] = ["true", "false", "null", "none"];

/// Whether a name is refused everywhere.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

impl<'s> ExprParser<'_, 's> {
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.builder
            .enter()
            .map_err(|fault| fault.at(offset(self.at())))?;
        let parsed = parse(self)?;
        self.builder.leave();
        Ok(parsed)
    }

    pub(super) fn at(&self) -> usize {
        self.tokens[self.index].span.start
    }

    pub(super) fn operator(&self) -> Option<&'s str> {
        match self.tokens[self.index].kind {
            TokenKind::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    pub(super) fn is_operator(&self, ahead: usize, operator: &str) -> bool {
        let token = self.tokens.get(self.index + ahead);
        matches!(token.map(|token| &token.kind), Some(TokenKind::Operator(it)) if *it == operator)
    }

    pub(super) fn word(&self, ahead: usize) -> Option<&'s str> {
        match self.tokens.get(self.index + ahead)?.kind {
            TokenKind::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.word(ahead) == Some(word)
    }

    pub(super) fn takes(&mut self, operator: &str) -> bool {
        let is_next = self.operator() == Some(operator);
        self.index += usize::from(is_next);
        is_next
    }

    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(0, word);
        self.index += usize::from(is_next);
        is_next
    }

    pub(super) fn need(&mut self, operator: &str) -> Result<()> {
        if self.takes(operator) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{operator}`")))
    }

    pub(super) fn end(&self) -> Result<()> {
        match self.tokens[self.index].kind {
            TokenKind::End => Ok(()),
            _ => Err(self.unexpected("the end")),
        }
    }

    pub(super) fn name(&mut self) -> Result<&'s str> {
        let at = self.at();
        let name = self.word(0).ok_or_else(|| self.unexpected("a name"))?;
        check_name(name, at)?;
        self.index += 1;
        Ok(name)
    }

    pub(super) fn unexpected(&self, expected: &str) -> Fault {
        let found = match &self.tokens[self.index].kind {
            TokenKind::Name(name) => quoted(name),
            TokenKind::Operator(operator) => quoted(operator),
            TokenKind::Number(number) => quoted(&number::to_text(*number)),
            TokenKind::Text(_) => "a text".to_owned(),
            TokenKind::Regex(_) => "a regular expression".to_owned(),
            TokenKind::End => "the end".to_owned(),
        };
        syntax(format!("expected {expected}, found {found}"), self.at())
    }
}

/// Refuses reserved names.
pub(super) fn check_name(name: &str, at: usize) -> Result<()> {
    if is_reserved(name) {
        return Err(syntax(format!("the name `{name}` is reserved"), at));
    }
    Ok(())
}
