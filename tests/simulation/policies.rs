//! The policies of the simulated world: written from plain figures, which the oracle reads too, and edited by chance.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::chance::Chance;

/// The figures that edits change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    /// Days without an order after which the edited trigger fires.
    pub(crate) overdue_days: u64,
    /// Share of the top level, in percent.
    pub(crate) top: u64,
    /// Messages a customer may get within `cap_days`.
    pub(crate) cap: u64,
    pub(crate) cap_days: i64,
    pub(crate) cap_waits: bool,
    /// Local hours within which messages are sent.
    pub(crate) from: u32,
    pub(crate) until: u32,
    /// Calls of a manager a day.
    pub(crate) capacity: u64,
    /// Percent of them kept for important customers.
    pub(crate) reserve: u64,
    pub(crate) blast: u64,
    /// Whether the edited trigger and cadence are awake.
    pub(crate) overdue_awake: bool,
    pub(crate) care_awake: bool,
    /// The steps of the edited cadence: id, days after its start.
    pub(crate) steps: Vec<(u64, u64)>,
    /// How many steps there ever were: ids are not used again.
    pub(crate) steps_made: u64,
    /// A number in a payload: an edit that means nothing to anybody.
    pub(crate) wording: u64,
}

impl Figures {
    pub(crate) fn first() -> Self {
        Self {
            overdue_days: 30,
            top: 20,
            cap: 3,
            cap_days: 7,
            cap_waits: true,
            from: 9,
            until: 20,
            capacity: 3,
            reserve: 50,
            blast: 60,
            overdue_awake: true,
            care_awake: true,
            steps: vec![(1, 5), (2, 15), (3, 25)],
            steps_made: 3,
            wording: 0,
        }
    }

    /// One edit by chance.
    pub(crate) fn edit(&mut self, chance: &Chance) {
        // What sleeps doesn't sleep for long.
        if !(self.care_awake && self.overdue_awake) && chance.one_in(2) {
            (self.care_awake, self.overdue_awake) = (true, true);
            return;
        }
        match chance.below(13) {
            0 => self.overdue_days = 20 + chance.below(20),
            1 => self.top = 5 + chance.below(40),
            2 => (self.cap, self.cap_days) = (1 + chance.below(4), 2 + chance.upto(8)),
            3 => self.cap_waits = !self.cap_waits,
            4 => {
                let hours = [(9, 20), (8, 12), (14, 18), (20, 6), (22, 2)];
                (self.from, self.until) = *chance.pick(&hours);
            }
            5 => self.capacity = 1 + chance.below(5),
            6 => self.reserve = 10 * (1 + chance.below(9)),
            7 => self.blast = 20 + chance.below(80),
            8 => self.overdue_awake = !self.overdue_awake,
            9 => self.care_awake = !self.care_awake,
            10 | 11 => self.edit_steps(chance),
            _ => self.wording += 1,
        }
    }

    fn edit_steps(&mut self, chance: &Chance) {
        let place = usize::try_from(chance.below(self.steps.len() as u64)).unwrap_or(0);
        match chance.below(3) {
            0 if self.steps.len() < 5 => {
                self.steps_made += 1;
                self.steps.push((self.steps_made, 1 + chance.below(27)));
            }
            1 if self.steps.len() > 2 => {
                self.steps.remove(place);
            }
            _ => self.steps[place].1 = 1 + chance.below(27),
        }
        self.steps.sort_by_key(|&(id, days)| (days, id));
    }

    /// The cadence that is edited while customers are in the midst of it.
    fn care(&self) -> String {
        let mut text = format!(
            r#"{CADENCES}
[cadence.care]
enabled = {}
audience = 'orders_90d > 0'
stop_when = 'strained'
repeat = "28d"
stagger = "7d"
reenter = "always"
"#,
            self.care_awake
        );
        for (id, days) in &self.steps {
            let step = format!(
                "[[cadence.care.step]]\nid = \"s{id}\"\nafter = \"{days}d\"\nat = \"10:00\"\naction = \"care_message\"\n"
            );
            text.push_str(&step);
        }
        text
    }

    /// The policy set.
    pub(crate) fn text(&self) -> String {
        let Self { overdue_days, top, cap, cap_days, from, until, capacity, reserve, blast, wording, .. } =
            self;
        let overdue_awake = self.overdue_awake;
        let effect = if self.cap_waits { "wait" } else { "drop" };
        let (occasions, care) = (OCCASIONS, self.care());
        format!(
            r#"{WORLD}
[tier.pyramid]
by = 'revenue_90d'
among = 'orders_90d > 0'
levels = [ {{ name = "key", top = "{top}%" }}, {{ name = "ordinary" }} ]
fall_after = "2d"
[action.care_message.payload]
wording = "{wording}: {{{{ orders_90d }}}} {{{{ because.name }}}} {{{{ goodwill }}}} {{{{ selection }}}}"
[trigger.overdue_edited]
enabled = {overdue_awake}
when = 'days_since_order > {overdue_days}'
cooldown = "20d"
actions = ["winback"]
[guard.consent.block]
when = 'opted_out'
[guard.control.holdout]
share = "5%"
salt = "2027"
[guard.night.hours]
from = "{from:02}:00"
until = "{until:02}:00"
timezone = 'zone'
calendar = "de"
[guard.messages]
channels = ["crm"]
[guard.messages.cap]
max = {cap}
per = "{cap_days}d"
effect = "{effect}"
[guard.people]
tags = ["human"]
[guard.people.capacity]
max = {capacity}
per = "day"
by = 'manager'
first = 'revenue_90d'
reserve = [ {{ when = 'vip', share = "{reserve}%" }} ]
[guard.blast.blast_radius]
share = "1%"
count = {blast}
{occasions}{care}"#
        )
    }
}

/// Whether nothing is sent on a day: Sundays and some holidays, but for a Sunday that is worked.
pub(crate) fn is_closed(day: NaiveDate) -> bool {
    let text = day.to_string();
    (day.weekday() == Weekday::Sun && text != "2027-05-30")
        || ["2027-05-05", "2027-05-06", "2027-12-24"].contains(&&*text)
}

/// What no edit changes: facts, values, and the tables for which a plain model says what is owed.
const WORLD: &str = r#"
[settings]
timezone = "Europe/Berlin"
[customer.fields]
name = "text"
zone = "text"
manager = "text"
opted_out = { type = "bool", default = false }
vip = { type = "bool", default = false }
birthday = "date"
stage = { type = "choice", of = ["lead", "buyer", "partner"] }
[event.order.fields]
amount = "number"
status = { type = "choice", of = ["paid", "cancelled"] }
[event.complaint.fields]
ticket = "text"
severity = "number"
[event.complaint_answered.fields]
ticket = "text"
[event.survey.fields]
score = "number"
[event.business_event]
[event.staff_left]
everyone = true
[event.staff_left.fields]
staff = "text"

[metric.orders_90d]
event = "order"
take = "count"
where = 'status == "paid"'
within = "90d"
[metric.revenue_90d]
event = "order"
take = "sum"
of = 'amount'
where = 'status == "paid"'
within = "90d"
[metric.days_since_order]
event = "order"
take = "days_since_last"
where = 'status == "paid"'
within = "90d"
[metric.satisfaction]
event = "survey"
take = "mean"
of = 'score'
half_life = "60d"
within = "90d"
[ledger.strain]
half_life = "20d"
[[ledger.strain.entry]]
on = "complaint"
amount = 'severity'
[[ledger.strain.entry]]
on = "order"
amount = '-1'
[ledger.goodwill]
expires = "60d"
[[ledger.goodwill.entry]]
on = "touch"
amount = '2'
where = 'tagged("care")'
[[ledger.goodwill.entry]]
on = "complaint"
amount = '-5'
[segment.strained]
when = 'strain > 4'
leave_when = 'strain < 2'
[segment.lighthouse]
when = 'orders_90d > 1'
best = { count = 15, by = 'revenue_90d' }
[quadrant.selection]
x = { value = 'revenue_90d', split = "median" }
y = { value = 'satisfaction', split = 3, margin = 0.2 }
top_right = { name = "focus" }
bottom_right = { name = "moment" }
top_left = { name = "passive" }
bottom_left = { name = "let_go" }
[segment.unhappy]
when = 'satisfaction < 2.5'
enter_after = "1d"

[schedule.hourly]
cron = "0 * * * *"
evaluate = ["everything"]
[calendar.de]
weekend = ["sun"]
holidays = ["2027-05-05", "2027-05-06", "2027-12-24"]
workdays = ["2027-05-30"]
[channel.crm.webhook]
url = "http://localhost:9/"
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.care_message]
channel = "crm"
tags = ["care"]
expires = "2d"
[action.winback]
channel = "crm"
priority = 2
[action.apology_call]
channel = "list"
tags = ["human"]
priority = 'if vip { 9 } else { 5 }'
expires = "3d"
[action.check_call]
channel = "list"
tags = ["human"]
effort = 2
[trigger.overdue]
when = 'days_since_order > 40'
cooldown = "15d"
actions = ["winback", "check_call"]
[trigger.buys_again]
when = 'orders_90d >= 1'
actions = ["care_message"]
"#;

/// Triggers that fire on events, on answers that fail to come, and on moves.
const OCCASIONS: &str = r#"
[trigger.apology]
on = "complaint"
where = 'severity >= 4'
grace = "5d"
actions = ["apology_call"]
[trigger.unanswered]
on = "complaint"
unless = "complaint_answered"
same = "ticket"
within = "48h"
actions = ["check_call"]
[trigger.twice]
on = "complaint"
times = 2
within = "60d"
actions = ["winback"]
[trigger.staff_left]
on = "staff_left"
where = 'event.staff == manager'
actions = ["care_message"]
[trigger.fallen]
moves = "pyramid"
direction = "down"
actions = ["care_message"]
[trigger.staged]
moves = "stage"
to = ["partner"]
actions = ["care_message"]
"#;

/// Cadences that no edit changes.
const CADENCES: &str = r#"
[action.card]
channel = "crm"
[cadence.welcome]
audience = 'vip'
repeat = "30d"
stagger = "10d"
reenter = "10d"
grace = "2d"
[[cadence.welcome.step]]
id = "hello"
after = "2d"
at = "10:00"
action = "care_message"
[[cadence.welcome.step]]
id = "call"
after = "12d"
action = "check_call"
when = 'orders_90d > 0'
[cadence.birthday]
anchor = 'birthday'
repeat = "yearly"
step = [{ id = "card", before = "3d", action = "card" }]
[cadence.project]
on = "business_event"
step = [{ id = "thanks", after = "1d", action = "care_message" }, { id = "after", after = "6d", at = "15:00", action = "check_call" }]
"#;
