//! Why a customer stands where they stand, and what will change: the tree down to fields and events.
//!
//! Nothing is decided here. Values and places come from the columns that runs use ([`Lens`]), the truth of each part of
//! a condition from the plain evaluator over them ([`Tracer`]), what guards and cadences say from their own functions.

mod cadence;
mod forecast;
mod guard;
mod happened;
mod overview;
mod personal;
mod rule;
mod subject;
mod tell;
mod topic;
mod trace;
mod trigger;
mod uses;
mod value;
mod words;

pub use forecast::{Cause, Change, Forecast, Passed};
pub use guard::ground_name;
pub use happened::{Booked, Counted, Entry, Example};
pub use overview::{Holds, Overview, Stands};
pub use personal::is_personal;
pub use rule::{
    ActionNow, EnrolmentTree, Memory, Move, Occasion, Reason, RuleTree, Saying, StepTree, TouchTree,
};
pub use subject::{Lens, Standing, Subject, each_expression};
pub use tell::{Answer, ExplainError, Explanation, Named, Question, explain, known};
pub use topic::{Topic, TopicError};
pub use trace::{Compared, Given, Part, Tracer};
pub use value::{Clock, Condition, CutTree, StandingTree, ValueTree};
