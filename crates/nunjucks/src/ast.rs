//! The parsed template.
//!
//! Expressions live in one list and name each other by index: a long chain of operators is deep,
//! but neither dropping nor searching the tree has to follow that depth.

/// A whole template.
#[derive(Debug, Default)]
pub(crate) struct Ast {
    /// Every expression of the template.
    pub exprs: Vec<ExprNode>,
    /// What the template does.
    pub root: Body,
    /// Number of slots of the outermost frame.
    pub n_slots: usize,
    /// Whether a method may be called that changes an array.
    pub mutates: bool,
}

/// Statements in order.
pub(crate) type Body = Vec<Stmt>;

/// Index of an expression in [`Ast::exprs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExprId(u32);

impl Ast {
    /// Adds an expression.
    pub(crate) fn add(&mut self, expr: Expr, at: u32) -> ExprId {
        let id = u32::try_from(self.exprs.len()).unwrap_or(u32::MAX);
        self.exprs.push(ExprNode { expr, at });
        ExprId(id)
    }

    /// An expression with its place.
    pub(crate) fn node(&self, id: ExprId) -> &ExprNode {
        &self.exprs[id.0 as usize]
    }

    /// An expression.
    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        &self.node(id).expr
    }

    /// An expression that is to be changed.
    pub(crate) fn expr_mut(&mut self, id: ExprId) -> &mut Expr {
        &mut self.exprs[id.0 as usize].expr
    }

    /// Takes an expression out of the tree, because it turned out to be something else.
    pub(crate) fn take(&mut self, id: ExprId) -> Expr {
        std::mem::replace(&mut self.exprs[id.0 as usize].expr, Expr::Null)
    }
}

impl ExprId {
    /// The index.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// An expression with the byte offset of its place in the source.
#[derive(Debug)]
pub(crate) struct ExprNode {
    pub expr: Expr,
    pub at: u32,
}

/// Where a name is kept that the source itself binds: loop variables, macros and their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// How many frames further out.
    pub up: u16,
    /// Index in that frame.
    pub index: u32,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    Regex(Box<RegexLiteral>),
    Name(Name),
    List(Vec<ExprId>),
    Group(Vec<ExprId>),
    Dict(Vec<(Box<str>, ExprId)>),
    Member {
        target: ExprId,
        key: ExprId,
    },
    Slice {
        target: ExprId,
        range: SliceRange,
    },
    /// `then if condition else otherwise`
    If {
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
    },
    Or(ExprId, ExprId),
    And(ExprId, ExprId),
    Unary(Unary, ExprId),
    Binary(Binary, ExprId, ExprId),
    /// Comparisons in a chain: the result of each is the left side of the next.
    Compare(ExprId, Vec<(Comparison, ExprId)>),
    /// `needle in container`
    In {
        needle: ExprId,
        container: ExprId,
    },
    /// `input is name(arguments)`
    Test(Box<TestCall>),
    /// `input | name(arguments)`; the input is the first positional argument.
    Filter(Box<FilterCall>),
    Call {
        target: ExprId,
        arguments: Box<Arguments>,
    },
    /// The text of a block, as the input of a filter.
    Capture(Body),
}

#[derive(Debug)]
pub(crate) struct Name {
    pub text: Box<str>,
    pub slot: Option<Slot>,
}

#[derive(Debug)]
pub(crate) struct RegexLiteral {
    pub source: Box<str>,
    pub flags: Box<str>,
}

#[derive(Debug)]
pub(crate) struct SliceRange {
    pub start: Option<ExprId>,
    pub stop: Option<ExprId>,
    pub step: Option<ExprId>,
}

#[derive(Debug)]
pub(crate) struct TestCall {
    pub input: ExprId,
    pub name: Box<str>,
    /// Place of the name.
    pub at: u32,
    pub arguments: Option<Arguments>,
}

#[derive(Debug)]
pub(crate) struct FilterCall {
    pub name: Box<str>,
    pub arguments: Arguments,
}

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub positional: Vec<ExprId>,
    pub keyword: Vec<(Box<str>, ExprId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
    Floor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Concat,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Identical,
    NotEqual,
    NotIdentical,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A statement with the byte offset of its tag.
#[derive(Debug)]
pub(crate) struct Stmt {
    pub kind: StmtKind,
    pub at: u32,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    Text(Box<str>),
    Output(ExprId),
    If {
        branches: Vec<(ExprId, Body)>,
        otherwise: Option<Body>,
    },
    For(Box<For>),
    Set {
        targets: Vec<Name>,
        value: SetValue,
    },
    Macro(Box<Macro>),
    Call(Box<CallBlock>),
    Block {
        body: Body,
        n_slots: usize,
    },
    Switch {
        subject: ExprId,
        cases: Vec<(ExprId, Body)>,
        otherwise: Option<Body>,
    },
}

#[derive(Debug)]
pub(crate) struct For {
    pub list: ExprId,
    pub targets: Vec<Name>,
    pub body: Body,
    pub otherwise: Option<Body>,
    /// Keeps the length of the list between runs of the same loop.
    pub length: Slot,
}

#[derive(Debug)]
pub(crate) enum SetValue {
    Expr(ExprId),
    Body(Body),
}

/// A macro, or the body of a call block.
#[derive(Debug)]
pub(crate) struct Macro {
    pub name: Name,
    pub parameters: Vec<Parameter>,
    pub body: Body,
    pub n_slots: usize,
}

#[derive(Debug)]
pub(crate) enum Parameter {
    Required(Name),
    Default(Box<str>, ExprId),
}

#[derive(Debug)]
pub(crate) struct CallBlock {
    pub target: ExprId,
    pub arguments: Arguments,
    pub caller: Macro,
}
