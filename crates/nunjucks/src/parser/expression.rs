//! Expressions, by recursive descent.
//!
//! From weak to strong: `if else`, `or`, `and`, `not`, `in`, `is`, `==`, `<`, `+ - ~`,
//! `* / // %`, `**`, `|`, unary `+ -`, and what follows an operand (`.a`, `[a]`, `(a)`).

use std::ops::Range;

use crate::ast::{
    Arguments, Binary, Comparison, Expr, ExprId, FilterCall, Name, Parameter, RegexLiteral,
    SliceRange, TestCall, Unary,
};
use crate::error::{Fault, Result, offset, quoted, syntax};
use crate::lexer::{Token, TokenKind, tokenize};
use crate::number;

use super::build::Builder;
use super::statement::required;

/// Names that would lead out of the data in JavaScript.
const RESERVED: [&str; 3] = ["constructor", "prototype", "__proto__"];
const LITERALS: [&str; 4] = ["true", "false", "null", "none"];

/// Whether a name is refused everywhere.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

pub(super) struct ExprParser<'b, 's> {
    builder: &'b mut Builder,
    tokens: Vec<Token<'s>>,
    index: usize,
}

impl<'b, 's> ExprParser<'b, 's> {
    pub(super) fn new(
        builder: &'b mut Builder,
        source: &'s str,
        code: Range<usize>,
    ) -> Result<Self> {
        Ok(Self {
            builder,
            tokens: tokenize(source, code)?,
            index: 0,
        })
    }

    /// One expression and nothing else.
    pub(super) fn whole(mut self) -> Result<ExprId> {
        let expr = self.expression()?;
        self.end()?;
        Ok(expr)
    }

    /// Names with commas between them.
    pub(super) fn names(mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        loop {
            let at = self.at();
            let name = self.name()?;
            if LITERALS.contains(&name) {
                return Err(syntax(format!("`{name}` cannot be assigned to"), at));
            }
            names.push(name.to_owned());
            if !self.takes(",") {
                self.end()?;
                return Ok(names);
            }
        }
    }

    /// The parameters of a macro and the closing parenthesis; binds them.
    pub(super) fn parameters(mut self) -> Result<Vec<Parameter>> {
        let mut required_ones = Vec::new();
        let mut defaults = Vec::new();
        if !self.takes(")") {
            loop {
                let at = self.at();
                let name = self.name()?;
                if LITERALS.contains(&name) {
                    return Err(syntax("a parameter needs a name", at));
                }
                if self.takes("=") {
                    let default = self.expression()?;
                    defaults.push(Parameter::Default(name.into(), default));
                } else {
                    required_ones.push(required(&mut self.builder.slots, name));
                }
                if !self.takes(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.end()?;
        required_ones.extend(defaults);
        Ok(required_ones)
    }

    /// A filter with its arguments, applied to `input`.
    pub(super) fn filter_of(mut self, input: ExprId) -> Result<ExprId> {
        let expr = self.filter(input)?;
        self.end()?;
        Ok(expr)
    }

    fn expression(&mut self) -> Result<ExprId> {
        let then = self.or()?;
        if !self.takes_word("if") {
            return Ok(then);
        }
        let condition = self.or()?;
        let otherwise = if self.takes_word("else") {
            Some(self.nested(Self::or)?)
        } else {
            None
        };
        let at = self.builder.place(then);
        self.builder.add(
            Expr::If {
                condition,
                then,
                otherwise,
            },
            at,
        )
    }

    fn or(&mut self) -> Result<ExprId> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            let right = self.and()?;
            left = self
                .builder
                .add(Expr::Or(left, right), self.builder.place(left))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<ExprId> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            let right = self.not()?;
            left = self
                .builder
                .add(Expr::And(left, right), self.builder.place(left))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<ExprId> {
        let at = self.at();
        if self.takes_word("not") {
            let target = self.nested(Self::not)?;
            return self.builder.negate(target, at);
        }
        self.membership()
    }

    fn membership(&mut self) -> Result<ExprId> {
        let mut left = self.test()?;
        loop {
            let is_negated = self.is_word(0, "not") && self.is_word(1, "in");
            if is_negated {
                self.index += 2;
            } else if !self.takes_word("in") {
                return Ok(left);
            }
            let at = self.builder.place(left);
            let container = self.test()?;
            let needle = left;
            left = self.builder.add(Expr::In { needle, container }, at)?;
            if is_negated {
                left = self.builder.add(Expr::Unary(Unary::Not, left), at)?;
            }
        }
    }

    fn test(&mut self) -> Result<ExprId> {
        let input = self.equality()?;
        if !self.takes_word("is") {
            return Ok(input);
        }
        let is_negated = self.takes_word("not");
        let right = self.equality()?;
        let at = self.builder.place(right);
        let (name, arguments) = self.test_name(right);
        let call = TestCall {
            input,
            name,
            at: offset(at),
            arguments,
        };
        let test = self.builder.add(Expr::Test(Box::new(call)), at)?;
        if is_negated {
            let at = self.builder.place(input);
            return self.builder.add(Expr::Unary(Unary::Not, test), at);
        }
        Ok(test)
    }

    /// What is on the right of `is` names a test; anything that is no name is test `undefined`.
    fn test_name(&mut self, right: ExprId) -> (Box<str>, Option<Arguments>) {
        match self.builder.take(right) {
            Expr::Call { target, arguments } => {
                let name = self.builder.take(target);
                (test_word(&name), Some(*arguments))
            }
            Expr::Filter(filter) => (filter.name, Some(filter.arguments)),
            expr => (test_word(&expr), None),
        }
    }

    fn equality(&mut self) -> Result<ExprId> {
        let first = self.relation()?;
        self.comparisons(first, Self::relation, |operator| match operator {
            "==" => Some(Comparison::Equal),
            "===" => Some(Comparison::Identical),
            "!=" => Some(Comparison::NotEqual),
            "!==" => Some(Comparison::NotIdentical),
            _ => None,
        })
    }

    fn relation(&mut self) -> Result<ExprId> {
        let first = self.sum()?;
        self.comparisons(first, Self::sum, |operator| match operator {
            "<" => Some(Comparison::Less),
            "<=" => Some(Comparison::LessOrEqual),
            ">" => Some(Comparison::Greater),
            ">=" => Some(Comparison::GreaterOrEqual),
            _ => None,
        })
    }

    fn comparisons(
        &mut self,
        first: ExprId,
        operand: fn(&mut Self) -> Result<ExprId>,
        comparison: fn(&str) -> Option<Comparison>,
    ) -> Result<ExprId> {
        let mut rest = Vec::new();
        while let Some(operator) = self.operator().and_then(comparison) {
            self.index += 1;
            rest.push((operator, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let at = self.builder.place(first);
        self.builder.add(Expr::Compare(first, rest), at)
    }

    fn sum(&mut self) -> Result<ExprId> {
        let mut left = self.product()?;
        loop {
            let operator = match self.operator() {
                Some("+") => Binary::Add,
                Some("-") => Binary::Subtract,
                Some("~") => Binary::Concat,
                _ => return Ok(left),
            };
            self.index += 1;
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
    }

    /// `*`, `/` and `%` from left to right, but `//` rounds its own term only.
    fn product(&mut self) -> Result<ExprId> {
        let (first, divisors) = self.floored_term()?;
        let mut left = self.remainders(first, &divisors)?;
        loop {
            let operator = match self.operator() {
                Some("*") => Binary::Multiply,
                Some("/") => Binary::Divide,
                _ => return Ok(left),
            };
            self.index += 1;
            let (right, divisors) = self.floored_term()?;
            left = self.binary(operator, left, right)?;
            left = self.remainders(left, &divisors)?;
        }
    }

    /// A term with `//`, and the divisors of the `%` behind it.
    fn floored_term(&mut self) -> Result<(ExprId, Vec<ExprId>)> {
        let (mut first, mut divisors) = self.remainder_term()?;
        while self.takes("//") {
            let (right, more) = self.remainder_term()?;
            let left = self.remainders(first, &divisors)?;
            let quotient = self.binary(Binary::Divide, left, right)?;
            let quotient = self.remainders(quotient, &more)?;
            let at = self.builder.place(quotient);
            first = self.builder.add(Expr::Unary(Unary::Floor, quotient), at)?;
            divisors.clear();
        }
        Ok((first, divisors))
    }

    fn remainder_term(&mut self) -> Result<(ExprId, Vec<ExprId>)> {
        let first = self.power()?;
        let mut divisors = Vec::new();
        while self.takes("%") {
            divisors.push(self.power()?);
        }
        Ok((first, divisors))
    }

    fn remainders(&mut self, first: ExprId, divisors: &[ExprId]) -> Result<ExprId> {
        divisors.iter().try_fold(first, |left, divisor| {
            self.binary(Binary::Remainder, left, *divisor)
        })
    }

    fn power(&mut self) -> Result<ExprId> {
        let mut left = self.filtered()?;
        while self.takes("**") {
            let right = self.filtered()?;
            left = self.binary(Binary::Power, left, right)?;
        }
        Ok(left)
    }

    fn binary(&mut self, operator: Binary, left: ExprId, right: ExprId) -> Result<ExprId> {
        let at = self.builder.place(left);
        self.builder.add(Expr::Binary(operator, left, right), at)
    }

    fn filtered(&mut self) -> Result<ExprId> {
        let mut expr = self.signed()?;
        while self.takes("|") {
            expr = self.filter(expr)?;
        }
        Ok(expr)
    }

    fn filter(&mut self, input: ExprId) -> Result<ExprId> {
        let at = self.at();
        let mut name = self.name()?.to_owned();
        while self.takes(".") {
            name.push('.');
            name.push_str(self.name()?);
        }
        let mut arguments = if self.takes("(") {
            self.nested(Self::arguments)?
        } else {
            Arguments::default()
        };
        arguments.positional.insert(0, input);
        let call = FilterCall {
            name: name.into(),
            arguments,
        };
        self.builder.add(Expr::Filter(Box::new(call)), at)
    }

    fn signed(&mut self) -> Result<ExprId> {
        let at = self.at();
        let sign = match self.operator() {
            Some("-") => Unary::Minus,
            Some("+") => Unary::Plus,
            _ => return self.postfix(),
        };
        self.index += 1;
        let target = self.nested(Self::signed)?;
        if matches!(self.builder.expr(target), Expr::Unary(inner, _) if *inner == sign) {
            return Err(syntax("the same sign twice needs parentheses", at));
        }
        self.builder.add(Expr::Unary(sign, target), at)
    }

    fn postfix(&mut self) -> Result<ExprId> {
        let mut expr = self.operand()?;
        loop {
            let at = self.at();
            if self.takes(".") {
                let at = self.at();
                let name = self.name()?;
                let key = self.builder.add(Expr::Text(name.into()), at)?;
                expr = self.builder.add(Expr::Member { target: expr, key }, at)?;
            } else if self.takes("[") {
                expr = self.nested(|parser| parser.subscript(expr))?;
                self.expect("]")?;
            } else if self.takes("(") {
                let arguments = Box::new(self.nested(Self::arguments)?);
                let at = self.builder.place(expr).min(at);
                let target = expr;
                expr = self.builder.add(Expr::Call { target, arguments }, at)?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn subscript(&mut self, target: ExprId) -> Result<ExprId> {
        let at = self.at();
        let start = self.slice_bound()?;
        if !self.takes(":") {
            let key = start.ok_or_else(|| syntax("expected an index", at))?;
            if let Expr::Text(name) = self.builder.expr(key) {
                check_name(name, at)?;
            }
            return self.builder.add(Expr::Member { target, key }, at);
        }
        let stop = self.slice_bound()?;
        let step = if self.takes(":") && self.operator() != Some("]") {
            Some(self.expression()?)
        } else {
            None
        };
        let range = SliceRange { start, stop, step };
        self.builder.add(Expr::Slice { target, range }, at)
    }

    fn slice_bound(&mut self) -> Result<Option<ExprId>> {
        if matches!(self.operator(), Some(":" | "]")) {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    fn operand(&mut self) -> Result<ExprId> {
        let at = self.at();
        let token = self.tokens[self.index].kind.clone();
        match token {
            TokenKind::Operator("(") => self.group(at),
            TokenKind::Operator("[") => {
                self.index += 1;
                let items = self.nested(|parser| parser.items("]"))?;
                self.builder.add(Expr::List(items), at)
            }
            TokenKind::Operator("{") => {
                self.index += 1;
                let pairs = self.nested(Self::pairs)?;
                self.builder.add(Expr::Dict(pairs), at)
            }
            TokenKind::Operator(_) | TokenKind::End => Err(self.unexpected("a value")),
            TokenKind::Number(number) => self.literal(Expr::Number(number), at),
            TokenKind::Text(text) => self.literal(Expr::Text(text.into()), at),
            TokenKind::Regex(regex) => {
                let regex = RegexLiteral {
                    source: regex.source.into(),
                    flags: regex.flags.into(),
                };
                self.literal(Expr::Regex(Box::new(regex)), at)
            }
            TokenKind::Name("true") => self.literal(Expr::Bool(true), at),
            TokenKind::Name("false") => self.literal(Expr::Bool(false), at),
            TokenKind::Name("null" | "none") => self.literal(Expr::Null, at),
            TokenKind::Name(name) => {
                check_name(name, at)?;
                let name = Name {
                    slot: self.builder.slot(name),
                    text: name.into(),
                };
                self.literal(Expr::Name(name), at)
            }
        }
    }

    fn literal(&mut self, expr: Expr, at: usize) -> Result<ExprId> {
        self.index += 1;
        self.builder.add(expr, at)
    }

    fn group(&mut self, at: usize) -> Result<ExprId> {
        self.index += 1;
        let items = self.nested(|parser| parser.items(")"))?;
        if items.is_empty() {
            return Err(syntax("there is nothing between the parentheses", at));
        }
        self.builder.add(Expr::Group(items), at)
    }

    /// Expressions with commas between them, up to `end`.
    fn items(&mut self, end: &str) -> Result<Vec<ExprId>> {
        let mut items = Vec::new();
        if self.takes(end) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            if !self.takes(",") {
                self.expect(end)?;
                return Ok(items);
            }
        }
    }

    fn pairs(&mut self) -> Result<Vec<(Box<str>, ExprId)>> {
        let mut pairs = Vec::new();
        if self.takes("}") {
            return Ok(pairs);
        }
        loop {
            let at = self.at();
            let key: Box<str> = match &self.tokens[self.index].kind {
                TokenKind::Name(name) if !LITERALS.contains(name) => (*name).into(),
                TokenKind::Text(text) => text.as_ref().into(),
                _ => return Err(self.unexpected("a name or a text as key")),
            };
            check_name(&key, at)?;
            self.index += 1;
            self.expect(":")?;
            pairs.push((key, self.expression()?));
            if !self.takes(",") {
                self.expect("}")?;
                return Ok(pairs);
            }
        }
    }

    fn arguments(&mut self) -> Result<Arguments> {
        let mut arguments = Arguments::default();
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            if let (Some(name), true) = (self.word(0), self.is_operator(1, "=")) {
                check_name(name, self.at())?;
                self.index += 2;
                let value = self.expression()?;
                arguments.keyword.push((name.into(), value));
            } else {
                arguments.positional.push(self.expression()?);
            }
            if !self.takes(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.builder
            .enter()
            .map_err(|fault| fault.at(offset(self.at())))?;
        let parsed = parse(self)?;
        self.builder.leave();
        Ok(parsed)
    }

    fn at(&self) -> usize {
        self.tokens[self.index].span.start
    }

    fn operator(&self) -> Option<&'s str> {
        match self.tokens[self.index].kind {
            TokenKind::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    fn is_operator(&self, ahead: usize, operator: &str) -> bool {
        let token = self.tokens.get(self.index + ahead);
        matches!(token.map(|token| &token.kind), Some(TokenKind::Operator(it)) if *it == operator)
    }

    fn word(&self, ahead: usize) -> Option<&'s str> {
        match self.tokens.get(self.index + ahead)?.kind {
            TokenKind::Name(name) => Some(name),
            _ => None,
        }
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.word(ahead) == Some(word)
    }

    fn takes(&mut self, operator: &str) -> bool {
        let is_next = self.operator() == Some(operator);
        self.index += usize::from(is_next);
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(0, word);
        self.index += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, operator: &str) -> Result<()> {
        if self.takes(operator) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{operator}`")))
    }

    fn end(&self) -> Result<()> {
        match self.tokens[self.index].kind {
            TokenKind::End => Ok(()),
            _ => Err(self.unexpected("the end")),
        }
    }

    fn name(&mut self) -> Result<&'s str> {
        let at = self.at();
        let name = self.word(0).ok_or_else(|| self.unexpected("a name"))?;
        check_name(name, at)?;
        self.index += 1;
        Ok(name)
    }

    fn unexpected(&self, expected: &str) -> Box<Fault> {
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

fn check_name(name: &str, at: usize) -> Result<()> {
    if is_reserved(name) {
        return Err(syntax(format!("the name `{name}` is reserved"), at));
    }
    Ok(())
}

fn test_word(expr: &Expr) -> Box<str> {
    match expr {
        Expr::Name(name) => name.text.clone(),
        Expr::Text(text) => text.clone(),
        Expr::Null => "null".into(),
        Expr::Bool(value) => value.to_string().into(),
        Expr::Number(number) => number::to_text(*number).into(),
        _ => "undefined".into(),
    }
}
