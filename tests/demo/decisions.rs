//! How often tables decided in a demo, as its store tells.
//!
//! - a trigger, a cadence, an action: touches of it, whatever became of them;
//! - a channel: touches it delivered;
//! - a guard: touches it held back or dropped at some time;
//! - a segment, a tier, a quadrant: customers who came in, left or moved, those not counted who were in at first;
//! - a metric, a score, a ledger: customers of whom it is known, and whose balance is not 0;
//! - a function: customers for whom a call of it in the policies gives something.

use std::collections::BTreeMap;

use guanxi::policy::Files;
use serde_json::Value;

use crate::life::Life;

pub(crate) struct Decisions(BTreeMap<String, u64>);

impl Decisions {
    /// Of these tables, as `kind.name`, in a demo that ran these files.
    pub(crate) fn of<'a>(life: &Life, files: &Files, tables: impl Iterator<Item = &'a String>) -> Self {
        let mut found = Self(BTreeMap::new());
        found.acts(life);
        found.guards(life);
        let mut values = Vec::new();
        for table in tables {
            match table.split_once('.').unwrap() {
                ("metric" | "score" | "ledger", _) => values.push(table.as_str()),
                (kind @ ("segment" | "tier" | "quadrant"), name) => found.moves(life, kind, name),
                ("function", name) => found.calls(life, files, name),
                _ => {}
            }
        }
        found.known(life, &values);
        found
    }

    /// How often a table decided.
    pub(crate) fn count(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or_default()
    }

    fn add(&mut self, table: String, times: u64) {
        *self.0.entry(table).or_default() += times;
    }

    fn acts(&mut self, life: &Life) {
        for by in ["kind || '.' || name", "'action.' || action"] {
            self.counted(life, &format!("SELECT {by}, count(*) FROM touch GROUP BY 1"));
        }
        self.counted(
            life,
            "SELECT 'channel.' || channel, count(*) FROM touch WHERE state = 'delivered' GROUP BY 1",
        );
    }

    fn guards(&mut self, life: &Life) {
        self.counted(
            life,
            "SELECT 'guard.' || (said.value ->> 'guard'), count(DISTINCT touch.number)
             FROM touch, json_each(touch.verdicts) AS said GROUP BY 1",
        );
    }

    fn moves(&mut self, life: &Life, kind: &str, name: &str) {
        self.counted(
            life,
            &format!("SELECT '{kind}.{name}', count(*) FROM transition WHERE value = '{name}' GROUP BY 1"),
        );
    }

    fn counted(&mut self, life: &Life, question: &str) {
        for (table, times) in life.ask(question, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))) {
            self.add(table, times.unsigned_abs());
        }
    }

    fn calls(&mut self, life: &Life, files: &Files, name: &str) {
        for call in calls(files, name) {
            let told = life.command(&["select", &format!("is_known({call})"), "--format", "jsonl"]);
            self.add(format!("function.{name}"), u64::try_from(told.lines().count()).unwrap());
        }
    }

    fn known(&mut self, life: &Life, tables: &[&str]) {
        let names: Vec<&str> = tables.iter().map(|table| table.split_once('.').unwrap().1).collect();
        let told = life.command(&["select", "true", "--format", "jsonl", "--columns", &names.join(",")]);
        for line in told.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            for (table, name) in tables.iter().zip(&names) {
                let value = &row[name];
                let is_known = !value.is_null();
                let decides = is_known && !(table.starts_with("ledger.") && value.as_f64() == Some(0.0));
                self.add((*table).to_owned(), u64::from(decides));
            }
        }
    }
}

/// The calls of a function in the policies.
fn calls(files: &Files, name: &str) -> Vec<String> {
    let opened = format!("{name}(");
    let mut calls = Vec::new();
    for text in files.policies.values() {
        for (start, _) in text.match_indices(&opened) {
            let mut depth = 0;
            let end = text[start..].find(|letter| {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                letter == ')' && depth == 0
            });
            calls.push(text[start..=start + end.unwrap()].to_owned());
        }
    }
    calls
}
