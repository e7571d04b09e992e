//! What there is to be seen of a policy set.

use std::sync::Arc;

use crate::model::Type;
use crate::policy::Compiled;
use crate::policy::compiled::{Cadence, Guard, Quadrant, Tier, Trigger, ValueDefinition, ValueKind};
use crate::policy::expression::tree::Expression;

/// The keys of a quadrant's cells, in order of place.
const CELLS: [&str; 4] = ["top_right", "bottom_right", "top_left", "bottom_left"];

/// One thing that a test may have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The table, as in `trigger.overdue`.
    pub table: String,
    /// The part of it: a key, a level, a cell, a step; empty for the table as a whole.
    pub part: String,
    /// What was to be seen: `true`, `false`, `known`, `held`, `passed`, `fired`, `touch`, `place`.
    pub outcome: &'static str,
    /// What it says that nobody saw, in words.
    pub unseen: String,
    /// Where it is declared: kind, name, keys.
    pub(super) path: Vec<String>,
}

/// What is looked at, and which points each answer is.
#[derive(Debug, Default)]
pub(super) struct Watching {
    pub(super) points: Vec<Point>,
    /// Over each customer.
    pub(super) customers: Vec<(Expression, Outcomes)>,
    /// Over each event of a kind.
    pub(super) events: Vec<(usize, Expression, Outcomes)>,
    /// That a trigger fired, by trigger.
    pub(super) fired: Vec<usize>,
    /// By cadence, by step.
    pub(super) steps: Vec<Vec<StepPoints>>,
    /// By guard.
    pub(super) guards: Vec<GuardPoints>,
}

/// Which points the answers to an expression are.
#[derive(Debug)]
pub(super) enum Outcomes {
    Known(usize),
    Truth { yes: usize, no: usize },
    Places(Vec<(Arc<str>, usize)>),
}

/// The points of a cadence's step.
#[derive(Debug)]
pub(super) struct StepPoints {
    pub(super) id: Arc<str>,
    pub(super) touch: usize,
    /// Of its condition.
    pub(super) when: Option<(usize, usize)>,
}

/// The points of a guard.
#[derive(Debug)]
pub(super) struct GuardPoints {
    pub(super) passed: usize,
    pub(super) held: usize,
    /// Index of its audience among [`Watching::customers`].
    pub(super) audience: Option<usize>,
}

impl Watching {
    pub(super) fn of(policy: &Compiled) -> Self {
        let mut watching = Self::default();
        for value in &policy.values {
            watching.value(policy, value);
        }
        for cadence in &policy.cadences {
            watching.cadence(cadence);
        }
        for trigger in &policy.triggers {
            watching.trigger(trigger);
        }
        for guard in &policy.guards {
            watching.guard(guard);
        }
        watching
    }

    fn point(&mut self, path: &[&str], outcome: &'static str, unseen: String) -> usize {
        let (table, part) = path.split_at_checked(2).unwrap_or((path, &[]));
        self.points.push(Point {
            table: table.join("."),
            part: part.join("."),
            outcome,
            unseen,
            path: path.iter().map(|&part| part.to_owned()).collect(),
        });
        self.points.len() - 1
    }

    /// A condition both ways; `what` names it in a sentence.
    fn truth(&mut self, path: &[&str], what: &str) -> (usize, usize) {
        let yes = self.point(path, "true", format!("{what} was never true"));
        let no = self.point(path, "false", format!("{what} was never false"));
        (yes, no)
    }

    /// A condition over the customer; its index.
    fn condition(&mut self, path: &[&str], expression: &Expression) -> usize {
        let key = path.last().copied().unwrap_or_default();
        let (yes, no) = self.truth(path, &format!("`{key}`"));
        self.customers.push((expression.clone(), Outcomes::Truth { yes, no }));
        self.customers.len() - 1
    }

    fn value(&mut self, policy: &Compiled, value: &ValueDefinition) {
        let name = &*value.name;
        let Some(expression) = policy.named(name) else { return };
        let kind = value.kind.word();
        let outcomes = match &value.kind {
            ValueKind::Segment(_) => {
                let path = [kind, name];
                let yes = self.point(&path, "true", "nobody was in it".to_owned());
                let no = self.point(&path, "false", "nobody was out of it".to_owned());
                Outcomes::Truth { yes, no }
            }
            ValueKind::Tier(tier) => self.levels(name, tier),
            ValueKind::Quadrant(quadrant) => self.cells(name, quadrant),
            _ if value.ty == Type::Bool => {
                let (yes, no) = self.truth(&[kind, name], "it");
                Outcomes::Truth { yes, no }
            }
            _ => Outcomes::Known(self.point(&[kind, name], "known", "it was never known".to_owned())),
        };
        self.customers.push((expression, outcomes));
    }

    fn levels(&mut self, name: &str, tier: &Tier) -> Outcomes {
        let level = |level: &crate::policy::compiled::Level| {
            let path = ["tier", name, "levels", &*level.name];
            let unseen = format!("nobody stood at the level `{}`", level.name);
            (Arc::clone(&level.name), self.point(&path, "place", unseen))
        };
        Outcomes::Places(tier.levels.iter().map(level).collect())
    }

    fn cells(&mut self, name: &str, quadrant: &Quadrant) -> Outcomes {
        let cells = quadrant.cells.iter().zip(CELLS).map(|(cell, key)| {
            let unseen = format!("nobody stood in the cell `{}`", cell.name);
            (Arc::clone(&cell.name), self.point(&["quadrant", name, key], "place", unseen))
        });
        Outcomes::Places(cells.collect())
    }

    fn cadence(&mut self, cadence: &Cadence) {
        let name = &*cadence.name;
        for (key, condition) in [("audience", &cadence.audience), ("stop_when", &cadence.stop_when)] {
            if let Some(condition) = condition {
                self.condition(&["cadence", name, key], condition);
            }
        }
        if let crate::policy::compiled::Anchor::Event { event, filter: Some(filter), .. } = &cadence.anchor {
            self.filter(&["cadence", name, "where"], *event, filter);
        }
        let steps = cadence.steps.iter().map(|step| {
            let path = ["cadence", name, "step", &step.id];
            let touch = self.point(&path, "touch", format!("the step `{}` never made a touch", step.id));
            let when = step.when.as_ref().map(|_| {
                let path = ["cadence", name, "step", &step.id, "when"];
                self.truth(&path, &format!("`when` of the step `{}`", step.id))
            });
            StepPoints { id: Arc::clone(&step.id), touch, when }
        });
        let steps = steps.collect();
        self.steps.push(steps);
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let name = &*trigger.name;
        if let crate::policy::compiled::Shape::When(when) = &trigger.shape {
            self.condition(&["trigger", name, "when"], when);
        }
        if let Some(happening) = trigger.happening()
            && let Some(filter) = &happening.filter
        {
            self.filter(&["trigger", name, "where"], happening.event, filter);
        }
        if let Some(audience) = &trigger.audience {
            self.condition(&["trigger", name, "audience"], audience);
        }
        let fired = self.point(&["trigger", name], "fired", "it never fired".to_owned());
        self.fired.push(fired);
    }

    fn filter(&mut self, path: &[&str], event: usize, filter: &Expression) {
        let (yes, no) = self.truth(path, "`where`");
        self.events.push((event, filter.clone(), Outcomes::Truth { yes, no }));
    }

    fn guard(&mut self, guard: &Guard) {
        let name = &*guard.name;
        let audience =
            guard.audience.as_ref().map(|audience| self.condition(&["guard", name, "audience"], audience));
        let passed = self.point(&["guard", name], "passed", "it never let a touch pass".to_owned());
        let held = self.point(&["guard", name], "held", "it never held a touch".to_owned());
        self.guards.push(GuardPoints { passed, held, audience });
    }
}
