//! Which tables have decided how often, and for whom the most different ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::news::News;
use crate::archive::TouchRow;
use crate::model::standing::Transition;
use crate::policy::compiled::{Compiled, ValueKind};
use crate::policy::{Files, declared_tables};

/// How often.
#[derive(Default)]
pub(super) struct Tally {
    /// Touches queued, by the table that made them, as `kind.name`.
    queued: BTreeMap<String, usize>,
    /// Those dropped by a guard.
    dropped: BTreeMap<String, usize>,
    /// Those that a guard held back when it was last counted.
    waiting: BTreeMap<String, usize>,
    /// The tables that decided for each customer.
    customers: BTreeMap<String, BTreeSet<String>>,
    /// Touches queued.
    pub(super) made: usize,
}

impl Tally {
    /// Counts what is new.
    pub(super) fn count(&mut self, news: &News) {
        for row in &news.made {
            *self.queued.entry(table(row)).or_default() += 1;
            self.customers.entry(row.touch.customer.to_string()).or_default().insert(table(row));
        }
        self.waiting.clear();
        for (rows, counts) in [(&news.dropped, &mut self.dropped), (&news.waiting, &mut self.waiting)] {
            for row in rows {
                *counts.entry(table(row)).or_default() += 1;
            }
        }
        self.made += news.made.len();
    }

    /// The most telling of what was made: of the tables that have decided least often, one each.
    pub(super) fn telling<'news>(&self, news: &'news News, most: usize) -> Vec<&'news TouchRow> {
        let mut by_table: BTreeMap<String, &TouchRow> = BTreeMap::new();
        for row in &news.made {
            by_table.entry(table(row)).or_insert(row);
        }
        let mut rows: Vec<(usize, &TouchRow)> =
            by_table.into_iter().map(|(table, row)| (self.so_far(&table), row)).collect();
        rows.sort_by_key(|(so_far, row)| (*so_far, row.number));
        rows.into_iter().take(most).map(|(_, row)| row).collect()
    }

    /// Whether a table made no touch before those of this one's time.
    pub(super) fn is_first(&self, row: &TouchRow, news: &News) -> bool {
        let own = table(row);
        self.so_far(&own) == news.made.iter().filter(|other| table(other) == own).count()
    }

    fn so_far(&self, table: &str) -> usize {
        self.queued.get(table).copied().unwrap_or_default()
    }

    /// The customer for whom the most different tables decided.
    pub(super) fn most_told(&self) -> Option<&str> {
        let most = self.customers.iter().max_by_key(|(customer, tables)| (tables.len(), Reverse(*customer)));
        most.map(|(customer, _)| customer.as_str())
    }

    /// What decided how often, by file; and what never did.
    pub(super) fn by_file(
        &self,
        files: &Files,
        policy: &Compiled,
        transitions: &[(i64, Transition)],
    ) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
        let mut moves: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, transition) in transitions {
            *moves.entry(&*transition.value).or_default() += 1;
        }
        let declared = declared_tables(files);
        let (mut told, mut silent): (BTreeMap<String, Vec<String>>, Vec<String>) = Default::default();
        for table in deciding(policy) {
            let (kind, name) = table.split_once('.').unwrap_or_default();
            let moved = if matches!(kind, "trigger" | "cadence") { None } else { moves.get(name) };
            let count = self.so_far(&table) + moved.copied().unwrap_or_default();
            let held = [(&self.dropped, "suppressed"), (&self.waiting, "waiting")];
            let held = held.map(|(counts, verb)| counts.get(&table).map(|count| format!("{count} {verb}")));
            let held: Vec<String> = held.into_iter().flatten().collect();
            let file = declared.get(&table).map_or("", |table| table.file).to_owned();
            match (count, held.is_empty()) {
                (0, true) => silent.push(name.to_owned()),
                (0, false) => told.entry(file).or_default().push(format!("{name} 0 ({})", held.join(", "))),
                (count, _) => told.entry(file).or_default().push(format!("{name} {count}")),
            }
        }
        (told, silent)
    }
}

/// The tables that decide, as `kind.name`: what moves customers, then what acts.
fn deciding(policy: &Compiled) -> Vec<String> {
    let classes = policy.values.iter().filter_map(|value| {
        let kind = match value.kind {
            ValueKind::Segment(_) => "segment",
            ValueKind::Tier(_) => "tier",
            ValueKind::Quadrant(_) => "quadrant",
            _ => return None,
        };
        Some(format!("{kind}.{}", value.name))
    });
    let triggers = policy.triggers.iter().map(|trigger| format!("trigger.{}", trigger.name));
    let cadences = policy.cadences.iter().map(|cadence| format!("cadence.{}", cadence.name));
    classes.chain(triggers).chain(cadences).collect()
}

fn table(row: &TouchRow) -> String {
    format!("{}.{}", row.touch.because.kind, row.touch.because.name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Timestamp;
    use crate::model::touch::{Because, Touch, TouchState};

    fn row(number: i64, trigger: &str, customer: &str, state: TouchState) -> TouchRow {
        let queued = (state == TouchState::Queued).then_some(Timestamp(number));
        let because = format!(r#"{{"kind": "trigger", "name": "{trigger}", "title": "{trigger}"}}"#);
        let touch = Touch {
            id: Arc::from(number.to_string()),
            customer: Arc::from(customer),
            action: Arc::from("call"),
            channel: Arc::from("list"),
            because: serde_json::from_str::<Because>(&because).unwrap(),
            occurrence: String::new(),
            event: None,
            due: Timestamp(number),
            expires: Timestamp(number),
            made: Timestamp(number),
            queued,
            effort: 1.0,
            priority: 0.0,
            state,
            reason: String::new(),
            policy_version: Arc::from(""),
            payload: serde_json::Map::new(),
        };
        TouchRow {
            number,
            touch,
            state_at: Timestamp(number),
            run: 1,
            guard: None,
            is_on_hold: false,
            verdicts: String::new(),
        }
    }

    #[test]
    fn what_decides_seldom_is_told_before_what_decides_often_and_the_first_is_known() {
        let (mut tally, mut shown) = (Tally::default(), Timestamp(0));
        let quiet = |number| row(number, "quiet", "a", TouchState::Queued);
        let first = News::of(vec![quiet(2), quiet(1)], &mut shown);
        tally.count(&first);
        assert!(tally.is_first(&first.made[0], &first));
        let later = vec![
            row(5, "seldom", "b", TouchState::Queued),
            row(4, "other", "c", TouchState::Suppressed),
            quiet(3),
            quiet(2),
        ];
        let second = News::of(later, &mut shown);
        tally.count(&second);
        assert_eq!((second.made.len(), second.dropped.len()), (2, 1), "what was shown is not shown again");
        let telling: Vec<i64> = tally.telling(&second, 5).iter().map(|row| row.number).collect();
        assert_eq!(telling, [5, 3]);
        assert!(!tally.is_first(&second.made[0], &second) && tally.is_first(&second.made[1], &second));
        assert_eq!(tally.made, 4);
        assert_eq!(tally.most_told(), Some("a"));
    }

    #[test]
    fn tables_are_counted_by_file_and_what_never_decided_is_named() {
        let texts = [
            ("a.toml", "[segment.recent]\nwhen = 'days_since(known_since) < 30'\n"),
            (
                "b.toml",
                "[channel.list.file]\npath = \"out/list.csv\"\nformat = \"jsonl\"\n[action.phone]\nchannel = \"list\"\n\
                 [trigger.welcome]\nwhen = 'recent'\nactions = [\"phone\"]\n[trigger.held]\nwhen = 'recent'\nactions = [\"phone\"]\n\
                 [trigger.never]\nwhen = '!recent'\nactions = [\"phone\"]\n",
            ),
        ];
        let policies = texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        let files = Files { policies, ..Files::default() };
        let outcome = crate::policy::load(&files);
        let policy = outcome.compiled.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics));
        let (mut tally, mut shown) = (Tally::default(), Timestamp(0));
        let rows =
            vec![row(2, "held", "a", TouchState::Suppressed), row(1, "welcome", "a", TouchState::Queued)];
        tally.count(&News::of(rows, &mut shown));
        let (told, silent) = tally.by_file(&files, &policy, &[]);
        assert_eq!(told["b.toml"], ["held 0 (1 suppressed)", "welcome 1"]);
        assert_eq!(silent, ["recent", "never"]);
    }
}
