//! What follows for its parts when a condition has a certain outcome.
//!
//! Several states stand for "one of these". What is left out is only detail: the states always allow
//! everything the condition allows, so that no states left means that it can't be.

use super::domain::{Domain, Known, Words};
use super::key::key;
use super::state::State;
use super::{Outcome, Reasoner};
use crate::model::{Type, Value};
use crate::policy::expression::builtin::{Builtin, Compute};
use crate::policy::expression::tree::{Binary, Node, NodeKind, Reference, Unary};

/// More states than this are not told apart.
pub(super) const MOST_STATES: usize = 32;

/// A condition that may have one of several outcomes.
pub(super) type Assumed<'n> = (&'n Node, &'static [Outcome]);

/// Outcomes that count as true.
pub(super) const HOLDS: &[Outcome] = &[Outcome::True];
/// Outcomes that count as false.
pub(super) const FAILS: &[Outcome] = &[Outcome::False, Outcome::Missing];

impl Reasoner<'_> {
    /// The states in which all conditions have their outcomes.
    pub(super) fn all(&self, conditions: &[Assumed<'_>], state: &State) -> Vec<State> {
        let mut states = vec![state.clone()];
        // What a later condition says may bear on an earlier one.
        for (node, outcomes) in conditions.iter().chain(conditions) {
            let narrowed = states.iter().flat_map(|state| self.any(node, outcomes, state));
            // Too many are as good as far too many.
            let narrowed: Vec<State> = narrowed.take(MOST_STATES + 1).collect();
            if narrowed.len() <= MOST_STATES {
                states = narrowed;
            }
            if states.is_empty() {
                break;
            }
        }
        states
    }

    /// The states in which a condition has one of some outcomes.
    pub(super) fn any(&self, node: &Node, outcomes: &[Outcome], state: &State) -> Vec<State> {
        let states = outcomes.iter().flat_map(|outcome| self.assume(node, *outcome, state)).collect();
        at_most(states, state)
    }

    /// The states in which a condition has an outcome.
    pub(super) fn assume(&self, node: &Node, outcome: Outcome, state: &State) -> Vec<State> {
        if !self.spend() {
            return vec![state.clone()];
        }
        match &node.kind {
            NodeKind::Literal(Value::Bool(flag)) => possible(Outcome::from(*flag) == outcome, state),
            NodeKind::Unary(Unary::Not, operand) => match outcome {
                Outcome::True => self.any(operand, FAILS, state),
                Outcome::False => self.any(operand, HOLDS, state),
                Outcome::Missing => Vec::new(),
            },
            NodeKind::Binary(Binary::And | Binary::Or, ..) => self.joined(node, outcome, state),
            NodeKind::Binary(operator, left, right) => match outcome {
                Outcome::Missing => Vec::new(),
                _ => self.compared(node, *operator, (left, right), outcome == Outcome::True, state),
            },
            NodeKind::In(subject, list) => match outcome {
                Outcome::True => self.member(subject, list, state),
                Outcome::False => self.no_member(subject, list, state),
                Outcome::Missing => Vec::new(),
            },
            NodeKind::If(condition, yes, no) => {
                let mut states = Vec::new();
                for (outcomes, branch) in [(HOLDS, yes), (FAILS, no)] {
                    for state in self.any(condition, outcomes, state) {
                        states.extend(self.assume(branch, outcome, &state));
                    }
                }
                at_most(states, state)
            }
            NodeKind::Coalesce(value, default) => {
                let mut states = Vec::new();
                if outcome != Outcome::Missing {
                    states = self.assume(value, outcome, state);
                }
                for state in self.assume(value, Outcome::Missing, state) {
                    states.extend(self.assume(default, outcome, &state));
                }
                at_most(states, state)
            }
            NodeKind::Call(builtin, arguments) => self.asked(node, builtin, arguments, outcome, state),
            NodeKind::AtLeast(value, level) => self.at_least(*value, *level, outcome, state),
            _ => self.noted(node, outcome, state.clone()),
        }
    }

    /// Notes the outcome of a condition that nothing more is known of.
    pub(super) fn noted(&self, node: &Node, outcome: Outcome, mut state: State) -> Vec<State> {
        let base = match &node.kind {
            NodeKind::Name(reference) => self.facts(reference, &node.ty).domain,
            _ => Domain::any(&Type::Bool),
        };
        let assumed = outcome.domain().meet(&base);
        let is_possible = state.assume(key(node), assumed);
        possible(is_possible, &state)
    }

    /// `a && b`, `a || b`, over the whole chain.
    fn joined(&self, node: &Node, outcome: Outcome, state: &State) -> Vec<State> {
        let NodeKind::Binary(operator, ..) = node.kind else { return vec![state.clone()] };
        let mut parts = chain(node, operator);
        // Whoever writes `&& false` means it.
        let count = parts.len();
        parts.retain(|part| !matches!(part.kind, NodeKind::Literal(_)));
        let has_literals = parts.len() < count;
        let all = match (operator, outcome) {
            (_, Outcome::Missing) => return Vec::new(),
            (Binary::And, Outcome::True) => Some(HOLDS),
            (Binary::Or, Outcome::False) => Some(FAILS),
            _ => None,
        };
        if let Some(outcomes) = all {
            let conditions: Vec<Assumed<'_>> = parts.into_iter().map(|part| (part, outcomes)).collect();
            return self.all(&conditions, state);
        }
        if has_literals {
            return vec![state.clone()];
        }
        let one = if operator == Binary::And { FAILS } else { HOLDS };
        let mut states = Vec::new();
        for part in parts {
            states.extend(self.any(part, one, state));
            if states.len() > MOST_STATES {
                return vec![state.clone()];
            }
        }
        states
    }

    /// A function that gives true or false.
    fn asked(
        &self,
        node: &Node,
        builtin: Builtin,
        arguments: &[Node],
        outcome: Outcome,
        state: &State,
    ) -> Vec<State> {
        let (Compute::Known(wanted), [argument]) = (builtin.compute, arguments) else {
            let mut state = state.clone();
            if outcome != Outcome::Missing
                && !arguments.iter().all(|argument| self.known(argument, &mut state))
            {
                return Vec::new();
            }
            return self.noted(node, outcome, state);
        };
        if outcome == Outcome::Missing {
            return Vec::new();
        }
        let is_known = (outcome == Outcome::True) == wanted;
        if argument.ty == Type::Bool {
            let outcomes: &[Outcome] =
                if is_known { &[Outcome::True, Outcome::False] } else { &[Outcome::Missing] };
            return self.any(argument, outcomes, state);
        }
        let mut state = state.clone();
        let fits = if is_known {
            self.known(argument, &mut state)
        } else {
            let domain = self.domain(argument, &state);
            domain.can_be_missing
                && state.assume(key(argument), Domain { known: domain.known.nothing(), ..domain })
        };
        possible(fits, &state)
    }

    /// `at_least(tier, "level")`.
    fn at_least(&self, value: usize, level: u16, outcome: Outcome, state: &State) -> Vec<State> {
        let Some(levels) = self.names.places(value) else { return vec![state.clone()] };
        let (upper, lower): (Vec<_>, Vec<_>) =
            levels.iter().cloned().enumerate().partition(|(index, _)| *index <= usize::from(level));
        let (words, can_be_missing) = match outcome {
            Outcome::True => (upper, false),
            Outcome::False => (lower, true),
            Outcome::Missing => return Vec::new(),
        };
        let known = Known::Words(Words::Only(words.into_iter().map(|(_, word)| word).collect()));
        let tier =
            Node { kind: NodeKind::Name(Reference::Value(value)), ty: Type::Choice(levels), span: 0..0 };
        let mut state = state.clone();
        let fits = state.assume(key(&tier), Domain { can_be_missing, known });
        possible(fits, &state)
    }

    /// Assumes that a part is known, and with it all that it is computed from; whether that can be.
    pub(super) fn known(&self, node: &Node, state: &mut State) -> bool {
        if !self.spend() {
            return true;
        }
        let parts_fit = match &node.kind {
            NodeKind::Unary(Unary::Negate, operand) => self.known(operand, state),
            NodeKind::Binary(_, left, right) if node.ty != Type::Bool => {
                self.known(left, state) && self.known(right, state)
            }
            NodeKind::Call(builtin, arguments) if builtin.is_strict() => {
                arguments.iter().all(|argument| self.known(argument, state))
            }
            NodeKind::Script(_, arguments) => arguments.iter().all(|argument| self.known(argument, state)),
            _ => true,
        };
        if !parts_fit || node.ty == Type::Bool {
            return parts_fit;
        }
        let domain = self.domain(node, state);
        state.assume(key(node), Domain { can_be_missing: false, ..domain })
    }
}

/// The parts of `a && b && c`.
pub(super) fn chain(node: &Node, operator: Binary) -> Vec<&Node> {
    let mut parts = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.kind {
            NodeKind::Binary(own, left, right) if *own == operator => open.extend([&**right, &**left]),
            _ => parts.push(node),
        }
    }
    parts
}

pub(super) fn possible(fits: bool, state: &State) -> Vec<State> {
    if fits { vec![state.clone()] } else { Vec::new() }
}

fn at_most(states: Vec<State>, state: &State) -> Vec<State> {
    if states.len() > MOST_STATES { vec![state.clone()] } else { states }
}
