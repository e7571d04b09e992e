//! What happens to the customers: hour by hour, by chance, and kept for the oracle in plain words.

use std::collections::BTreeMap;

use guanxi::model::time::DAY;
use guanxi::model::{Date, Timestamp, Value};

use crate::chance::Chance;

pub(crate) const HOUR: i64 = 3_600_000;

/// Zones that customers say they live in; two of them are none.
pub(crate) const ZONES: [&str; 6] =
    ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Auckland", "Nowhere/Land", ""];
pub(crate) const MANAGERS: [&str; 4] = ["ann", "bob", "cem", "dao"];
pub(crate) const STAGES: [&str; 3] = ["lead", "buyer", "partner"];

/// A customer row or an event as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    Customer { id: String, fields: Fields },
    Event(Event),
}

pub(crate) type Fields = BTreeMap<&'static str, Option<Value>>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) at: i64,
    pub(crate) fields: Fields,
}

/// The customers and what chance holds for them.
pub(crate) struct World {
    chance: Chance,
    customers: u64,
    /// Those that came so far.
    come: u64,
    events: u64,
    /// Answers to complaints, by when they come.
    answers: BTreeMap<(i64, String), Event>,
    /// Some latest events, for corrections.
    latest: Vec<Event>,
    /// Nothing but events that come when they happen.
    plain: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "a field has a value or none")]
fn text(text: &str) -> Option<Value> {
    Some(Value::text(text))
}

fn number(number: u64) -> Option<Value> {
    Value::number(f64::from(u32::try_from(number).unwrap()))
}

pub(crate) fn customer_id(number: u64) -> String {
    format!("c{number:04}")
}

impl World {
    pub(crate) fn new(seed: u64, customers: u64) -> Self {
        Self {
            chance: Chance::new(seed, "world"),
            customers,
            come: 0,
            events: 0,
            answers: BTreeMap::new(),
            latest: Vec::new(),
            plain: false,
        }
    }

    /// From now on every event comes when it happens, and no field changes.
    pub(crate) fn make_plain(&mut self) {
        self.plain = true;
    }

    /// Most customers are there from the beginning, some with a history.
    pub(crate) fn beginning(&mut self, now: i64) -> Vec<Fact> {
        let mut facts = Vec::new();
        for _ in 0..self.customers * 9 / 10 {
            facts.push(self.new_customer());
        }
        for _ in 0..self.customers {
            let at = now - self.chance.upto(80 * DAY);
            facts.push(Fact::Event(self.order(at)));
        }
        facts
    }

    fn new_customer(&mut self) -> Fact {
        let id = customer_id(self.come);
        self.come += 1;
        let chance = &self.chance;
        let mut fields = Fields::new();
        fields.insert("name", text(&format!("Customer {id}")));
        fields.insert("zone", text(chance.pick::<&str>(&ZONES)));
        fields.insert("manager", text(chance.pick::<&str>(&MANAGERS)).filter(|_| !chance.one_in(20)));
        fields.insert("opted_out", Some(Value::Bool(chance.one_in(15))));
        fields.insert("vip", Some(Value::Bool(chance.one_in(6))));
        fields.insert("stage", text(chance.pick::<&str>(&STAGES)));
        fields.insert("birthday", self.birthday());
        Fact::Customer { id, fields }
    }

    fn birthday(&self) -> Option<Value> {
        let day = 1 + self.chance.below(28);
        let (month, day) = match self.chance.below(40) {
            0..=2 => return None,
            3 | 4 => (2, 29),
            draw => (1 + draw % 12, day),
        };
        Date::parse(&format!("1980-{month:02}-{day:02}")).map(Value::Date)
    }

    fn anyone(&self) -> String {
        customer_id(self.chance.below(self.come))
    }

    fn event(&mut self, kind: &'static str, at: i64, fields: Fields) -> Event {
        self.events += 1;
        Event { kind, id: format!("{kind}-{}", self.events), customer: self.anyone(), at, fields }
    }

    fn order(&mut self, at: i64) -> Event {
        let status = if self.chance.one_in(12) { "cancelled" } else { "paid" };
        let amount = 10 + self.chance.below(990);
        self.event("order", at, Fields::from([("amount", number(amount)), ("status", text(status))]))
    }

    fn complaint(&mut self, at: i64) -> Event {
        let ticket = format!("t{}", self.events);
        let severity = 1 + self.chance.below(5);
        if !self.chance.one_in(3) {
            let answered = at + HOUR + self.chance.upto(80 * HOUR);
            let fields = Fields::from([("ticket", text(&ticket))]);
            let answer = self.event("complaint_answered", answered, fields);
            self.answers.insert((answered, answer.id.clone()), answer);
        }
        let fields = Fields::from([("ticket", text(&ticket)), ("severity", number(severity))]);
        let complaint = self.event("complaint", at, fields);
        // The answer is to the same customer.
        if let Some(answer) =
            self.answers.values_mut().find(|answer| answer.fields["ticket"] == complaint.fields["ticket"])
        {
            answer.customer.clone_from(&complaint.customer);
        }
        complaint
    }

    /// When an event happened that comes now: mostly now, sometimes long ago, sometimes not yet.
    fn happened(&self, now: i64) -> i64 {
        match self.chance.below(40) {
            _ if self.plain => now,
            0..=3 => now - self.chance.upto(12 * DAY),
            4 => now + self.chance.upto(5 * DAY),
            _ => now,
        }
    }

    /// What comes in this hour.
    pub(crate) fn hour(&mut self, now: i64) -> Vec<Fact> {
        let mut facts = Vec::new();
        let day = |days: u64| days * 24;
        if self.plain && self.chance.one_in(20) {
            // Somebody whom only an event made known.
            let mut order = self.order(now);
            order.customer = format!("n{}", self.events);
            facts.push(Fact::Event(order));
        }
        if !self.plain && self.come < self.customers && self.chance.one_in(90) {
            facts.push(self.new_customer());
        }
        for _ in 0..self.chance.count(self.come, day(33)) {
            let at = self.happened(now);
            facts.push(Fact::Event(self.order(at)));
        }
        for _ in 0..self.chance.count(self.come, day(120)) {
            let at = self.happened(now);
            facts.push(Fact::Event(self.complaint(at)));
        }
        for _ in 0..self.chance.count(self.come, day(150)) {
            let (at, score) = (self.happened(now), 1 + self.chance.below(5));
            let survey = self.event("survey", at, Fields::from([("score", number(score))]));
            facts.push(Fact::Event(survey));
        }
        for _ in 0..self.chance.count(self.come, day(300)) {
            let at = self.happened(now);
            facts.push(Fact::Event(self.event("business_event", at, Fields::new())));
        }
        while let Some(entry) = self.answers.first_entry()
            && entry.key().0 <= now
        {
            facts.push(Fact::Event(entry.remove()));
        }
        if !self.plain {
            facts.extend(self.changes(now));
        }
        facts
    }

    /// Fields that change, staff that leaves, corrections of what came before.
    fn changes(&mut self, now: i64) -> Vec<Fact> {
        let mut facts = Vec::new();
        for _ in 0..self.chance.count(self.come, 60 * 24) {
            let (field, value) = match self.chance.below(8) {
                0..=2 => ("opted_out", Some(Value::Bool(self.chance.one_in(2)))),
                3 => ("zone", text(self.chance.pick::<&str>(&ZONES))),
                4 => {
                    ("manager", text(self.chance.pick::<&str>(&MANAGERS)).filter(|_| !self.chance.one_in(8)))
                }
                5 => ("vip", Some(Value::Bool(self.chance.one_in(5)))),
                6 => ("birthday", self.birthday()),
                _ => ("stage", text(self.chance.pick::<&str>(&STAGES))),
            };
            facts.push(Fact::Customer { id: self.anyone(), fields: Fields::from([(field, value)]) });
        }
        if self.chance.one_in(24 * 30) {
            let fields = Fields::from([("staff", text(self.chance.pick::<&str>(&MANAGERS)))]);
            let mut event = self.event("staff_left", now, fields);
            event.customer = String::new();
            facts.push(Fact::Event(event));
        }
        if self.chance.one_in(30)
            && let Some(event) = (!self.latest.is_empty()).then(|| self.chance.pick(&self.latest).clone())
        {
            facts.push(Fact::Event(self.corrected(event)));
        }
        facts
    }

    fn corrected(&self, mut event: Event) -> Event {
        match event.kind {
            "order" => event.fields.insert("status", text(self.chance.pick::<&str>(&["paid", "cancelled"]))),
            "complaint" => event.fields.insert("severity", number(1 + self.chance.below(5))),
            _ => event.fields.insert("score", number(1 + self.chance.below(5))),
        };
        event
    }

    /// Notes what came in, for corrections.
    pub(crate) fn came(&mut self, facts: &[Fact]) {
        for fact in facts {
            if let Fact::Event(event) = fact
                && ["order", "complaint", "survey"].contains(&event.kind)
            {
                self.latest.push(event.clone());
            }
        }
        self.latest.drain(..self.latest.len().saturating_sub(60));
    }

    /// A change of consent that comes between a run and its deliveries.
    pub(crate) fn last_word(&self) -> Option<Fact> {
        (!self.plain && self.chance.one_in(20)).then(|| Fact::Customer {
            id: self.anyone(),
            fields: Fields::from([("opted_out", Some(Value::Bool(true)))]),
        })
    }
}

/// Where the simulated time begins: before a change to summer time, 400 days before which lies a leap day.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::parse_rfc3339("2027-02-15T00:00:00Z").unwrap()
}
