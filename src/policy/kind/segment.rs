//! `[segment.NAME]`: customers who are in or out, with memory.

use super::data::RawData;
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{Best, Segment};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula};
use crate::policy::names::Scope;
use crate::policy::raw::{Key, Part, Reader, form, key};

/// Keys of `[segment.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("when", form::CONDITION, "Who is in.").needed(),
    key("leave_when", form::CONDITION, "Who leaves; they don't enter either. Default: not `when`."),
    key("enter_after", form::DURATION, "`when` must hold this long, as seen by runs, before it counts."),
    key("leave_after", form::DURATION, "Likewise for leaving."),
    key("best", form::table(&BEST_PART), "Only the best so many."),
    key("data", form::DATA, "Known while in the segment, as `NAME.data.KEY`."),
];

/// Keys of `best`.
pub(crate) static BEST: &[Key] = &[
    key("count", form::whole(1, 10_000_000), "How many places there are.").needed(),
    key("by", form::NUMBER_EXPRESSION, "Who comes first: the greatest; ties by id.").needed(),
];

/// `best` as a part of a segment.
static BEST_PART: Part = Part { title: "best", keys: BEST, constraints: &[] };

/// As written.
#[derive(Debug)]
pub(crate) struct RawSegment {
    when: Option<Formula>,
    leave_when: Option<Formula>,
    enter_after: Option<Duration>,
    leave_after: Option<Duration>,
    best: Option<RawBest>,
    /// What it carries.
    pub(crate) data: RawData,
}

#[derive(Debug)]
struct RawBest {
    count: Option<usize>,
    by: Option<Formula>,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawSegment {
    RawSegment {
        when: reader.required("when", Formula::read(reader, "when")),
        leave_when: Formula::read(reader, "leave_when"),
        enter_after: reader.duration("enter_after").map(|after| after.value),
        leave_after: reader.duration("leave_after").map(|after| after.value),
        best: reader.table("best").map(|best| read_best(&best)),
        data: RawData::read(reader),
    }
}

fn read_best(reader: &Reader<'_>) -> RawBest {
    let count = reader.required("count", reader.whole("count"));
    RawBest {
        count: count.and_then(|count| usize::try_from(count).ok()),
        by: reader.required("by", Formula::read(reader, "by")),
    }
}

impl RawSegment {
    /// Its expressions.
    pub(crate) fn formulas(&self) -> Vec<&Formula> {
        let best = self.best.iter().flat_map(|best| &best.by);
        self.when.iter().chain(&self.leave_when).chain(best).collect()
    }

    /// Checks it.
    pub(crate) fn check(&self, class: usize, context: Context<'_>) -> Option<Segment> {
        let when = self.when.as_ref().and_then(|when| when.check(context, Scope::Customer, &Expected::Bool));
        let leave_when = optional(self.leave_when.as_ref(), context, &Expected::Bool);
        let best = self.best.as_ref().map(|best| {
            let by = best.by.as_ref().and_then(|by| by.check(context, Scope::Customer, &Expected::Number))?;
            Some(Best { count: best.count?, by })
        });
        let best = match best {
            Some(None) => return None,
            Some(Some(best)) => Some(best),
            None => None,
        };
        let (when, leave_when) = (when?, leave_when.ok()?);
        self.warn_nobody_enters(&when, leave_when.as_ref(), context);
        Some(Segment {
            class,
            when,
            leave_when,
            enter_after: self.enter_after,
            leave_after: self.leave_after,
            best,
            data: self.data.compiled(),
        })
    }

    fn warn_nobody_enters(&self, when: &Expression, leave_when: Option<&Expression>, context: Context<'_>) {
        let (Some(leave_when), Some(leave), Some(enter)) = (leave_when, &self.leave_when, &self.when) else {
            return;
        };
        // That one of the two never or always holds is said of it alone.
        let is_odd = !context.can_be(&[when], &[]) || !context.can_be(&[], &[leave_when]);
        if !is_odd && !context.can_be(&[when], &[leave_when]) {
            context
                .sink
                .problem(
                    &codes::together::NOBODY_ENTERS,
                    &leave.text.place,
                    "this holds wherever `when` does, so nobody enters",
                )
                .related(&enter.text.place, "who enters")
                .help("let it fail for those who have just come in")
                .report();
        }
    }
}

/// What has been reported already.
#[derive(Debug)]
pub(crate) struct InError;

/// Checks an expression that may be absent.
pub(crate) fn optional(
    formula: Option<&Formula>,
    context: Context<'_>,
    expected: &Expected,
) -> Result<Option<Expression>, InError> {
    match formula {
        None => Ok(None),
        Some(formula) => formula.check(context, Scope::Customer, expected).map(Some).ok_or(InError),
    }
}
