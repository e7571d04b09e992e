//! What the triggers owe that fire on events, on answers that failed to come, and on moves.

use std::collections::{BTreeMap, BTreeSet};

use guanxi::model::Value;
use guanxi::model::time::DAY;

use super::Owed;
use super::events::{Events, number};
use super::known::Known;
use crate::simulation::{Run, Simulation};
use crate::world::{Event, Fact, HOUR};

fn key(customer: &str, occurrence: &str, action: &str) -> (String, String, String, String) {
    (customer.to_owned(), occurrence.to_owned(), String::new(), action.to_owned())
}

/// The runs, each with what came in since the one before.
fn runs(simulation: &Simulation) -> impl Iterator<Item = (&Run, &[Fact])> {
    let mut before = 0;
    simulation.runs.iter().map(move |run| {
        let facts = &simulation.facts[before..run.facts];
        before = run.facts;
        (run, facts)
    })
}

/// Takes some ids out.
fn take_those(ids: &mut BTreeSet<String>, which: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let (taken, left) = std::mem::take(ids).into_iter().partition(|id| which(id));
    *ids = left;
    taken
}

/// Each event of a kind once, in the first run so long after it happened, with the content it has then. One that was
/// older than the grace (in days, by the real clock) when a run first saw it is left out, and one found that late.
pub(super) fn each_event<'a>(
    simulation: &'a Simulation,
    kind: &'static str,
    grace: i64,
    after: i64,
) -> impl Iterator<Item = (&'a Run, Event)> {
    let mut events = Events::new(kind);
    let (mut unseen, mut awaited) = (BTreeSet::new(), BTreeSet::new());
    runs(simulation).flat_map(move |(run, facts)| {
        unseen.extend(events.take_in(facts).into_iter().map(|event| event.id));
        let in_time = |event: &Event, after| event.at + after + grace * DAY >= run.started;
        for id in take_those(&mut unseen, |id| events.get(id).at <= run.now) {
            if in_time(events.get(&id), 0) {
                awaited.insert(id);
            }
        }
        let due = take_those(&mut awaited, |id| events.get(id).at + after <= run.now).into_iter();
        let due = due.map(|id| events.get(&id).clone()).filter(|event| in_time(event, after));
        due.map(|event| (run, event)).collect::<Vec<_>>()
    })
}

/// `trigger.apology`: complaints that are severe when they are first seen.
pub(super) fn apologies(simulation: &Simulation) -> Owed {
    each_event(simulation, "complaint", 5, 0)
        .filter(|(_, event)| number(event, "severity") >= 4.0)
        .map(|(_, event)| key(&event.customer, &event.id, "apology_call"))
        .collect()
}

/// `trigger.unanswered`: complaints that no answer followed within 48 hours. An answer that comes after that, but
/// before the run that finds it, is looked for as well, so such complaints may be owed or not.
pub(super) fn unanswered(simulation: &Simulation) -> (Owed, Owed) {
    let mut answers = Vec::new();
    for (number, fact) in (1..).zip(&simulation.facts) {
        if let Fact::Event(event) = fact
            && event.kind == "complaint_answered"
        {
            answers.push((number, event));
        }
    }
    let (mut surely, mut maybe) = (Owed::new(), Owed::new());
    for (run, complaint) in each_event(simulation, "complaint", 7, 48 * HOUR) {
        let known = answers.iter().filter(|(number, answer)| {
            *number <= run.facts && answer.fields["ticket"] == complaint.fields["ticket"]
        });
        let times: Vec<i64> = known.map(|(_, answer)| answer.at).filter(|&at| at >= complaint.at).collect();
        let key = key(&complaint.customer, &complaint.id, "check_call");
        if times.is_empty() {
            surely.insert(key);
        } else if times.iter().all(|&at| at > complaint.at + 48 * HOUR) {
            maybe.insert(key);
        }
    }
    (surely, maybe)
}

/// `trigger.staged`: customers that are partners now and were something else when the last run looked.
pub(super) fn staged(simulation: &Simulation, known: &Known) -> Owed {
    let mut owed = Owed::new();
    let mut times = BTreeMap::<&str, u64>::new();
    let mut before = 0;
    for (run, facts) in runs(simulation) {
        let touched: BTreeSet<&str> = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Customer { id, fields } if fields.contains_key("stage") => Some(&**id),
                _ => None,
            })
            .collect();
        for customer in touched {
            let was = known.text(customer, "stage", before);
            let is = known.text(customer, "stage", run.facts);
            if !was.is_empty() && was != is && is == "partner" {
                let time = times.entry(customer).or_default();
                *time += 1;
                owed.insert(key(customer, &time.to_string(), "care_message"));
            }
        }
        before = run.facts;
    }
    owed
}

/// `trigger.staff_left`: every customer of a manager that left.
pub(super) fn staff_left(simulation: &Simulation, known: &Known) -> Owed {
    let mut customers = BTreeMap::<usize, &str>::new();
    for (number, fact) in (1..).zip(&simulation.facts) {
        if let Fact::Customer { id, fields } = fact
            && fields.contains_key("name")
        {
            customers.insert(number, id);
        }
    }
    let mut owed = Owed::new();
    for (run, event) in each_event(simulation, "staff_left", 7, 0) {
        let Some(Value::Text(staff)) = &event.fields["staff"] else { continue };
        for customer in customers.range(..=run.facts).map(|(_, customer)| customer) {
            if known.text(customer, "manager", run.facts) == &**staff {
                owed.insert(key(customer, &event.id, "care_message"));
            }
        }
    }
    owed
}

/// `trigger.fallen`: falls that the data caused, as history tells them, where the customer also ended lower than he
/// was found: an edit may move him back in the same run. A fall that an edit caused is counted, not fired.
pub(super) fn fallen(simulation: &Simulation) -> Owed {
    let mut statement = simulation
        .program
        .store()
        .prepare(
            "SELECT customer, run, coalesce(\"from\", ''), coalesce(\"to\", ''), cause FROM transition \
             WHERE value = 'pyramid' ORDER BY customer, number",
        )
        .unwrap();
    let moves: Vec<Move> = statement
        .query_map([], |row| {
            let rank = |column| Ok::<_, rusqlite::Error>(rank(&row.get::<_, String>(column)?));
            Ok(Move {
                customer: row.get(0)?,
                run: row.get(1)?,
                from: rank(2)?,
                to: rank(3)?,
                by_data: row.get::<_, String>(4)? == "data",
            })
        })
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let mut times = BTreeMap::<&str, u64>::new();
    let mut owed = Owed::new();
    for of_run in moves.chunk_by(|one, other| one.customer == other.customer && one.run == other.run) {
        let (found, left) = (of_run[0].from, of_run[of_run.len() - 1].to);
        for fall in of_run.iter().filter(|fall| fall.to > fall.from && left > found) {
            let time = times.entry(&fall.customer).or_default();
            *time += 1;
            if fall.by_data {
                owed.insert(key(&fall.customer, &time.to_string(), "care_message"));
            }
        }
    }
    owed
}

/// A change of level, levels by their place from the top.
struct Move {
    customer: String,
    run: i64,
    from: usize,
    to: usize,
    by_data: bool,
}

fn rank(level: &str) -> usize {
    ["key", "ordinary", ""].iter().position(|known| *known == level).unwrap()
}
