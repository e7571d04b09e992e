//! The operations of a program.

use std::sync::Arc;

use crate::model::Duration;
use crate::policy::compiled::{Fades, Take, Window};
use crate::policy::expression::builtin::Builtin;
use crate::policy::expression::builtin::compute::Arithmetic;
use crate::policy::expression::tree::Binary;

/// What the rows of a column are; the later in order, the finer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::evaluate) enum Space {
    /// One row for the whole run: constants.
    Run,
    /// The customers of the batch.
    Customer,
    /// The batch's events of a kind.
    Event(usize),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::evaluate) enum Kind {
    Number,
    Flag,
    Code,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::evaluate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a call is made on, where its meaning hangs on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::evaluate) enum On {
    Number,
    Date,
    Time,
}

/// A ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::evaluate) struct Book {
    pub(in crate::evaluate) fades: Fades,
    /// The event kind of each entry.
    pub(in crate::evaluate) kinds: Vec<usize>,
}

impl Book {
    /// Whether events of several kinds are to be put in order.
    pub(in crate::evaluate) fn is_mixed(&self) -> bool {
        self.kinds.windows(2).any(|pair| pair.first() != pair.last())
    }
}

/// One operation. Operands are the node's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::evaluate) enum Op {
    /// A constant, by its bits.
    Number(u64),
    Flag(bool),
    /// A word of the program, by index.
    Word(usize),
    /// What only the moment of the run tells.
    Moment(Builtin),
    Id,
    KnownSince,
    CustomerField(usize),
    EventAt,
    EventField(usize),
    EventId,
    /// One row a row of the node's space, from a coarser one.
    Spread,
    /// Of two numbers, dates or times.
    Arithmetic(Arithmetic, Binary),
    /// The lesser of two numbers.
    Least,
    /// The greater of two numbers.
    Greatest,
    /// A function of one number, date or time.
    Function(Builtin, On),
    /// A function of several numbers.
    FunctionOfSeveral(Builtin),
    /// Of numbers, dates or times.
    Compare(Comparison),
    /// Of texts by code point.
    CompareText(Comparison),
    /// Whether two codes are the same; `true`: whether they differ.
    Differ(bool),
    /// Whether two truths are the same; `true`: whether they differ.
    FlagsDiffer(bool),
    And,
    Or,
    Not,
    Known,
    CountKnown,
    /// Condition, value where it holds, value elsewhere.
    Choose,
    Coalesce,
    /// Text of a text.
    Text(Builtin),
    /// Number of a text.
    TextNumber(Builtin),
    /// Truth of two texts.
    TextTest(Builtin),
    Concatenate,
    /// A number of the customer's by a salt (a word of the program).
    PerCustomer(Builtin, usize),
    /// A function of a script. Operands: its arguments, then where it is called if not everywhere.
    Script {
        /// Index in [`Compiled::functions`](crate::policy::Compiled::functions).
        function: usize,
        /// How many.
        arguments: usize,
    },
    /// Which events lie in a window.
    Window(Window, Option<Duration>),
    /// Which events no other has followed; the kind that follows. Operands: the fields that must be
    /// the same, one over each kind, or none.
    Unanswered(usize),
    /// Events to one row a customer. Operands: which events, and of what unless only they count.
    Aggregate(Take),
    /// Sum or mean weighted by age: the half life in milliseconds and the shift of the window. Operands as for [`Op::Aggregate`].
    Fading(Take, i64, Option<Duration>),
    /// What a ledger holds for each customer. Operands: of each entry which events and how much each puts
    /// in; then, if they are of several kinds, of each entry the ids of its events.
    Balance(Book),
    /// What of a ledger lapses. Operands: within how many days, then as for [`Op::Balance`].
    Lapsing(Book),
    /// The rank in the population of a cut point. Operands: of what, and among whom if said.
    Rank(usize),
    /// Decides the class. Operands: what its definition names, in its order.
    Decide(usize),
    /// Who holds a place of a segment with `best` (`true`), or would like one (`false`). Operands as for [`Op::Decide`].
    Contends(usize, bool),
    /// The class's value. Operand: its decision.
    Place(usize),
    /// The data of the class's place under a key, one constant a place. Operand: its decision.
    PlaceData(usize, Arc<str>),
    /// Whether at this level or above. Operand: the decision.
    AtLeast(usize, u16),
    /// Since when the place is held. Operand: the decision.
    PlaceSince(usize),
    /// The place before. Operand: the decision.
    PlaceBefore(usize),
}
