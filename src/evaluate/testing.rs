//! A small world to evaluate in tests: facts as plain rows, and a memory kept from run to run as an
//! archive would.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CutPlan, CutPoints, EvaluateError, Evaluator, Goal};
use crate::model::cut::CutPoint;
use crate::model::facts::{EventBatch, FactBatch, FactRequest};
use crate::model::standing::{NEVER, NO_PLACE, PendingClock, Place, PriorClass};
use crate::model::{Column, Dictionary, Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::expression::tree::Expression;
use crate::policy::{Files, load};

/// A policy set from the text of one file.
pub(super) fn policy(text: &str) -> Arc<Compiled> {
    policy_with(text, BTreeMap::new())
}

fn policy_with(text: &str, scripts: BTreeMap<String, String>) -> Arc<Compiled> {
    let policies = [("test.toml".to_owned(), text.to_owned())].into();
    let outcome = load(&Files { policies, scripts });
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics)))
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) at: i64,
    /// In the order in which the customer's events were told.
    pub(super) id: String,
    pub(super) fields: Vec<Option<Value>>,
}

#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) fields: Vec<Option<Value>>,
    /// Per kind, in order.
    pub(super) events: Vec<Vec<Event>>,
    standing: Vec<(Place, i64, Place)>,
    pending: Vec<PendingClock>,
}

/// Everything known, and how it is cut into batches.
#[derive(Debug)]
pub(super) struct World {
    pub(super) policy: Arc<Compiled>,
    pub(super) customers: Vec<Customer>,
    pub(super) stored: Vec<CutPoint>,
    pub(super) batch: usize,
}

/// What a run found: by customer and value.
pub(super) type Found = BTreeMap<(String, String), Option<Value>>;

impl World {
    pub(super) fn new(text: &str) -> Self {
        Self { policy: policy(text), customers: Vec::new(), stored: Vec::new(), batch: 3 }
    }

    pub(super) fn with_script(text: &str, file: &str, script: &str) -> Self {
        let scripts = [(file.to_owned(), script.to_owned())].into();
        Self { policy: policy_with(text, scripts), ..Self::new("") }
    }

    /// Adds a customer; ids must come in order.
    pub(super) fn customer(&mut self, id: &str) -> usize {
        let schema = &self.policy.schema;
        self.customers.push(Customer {
            id: id.to_owned(),
            fields: vec![None; schema.customer.len()],
            events: vec![Vec::new(); schema.events.len()],
            standing: vec![(NO_PLACE, NEVER, NO_PLACE); schema.classes.len()],
            pending: Vec::new(),
        });
        self.customers.len() - 1
    }

    pub(super) fn set(&mut self, customer: usize, field: &str, value: Option<Value>) {
        let field = self.policy.schema.customer_field(field).unwrap();
        self.customers[customer].fields[field] = value;
    }

    /// Customers with one number each, named `c00`, `c01` ….
    pub(super) fn numbers(&mut self, field: &str, numbers: &[Option<f64>]) {
        for (index, number) in numbers.iter().enumerate() {
            let customer = match self.customers.len() {
                known if known > index => index,
                _ => self.customer(&format!("c{index:02}")),
            };
            self.set(customer, field, number.map(Value::Number));
        }
    }

    pub(super) fn event(&mut self, customer: usize, kind: &str, at: i64, fields: &[(&str, Value)]) {
        let kind = self.policy.schema.event(kind).unwrap();
        let shape = &self.policy.schema.events[kind];
        let mut values = vec![None; shape.fields.len()];
        for (name, value) in fields {
            values[shape.field(name).unwrap()] = Some(value.clone());
        }
        let events = &mut self.customers[customer].events;
        let id = format!("e{:03}", events.iter().map(Vec::len).sum::<usize>());
        events[kind].push(Event { at, id, fields: values });
        events[kind].sort_by_key(|event| event.at);
    }

    pub(super) fn fill(&self, start: usize, request: &FactRequest, now: Timestamp, batch: &mut FactBatch) {
        let schema = &self.policy.schema;
        let end = self.customers.len().min(start + self.batch);
        let customers = &self.customers[start..end];
        *batch = FactBatch { dictionary: Dictionary::default(), ..FactBatch::default() };
        batch.customer = vec![None; schema.customer.len()];
        batch.events.resize_with(schema.events.len(), || None);
        batch.prior.classes = vec![None; schema.classes.len()];
        for customer in customers {
            batch.ids.push(&customer.id);
            batch.known_since.push(0);
        }
        for &field in &request.customer {
            let mut column = Column::of(&schema.customer[field].ty);
            for customer in customers {
                push(&mut column, customer.fields[field].as_ref(), &mut batch.dictionary);
            }
            batch.customer[field] = Some(column);
        }
        for asked in &request.events {
            let shape = &schema.events[asked.event];
            let mut events = EventBatch { offsets: vec![0], ..EventBatch::default() };
            events.fields = vec![None; shape.fields.len()];
            for &field in &asked.fields {
                events.fields[field] = Some(Column::of(&shape.fields[field].ty));
            }
            events.ids = asked.ids.then(|| Column::of(&Type::Text));
            for customer in customers {
                for event in &customer.events[asked.event] {
                    if event.at > now.0 || asked.after.is_some_and(|after| event.at <= after.0) {
                        continue;
                    }
                    events.at.push(event.at as f64);
                    if let Some(ids) = &mut events.ids {
                        push(ids, Some(&Value::text(&*event.id)), &mut batch.dictionary);
                    }
                    for &field in &asked.fields {
                        let column = events.fields[field].as_mut().unwrap();
                        push(column, event.fields[field].as_ref(), &mut batch.dictionary);
                    }
                }
                events.offsets.push(u32::try_from(events.at.len()).unwrap());
            }
            batch.events[asked.event] = Some(events);
        }
        for asked in &request.classes {
            let of = |take: fn(&(Place, i64, Place)) -> Place| {
                customers.iter().map(|customer| take(&customer.standing[asked.class])).collect()
            };
            batch.prior.classes[asked.class] = Some(PriorClass {
                place: of(|standing| standing.0),
                since: customers.iter().map(|customer| customer.standing[asked.class].1).collect(),
                previous: if asked.previous { of(|standing| standing.2) } else { Vec::new() },
            });
        }
        for (row, customer) in (0..).zip(customers) {
            let asked = |clock: &&PendingClock| {
                request.classes.iter().any(|class| class.class == clock.class as usize)
            };
            let clocks = customer.pending.iter().filter(asked);
            batch.prior.pending.extend(clocks.map(|clock| PendingClock { row, ..*clock }));
        }
    }

    /// One run at `now`: refreshes cut points, decides every class, remembers it, and tells every value.
    pub(super) fn run(&mut self, now: Timestamp) -> Found {
        let policy = Arc::clone(&self.policy);
        let plan = CutPlan::new(&policy);
        let mut cuts = CutPoints::new(&plan, &policy, std::mem::take(&mut self.stored));
        let names: Vec<Expression> =
            policy.values.iter().map(|value| policy.named(&value.name).unwrap()).collect();
        let goal =
            Goal { classes: (0..policy.schema.classes.len()).collect(), expressions: names.iter().collect() };
        let mut evaluator = Evaluator::new(&policy, &plan, &goal).unwrap();
        let mut batch = FactBatch::default();
        let renewed = plan.renew(&policy, &mut cuts, evaluator.cut_points(), now, |pass, cuts| {
            let request = pass.request(now).clone();
            for start in (0..self.customers.len()).step_by(self.batch) {
                self.fill(start, &request, now, &mut batch);
                pass.take(&mut batch, now, cuts)?;
            }
            Ok::<_, EvaluateError>(())
        });
        renewed.unwrap();
        let mut found = Found::new();
        let request = evaluator.request(now).clone();
        for start in (0..self.customers.len()).step_by(self.batch) {
            self.fill(start, &request, now, &mut batch);
            let decisions = evaluator.evaluate(&mut batch, now, &cuts).unwrap();
            for (value, definition) in policy.values.iter().enumerate() {
                let column = decisions.expression(value).unwrap();
                assert_eq!(column.len(), batch.len(), "{}", definition.name);
                for (row, id) in batch.ids.iter().enumerate() {
                    let key = (id.to_owned(), definition.name.to_string());
                    found.insert(key, column.value(row, &definition.ty, &batch.dictionary));
                }
            }
            for row in 0..batch.len() {
                let customer = &mut self.customers[start + row];
                customer.pending.clear();
                for (standing, decision) in customer.standing.iter_mut().zip(decisions.classes) {
                    let decision = decision.as_ref().unwrap();
                    if decision.first.get(row) {
                        *standing = (decision.place[row], now.0, NO_PLACE);
                    } else if decision.changed.get(row) {
                        *standing = (decision.place[row], now.0, standing.0);
                    }
                }
            }
            for clock in decisions.pending {
                self.customers[start + clock.row as usize].pending.push(*clock);
            }
        }
        self.stored = cuts.iter().cloned().collect();
        found
    }

    /// The values of one name in order of customer, as text; `-` where missing.
    pub(super) fn column(&self, found: &Found, name: &str) -> Vec<String> {
        let of = |customer: &Customer| found[&(customer.id.clone(), name.to_owned())].clone();
        self.customers
            .iter()
            .map(|customer| of(customer).map_or_else(|| "-".to_owned(), |value| value.to_string()))
            .collect()
    }

    /// Runs and tells one value.
    pub(super) fn run_column(&mut self, now: Timestamp, name: &str) -> Vec<String> {
        let found = self.run(now);
        self.column(&found, name)
    }
}

fn push(column: &mut Column, value: Option<&Value>, dictionary: &mut Dictionary) {
    match (column, value) {
        (Column::Number(column), Some(Value::Number(number))) => column.push(Some(*number)),
        (Column::Number(column), Some(Value::Date(day))) => column.push(Some(f64::from(day.0))),
        (Column::Number(column), Some(Value::Time(at))) => column.push(Some(at.0 as f64)),
        (Column::Flag(column), Some(Value::Bool(flag))) => column.push(Some(*flag)),
        (Column::Code(column), Some(Value::Text(text))) => column.push(Some(dictionary.code(text))),
        (column, _) => column.push_missing(),
    }
}
