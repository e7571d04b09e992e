//! Whether a customer is enrolled.

use chrono_tz::Tz;

use super::due::is_over;
use super::moved::{Moved, listed, moved, redistanced};
use super::stagger::stagger;
use super::timeline::{Rhythm, Timeline};
use crate::model::enrolment::{DAYS, Distance, Enrolment, YEARLY};
use crate::model::{Duration, Timestamp, Type};
use crate::policy::Compiled;
use crate::policy::compiled::{Anchor, Cadence, CadenceStep, Reenter, Repeat};

/// What a cadence's table says, as far as time goes by it.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The cadence.
    pub name: &'a str,
    /// How cycles follow each other.
    pub rhythm: Rhythm<'a>,
    /// What they count from.
    pub start: Start,
    /// The zone of local days.
    pub zone: Tz,
    /// Enrolments are spread over so many milliseconds.
    pub stagger: i64,
    /// Whether an enrolment may follow one that ended.
    pub reenter: Reenter,
    /// A step found later than this is not sent.
    pub grace: Duration,
    /// The steps of each cycle.
    pub steps: &'a [CadenceStep],
}

/// What the cycles of a cadence count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The enrolment.
    Enrolment,
    /// A time of the customer's.
    Time,
    /// A date of the customer's.
    Date,
    /// Days of a calendar.
    Days,
    /// An event, at an instant.
    Event,
    /// An event, on a date.
    EventDate,
}

/// What was seen of a customer.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Whose; the id that chance goes by.
    pub customer: &'a str,
    /// Whether enrolled customers stay so.
    pub standing: Standing,
    /// The customer's date or time, of a cadence that counts from it.
    pub anchor: Option<Timestamp>,
    /// The greatest number of an enrolment so far, 0 where there was none.
    pub last_number: u32,
    /// The instant decided for.
    pub now: Timestamp,
    /// The real time, for the grace.
    pub started: Timestamp,
    /// Whether the cadence was edited, or slept, since it last saw this customer.
    pub changed: Changed,
}

/// What became of the cadence since the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Nothing.
    No,
    /// It, or what it uses, was edited.
    Edited,
    /// It was removed or disabled for a time.
    Slept,
}

/// Where a customer stands with regard to a cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the audience.
    In,
    /// Not in it.
    Out,
    /// In it or not, `stop_when` holds.
    Stopped,
}

/// Why an enrolment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last step has passed.
    Completed,
    /// The customer is no longer in the audience.
    Left,
    /// `stop_when` holds.
    Stopped,
    /// The date or time it counts from is missing.
    AnchorMissing,
    /// The date or time it counts from moved by 30 days or more.
    AnchorMoved,
}

impl End {
    /// In words, for the store and for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Left => "left the audience",
            Self::Stopped => "stop_when holds",
            Self::AnchorMissing => "its anchor is missing",
            Self::AnchorMoved => "its anchor moved by 30 days or more",
        }
    }
}

/// What a cadence decided about one customer, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not enrolled, and not to be.
    Outside,
    /// Ended, and stays so.
    Rests,
    /// Ended, stays so, and the date it counts from moved with it.
    RestsMoved(Base),
    /// Enrolled as before.
    Continues,
    /// Enrolled as before, but counted anew from elsewhere.
    Moves(Base),
    /// Ended before, and goes on in the same cycle.
    Resumes(Base),
    /// Is enrolled; where another enrolment goes on, that ends.
    Enrols {
        /// The how-manieth enrolment it is.
        number: u32,
        /// What it counts from.
        base: Base,
    },
    /// The enrolment ends.
    Ends(End),
}

/// What an enrolment counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// What the first cycle starts at.
    pub at: Timestamp,
    /// What is added to a cycle's place to give its number.
    pub offset: i64,
}

impl<'a> Terms<'a> {
    /// What a cadence's table says, as far as time goes by it.
    #[must_use]
    pub fn of(policy: &Compiled, cadence: &'a Cadence) -> Self {
        let is_date = |ty: Option<&Type>| matches!(ty, Some(Type::Date));
        let (start, listed) = match &cadence.anchor {
            Anchor::Enrolment => (Start::Enrolment, None),
            Anchor::Value(value) if is_date(Some(&value.root.ty)) => (Start::Date, None),
            Anchor::Value(_) => (Start::Time, None),
            Anchor::Days { days, .. } => (Start::Days, Some(&**days)),
            Anchor::Event { event, field, .. } => {
                let shape = policy.schema.events.get(*event);
                let field = field.and_then(|field| shape?.fields.get(field));
                (if is_date(field.map(|field| &field.ty)) { Start::EventDate } else { Start::Event }, None)
            }
        };
        let rhythm = match (listed, cadence.repeat) {
            (Some(days), _) => Rhythm::Days(days),
            (None, None) => Rhythm::Once,
            (None, Some(Repeat::Every(every))) => Rhythm::Every(every),
            (None, Some(Repeat::Yearly)) => Rhythm::Yearly,
        };
        Self {
            name: &cadence.name,
            rhythm,
            start,
            zone: policy.settings.timezone,
            stagger: cadence.stagger,
            reenter: cadence.reenter,
            grace: cadence.grace,
            steps: &cadence.steps,
        }
    }

    /// The cycles of an enrolment that counts from somewhere.
    #[must_use]
    pub const fn timeline(&self, base: Base) -> Timeline<'a> {
        Timeline {
            rhythm: self.rhythm,
            by_days: matches!(self.start, Start::Date | Start::Days | Start::EventDate),
            zone: self.zone,
            base: base.at,
            offset: base.offset,
        }
    }

    /// Whether it counts from something of the customer's.
    #[must_use]
    pub const fn is_anchored(&self) -> bool {
        matches!(self.start, Start::Time | Start::Date)
    }

    /// Whether each event enrols its customer.
    #[must_use]
    pub const fn is_for_events(&self) -> bool {
        matches!(self.start, Start::Event | Start::EventDate)
    }

    /// The distance of its cycles.
    #[must_use]
    pub fn distance(&self) -> Distance {
        match self.rhythm {
            Rhythm::Once => 0,
            Rhythm::Every(Duration::Fixed(every)) => every,
            Rhythm::Every(Duration::Months(months)) => -i64::from(months),
            Rhythm::Yearly => YEARLY,
            Rhythm::Days(_) => DAYS,
        }
    }

    /// Whether a step is found too late.
    #[must_use]
    pub fn is_late(&self, due: Timestamp, started: Timestamp) -> bool {
        self.grace.after(due, self.zone) < started
    }

    /// An instant before all that is within the grace.
    #[must_use]
    pub fn grace_start(&self, started: Timestamp) -> Timestamp {
        // Months hold at month ends, forth and back not alike.
        let slack = if self.grace.fixed().is_some() { 1 } else { 4 * crate::model::time::DAY };
        self.grace.before(started, self.zone).plus(-slack)
    }
}

impl Enrolment {
    /// What it counts from.
    #[must_use]
    pub const fn counts_from(&self) -> Base {
        Base { at: self.base, offset: self.offset }
    }
}

/// Decides whether a customer is enrolled. `former` is the customer's last enrolment.
#[must_use]
pub fn decide(former: Option<&Enrolment>, sight: &Sight<'_>, terms: &Terms<'_>) -> Verdict {
    let Some(former) = former else {
        return if sight.standing == Standing::In { enrols(sight, terms) } else { Verdict::Outside };
    };
    if former.ended.is_some() { ended(former, sight, terms) } else { going_on(former, sight, terms) }
}

fn enrols(sight: &Sight<'_>, terms: &Terms<'_>) -> Verdict {
    let number = sight.last_number.saturating_add(1);
    let base = match terms.start {
        Start::Enrolment => {
            Some(Base { at: sight.now.plus(stagger(terms.name, sight.customer, terms.stagger)), offset: 0 })
        }
        Start::Time | Start::Date => sight.anchor.map(|at| Base { at, offset: 0 }),
        Start::Days => listed(terms, sight.now),
        Start::Event | Start::EventDate => None,
    };
    let nothing_left =
        |base: &Base| is_over(&terms.timeline(*base), terms.steps, terms.grace_start(sight.started));
    match base {
        Some(base) if !nothing_left(&base) => Verdict::Enrols { number, base },
        _ => Verdict::Outside,
    }
}

fn going_on(former: &Enrolment, sight: &Sight<'_>, terms: &Terms<'_>) -> Verdict {
    match sight.standing {
        Standing::Stopped => return Verdict::Ends(End::Stopped),
        Standing::Out => return Verdict::Ends(End::Left),
        Standing::In => {}
    }
    if terms.is_anchored() && sight.anchor.is_none() {
        return Verdict::Ends(End::AnchorMissing);
    }
    match whither(former, sight, terms) {
        Moved::Not => Verdict::Continues,
        Moved::Within(base) => Verdict::Moves(base),
        Moved::Beyond => match enrols(sight, terms) {
            Verdict::Outside => Verdict::Ends(End::AnchorMoved),
            verdict => verdict,
        },
    }
}

fn ended(former: &Enrolment, sight: &Sight<'_>, terms: &Terms<'_>) -> Verdict {
    let anew = || match enrols(sight, terms) {
        Verdict::Outside => Verdict::Rests,
        verdict => verdict,
    };
    if sight.standing != Standing::In || (terms.is_anchored() && sight.anchor.is_none()) {
        return Verdict::Rests;
    }
    if !terms.is_anchored() && terms.start != Start::Days {
        let may = match terms.reenter {
            Reenter::Never => false,
            Reenter::Always => true,
            Reenter::After(wait) => former.ended.is_some_and(|at| wait.after(at, terms.zone) <= sight.now),
        };
        return if may { anew() } else { Verdict::Rests };
    }
    // Where the cadence was made to repeat, more is to come.
    let completed = former.reason.as_deref() == Some(End::Completed.as_str()) && terms.rhythm == Rhythm::Once;
    match whither(former, sight, terms) {
        Moved::Beyond => anew(),
        Moved::Not if completed => Verdict::Rests,
        Moved::Within(base) if completed => Verdict::RestsMoved(base),
        Moved::Not => Verdict::Resumes(former.counts_from()),
        Moved::Within(base) => Verdict::Resumes(base),
    }
}

/// Where an enrolment counts from now: the anchor may have moved, the distance or the days been edited.
fn whither(former: &Enrolment, sight: &Sight<'_>, terms: &Terms<'_>) -> Moved {
    let base = if former.distance == terms.distance() {
        former.counts_from()
    } else {
        redistanced(former, terms, sight.now)
    };
    let moved = moved(base, sight, terms);
    match moved {
        Moved::Not if base != former.counts_from() || former.distance != terms.distance() => {
            Moved::Within(base)
        }
        moved => moved,
    }
}
