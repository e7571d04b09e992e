//! A plan as people read it: like a diff, the tables first, then what follows for customers.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::super::print::table;
use super::super::times;
use crate::daemon::policy_set::plural;
use crate::model::Timestamp;
use crate::plan::{
    ActionChange, CadenceChange, Follows, Moved, Plan, ReachChange, Sample, StepChange, TouchChanges,
    TouchSample, ValueChange,
};
use crate::policy::{Change, KeyChange, TableChange};

/// How many tables are named that follow another.
const MOST_FOLLOWERS: usize = 8;
/// What is shown of a key's value at most, in characters.
const LONGEST: usize = 100;

/// The plan, line by line.
pub(super) fn lines(plan: &Plan, timezone: Tz) -> Vec<String> {
    let mut page = Page { lines: Vec::new(), customers: plan.customers };
    if plan.is_empty() {
        page.say(0, format!("nothing differs: the policies {} are those compared with", plan.version));
        return page.lines;
    }
    page.say(
        0,
        format!(
            "plan  {} → {}, for {} ({timezone}), {}",
            plan.from,
            plan.version,
            Timestamp::parse_rfc3339(&plan.now)
                .map_or_else(|| plan.now.clone(), |now| times::show(now, timezone)),
            counted(plan.customers, "customer")
        ),
    );
    page.tables(plan);
    page.values(plan);
    page.touches("touches of the next run", &plan.next_run, true);
    if let Some(days) = &plan.days {
        let runs = if days.runs_before == days.runs_after {
            counted(days.runs_after, "run")
        } else {
            format!("{} → {}", days.runs_before, counted(days.runs_after, "run"))
        };
        let left_out = if days.left_out > 0 { "; those that only place customers are left out" } else { "" };
        let heading = format!("touches over {} days if no data comes ({runs}{left_out})", days.days);
        page.touches(&heading, &days.touches, false);
    }
    page.cadences(&plan.cadences);
    page.cancelled(plan);
    page.approval(&plan.approval);
    page.say(0, "");
    page.say(0, summary(plan));
    page.lines
}

struct Page {
    lines: Vec<String>,
    customers: u64,
}

impl Page {
    fn say(&mut self, indent: usize, line: impl AsRef<str>) {
        let line = format!("{:indent$}{}", "", line.as_ref());
        self.lines.push(line.trim_end().to_owned());
    }

    fn heading(&mut self, heading: &str) {
        self.say(0, "");
        self.say(0, heading);
    }

    fn tables(&mut self, plan: &Plan) {
        self.heading("tables");
        if plan.tables.is_empty() {
            self.say(2, "only titles, descriptions or how they are written differ");
        }
        for TableChange { table, file, change } in &plan.tables {
            match change {
                Change::Added => self.say(2, format!("+ {table}, in {file}")),
                Change::Removed => self.say(2, format!("- {table}, was in {file}")),
                Change::Edited { keys } => {
                    self.say(2, format!("~ {table}, in {file}"));
                    for key in keys {
                        self.say(6, key_line(key));
                    }
                }
            }
        }
        for (through, tables) in followers(&plan.follow) {
            let more = tables.len().saturating_sub(MOST_FOLLOWERS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let shown: Vec<&str> = tables.into_iter().take(MOST_FOLLOWERS).collect();
            self.say(2, format!("> decide otherwise through {through}: {}{more}", shown.join(", ")));
        }
    }

    fn values(&mut self, plan: &Plan) {
        self.heading("values after the next run");
        if plan.values.is_empty() {
            self.say(2, "no customer stands elsewhere or has another value");
        }
        for ValueChange { value, anyway, moves, changed } in &plan.values {
            let sign = match change_of(plan, value) {
                Some(Change::Added) => '+',
                Some(Change::Removed) => '-',
                _ => '~',
            };
            self.say(2, format!("{sign} {value}"));
            for step in moves {
                let way = way(value, step.from.as_deref(), step.to.as_deref());
                let customers = self.sample(&step.customers);
                self.say(6, format!("{way}: {customers}"));
            }
            let moved: u64 = anyway.iter().map(|step| step.customers.count).sum();
            if moved > 0 {
                self.say(
                    6,
                    format!("besides, {} at the next run anyway", counted_verb(moved, "moves", "move")),
                );
            }
            if let Some(changed) = changed {
                let medians = match (changed.median_before, changed.median_after) {
                    (None, None) => String::new(),
                    (before, after) => format!("; median {} → {}", number(before), number(after)),
                };
                let customers = self.sample(&changed.customers);
                self.say(6, format!("another value: {customers}{medians}"));
            }
        }
    }

    fn touches(&mut self, heading: &str, touches: &TouchChanges, with_examples: bool) {
        self.heading(heading);
        if touches.actions.is_empty() {
            self.say(2, "none");
            return;
        }
        let (changed, others): (Vec<_>, Vec<_>) =
            touches.actions.iter().partition(|action| is_changed(action));
        if !changed.is_empty() {
            let rows = changed.iter().flat_map(|action| rows(action)).collect();
            let table = table(&["  action", "+", "-", "same", "because of"], rows, &[1, 2, 3]);
            self.lines.extend(table.to_string().lines().map(|line| line.trim_end().to_owned()));
        }
        let stay: u64 = others.iter().map(|action| action.same.count).sum();
        if stay > 0 {
            let names =
                counted(others.len() as u64, if changed.is_empty() { "action" } else { "other action" });
            self.say(2, format!("{} by {names} either way", touches_of(stay)));
        }
        for action in touches.actions.iter().filter(|_| with_examples) {
            for (sign, touches) in [("+", &action.added), ("-", &action.removed)] {
                if !touches.examples.is_empty() {
                    self.say(2, format!("{sign} {}: {}", action.action, customers_of(touches)));
                }
            }
        }
        for action in touches.actions.iter().filter(|action| action.reworded > 0) {
            let ActionChange { action, reworded, .. } = action;
            self.say(2, format!("~ {action}: {reworded} of those made either way are sent with other words"));
        }
        for guard in &touches.guards {
            let part = |before: u64, after: u64, word: &str| {
                (before + after > 0).then(|| format!("{} {word}", from_to(before, after)))
            };
            let waiting = part(guard.waiting_before, guard.waiting_after, "wait");
            let dropped = part(guard.dropped_before, guard.dropped_after, "dropped");
            let parts: Vec<String> = [waiting, dropped].into_iter().flatten().collect();
            self.say(2, format!("guard.{} holds back: {}", guard.guard, parts.join(", ")));
        }
    }

    fn cadences(&mut self, cadences: &[CadenceChange]) {
        if cadences.is_empty() {
            return;
        }
        self.heading("enrolments");
        for cadence in cadences {
            let enrolled = from_to(cadence.enrolled_before, cadence.enrolled_after);
            self.say(2, format!("~ cadence.{}: {enrolled} enrolled", cadence.cadence));
            if !cadence.enters.is_empty() {
                let customers = self.sample(&cadence.enters);
                self.say(6, format!("enter: {customers}"));
            }
            for ending in &cadence.ends {
                let customers = self.sample(&ending.customers);
                self.say(6, format!("end ({}): {customers}", ending.reason));
            }
            for step in &cadence.steps {
                self.step(step);
            }
        }
    }

    fn step(&mut self, change: &StepChange) {
        let StepChange { step, earlier, later, gained, lost, due, missed } = change;
        for (moved, word) in [(earlier, "earlier"), (later, "later")] {
            if !moved.customers.is_empty() {
                let customers = self.sample(&moved.customers);
                self.say(6, format!("step {step} {} {word}: {customers}", distance(moved)));
            }
        }
        let others = [
            (gained, "is to come as well"),
            (lost, "is not to come any more"),
            (due, "is due at the next run"),
            (missed, "is found too late, and missed"),
        ];
        for (sample, words) in others {
            if !sample.is_empty() {
                let customers = self.sample(sample);
                self.say(6, format!("step {step} {words}: {customers}"));
            }
        }
    }

    fn cancelled(&mut self, plan: &Plan) {
        if plan.cancelled.is_empty() {
            return;
        }
        self.heading("touches not sent yet that are taken back");
        for cancelled in &plan.cancelled {
            self.say(
                2,
                format!(
                    "- {} of {}: {} ({}); {}",
                    cancelled.action,
                    cancelled.because,
                    cancelled.touches.count,
                    cancelled.reason,
                    customers_of(&cancelled.touches)
                ),
            );
        }
    }

    fn approval(&mut self, approval: &[ReachChange]) {
        self.heading("approval");
        let waits = approval.iter().any(|reach| reach.after.is_some_and(|after| after.waits));
        if approval.is_empty() {
            self.say(2, "no blast radius is asked: the next run's touches go to the other guards at once");
        } else if waits {
            self.say(2, "the next run would wait for approval:");
        } else {
            self.say(2, "the next run needs none:");
        }
        for reach in approval {
            let before = reach.before.map_or(0, |before| before.touches);
            let line = match reach.after {
                None => "is not asked any more".to_owned(),
                Some(after) => format!(
                    "{} touches within 24 hours, {} may be made ({before} without the edit)",
                    after.touches, after.most
                ),
            };
            self.say(4, format!("guard.{}: {line}", reach.guard));
        }
    }

    /// `12 (3 %): c1, c2, c3 …`.
    fn sample(&self, customers: &Sample<String>) -> String {
        let named = listed(customers.examples.iter().map(String::as_str), customers.count);
        format!("{} ({}){named}", customers.count, share(customers.count, self.customers))
    }
}

fn key_line(change: &KeyChange) -> String {
    let key = if change.key.is_empty() { String::new() } else { format!("{}: ", change.key) };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{key}{} → {}", short(before), short(after)),
        (None, Some(after)) => format!("+ {key}{}", short(after)),
        (Some(before), None) => format!("- {key}{}", short(before)),
        (None, None) => key,
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST).collect();
    format!("{kept}…")
}

/// From one place to another; into a segment and out of it.
fn way(value: &str, from: Option<&str>, to: Option<&str>) -> String {
    let is_segment = value.starts_with("segment.");
    match (from, to) {
        (Some("false"), Some("true")) if is_segment => "+ enter".to_owned(),
        (Some("true"), Some("false")) if is_segment => "- leave".to_owned(),
        _ => {
            let none = if value.starts_with("score.") { "missing" } else { "none" };
            format!("{} → {}", from.unwrap_or(none), to.unwrap_or(none))
        }
    }
}

/// What became of the table of a value.
fn change_of<'plan>(plan: &'plan Plan, value: &str) -> Option<&'plan Change> {
    plan.tables.iter().find(|change| change.table == value).map(|change| &change.change)
}

/// Whether an action makes other touches than without the edit.
const fn is_changed(action: &ActionChange) -> bool {
    !action.added.is_empty() || !action.removed.is_empty() || action.reworded > 0
}

/// The rows of an action: one where it has one reason, else one for each below it.
fn rows(action: &ActionChange) -> Vec<Vec<String>> {
    let of_all = [action.added.count, action.removed.count, action.same.count];
    let reasons =
        action.reasons.iter().map(|reason| ([reason.added, reason.removed, reason.same], &reason.because));
    let mut reasons: Vec<_> = reasons.filter(|(sizes, _)| *sizes != [0, 0, 0]).collect();
    let because = if reasons.len() == 1 { reasons.pop().map_or("", |(_, because)| because) } else { "" };
    let mut rows = vec![row(format!("  {}", action.action), of_all, because)];
    rows.extend(reasons.into_iter().map(|(sizes, because)| row(String::new(), sizes, because)));
    rows
}

fn row(name: String, sizes: [u64; 3], because: &str) -> Vec<String> {
    let shown = sizes.map(|size| if size == 0 { "·".to_owned() } else { size.to_string() });
    std::iter::once(name).chain(shown).chain([because.to_owned()]).collect()
}

/// `1 touch`, `2 touches`.
fn touches_of(count: u64) -> String {
    format!("{count} {}", if count == 1 { "touch" } else { "touches" })
}

/// The tables that follow others, by those they follow.
fn followers(follow: &[Follows]) -> BTreeMap<String, Vec<&str>> {
    let mut followers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for follows in follow {
        followers.entry(follows.through.join(" and ")).or_default().push(&follows.table);
    }
    followers
}

fn customers_of(touches: &Sample<TouchSample>) -> String {
    let named = touches.examples.iter().map(|touch| touch.customer.as_str());
    listed(named, touches.count).trim_start_matches(": ").to_owned()
}

/// `: a, b …`, or nothing.
fn listed<'a>(examples: impl Iterator<Item = &'a str>, count: u64) -> String {
    let examples: Vec<&str> = examples.collect();
    let rest = if (examples.len() as u64) < count { " …" } else { "" };
    if examples.is_empty() { String::new() } else { format!(": {}{rest}", examples.join(", ")) }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: u64, whole: u64) -> String {
    let percent = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    match percent {
        percent if percent == 0.0 || percent >= 9.95 => format!("{percent:.0} %"),
        percent if percent < 0.1 => "below 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// A number with about three digits that count.
fn number(number: Option<f64>) -> String {
    match number {
        None => "none".to_owned(),
        Some(number) if number.fract() == 0.0 || number.abs() >= 100.0 => format!("{number:.0}"),
        Some(number) if number.abs() >= 1.0 => format!("{number:.2}"),
        Some(number) => format!("{number:.3}"),
    }
}

fn distance(moved: &Moved) -> String {
    let said = |days: Option<f64>| number(days.map(|days| (days * 10.0).round() / 10.0));
    let (least, most) = (said(moved.least_days), said(moved.most_days));
    let noun = if most == "1" { "day" } else { "days" };
    if least == most { format!("{most} {noun}") } else { format!("{least} to {most} days") }
}

fn from_to(before: u64, after: u64) -> String {
    if before == after { after.to_string() } else { format!("{before} → {after}") }
}

fn counted(count: u64, noun: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

fn counted_verb(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// All of it in one line.
fn summary(plan: &Plan) -> String {
    // Who stands anywhere in a new value for the first time has not moved.
    let is_old = |value: &&ValueChange| {
        !matches!(change_of(plan, &value.value), Some(Change::Added | Change::Removed))
    };
    let moves = plan.values.iter().filter(is_old).flat_map(|value| &value.moves);
    let moved: u64 = moves.map(|step| step.customers.count).sum();
    let sums = |touches: &TouchChanges| {
        let sum = |of: fn(&ActionChange) -> u64| touches.actions.iter().map(of).sum::<u64>();
        format!("+{} -{}", sum(|action| action.added.count), sum(|action| action.removed.count))
    };
    let mut parts = vec![
        counted_verb(plan.tables.len() as u64, "table differs", "tables differ"),
        format!("{} by the edit", counted(moved, "move")),
        format!("{} touches at the next run", sums(&plan.next_run)),
    ];
    if let Some(days) = &plan.days {
        parts.push(format!("{} over {} days", sums(&days.touches), days.days));
    }
    parts.join("; ")
}
