//! The policies of the simulated world: written from plain figures, which the oracle reads too, and edited by chance.

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

    /// The policy set.
    pub(crate) fn text(&self) -> String {
        let Self { overdue_days, top, cap, cap_days, from, until, capacity, reserve, blast, wording, .. } =
            self;
        let (overdue_awake, care_awake) = (self.overdue_awake, self.care_awake);
        let effect = if self.cap_waits { "wait" } else { "drop" };
        format!(
            r#"{WORLD}
[tier.pyramid]
by = 'revenue_90d'
among = 'orders_90d > 0'
levels = [ {{ name = "key", top = "{top}%" }}, {{ name = "ordinary" }} ]
fall_after = "2d"
[action.care_message.payload]
wording = "{wording}: {{{{ orders_90d }}}} {{{{ because.name }}}}"
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
# {care_awake}
"#
        )
    }
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
