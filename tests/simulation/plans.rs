//! What a plan says of an edit is what the next run then does: the same touches in the same states, the same moves.

use std::collections::{BTreeMap, BTreeSet};

use guanxi::plan::{Move, Plan, TouchSample};

use crate::chance::Chance;
use crate::policies::Figures;
use crate::program::Program;
use crate::receiver::Receiver;
use crate::world::{HOUR, World, beginning};

/// What there was to compare, so that a world in which nothing happens is noticed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    plans: usize,
    touches: usize,
    added: u64,
    removed: u64,
    moves: u64,
    cancelled: u64,
}

/// Lives hour by hour, edits often, plans each edit and holds the run to it.
pub(crate) fn hold_what_then_happens(seed: u64, customers: u64, hours: u64) {
    let (edits, mut seen) = (Chance::new(seed, "edits"), Seen::default());
    let mut policies = Policies { figures: Figures::first(), numbers: NUMBERS.map(|(_, first)| first) };
    let mut program = Program::new(&policies.text(), beginning(), None);
    let mut receiver = Receiver::new(seed);
    let mut world = World::new(seed, customers);
    let mut known = 0;
    let facts = world.beginning(beginning().0);
    program.take_in(&facts);
    known += facts.len();
    for _ in 0..hours {
        let now = program.now().plus(HOUR + 1);
        program.set_clock(now);
        let facts = world.hour(now.0);
        program.take_in(&facts);
        world.came(&facts);
        known += facts.len();
        receiver.facts = known;
        if edits.one_in(4) {
            // Now and then two edits meet one run: then the first of them was never in force.
            for edit in 0..=u64::from(edits.one_in(4)) {
                let before = policies.text();
                policies.edit(&edits);
                assert!(program.edit(&policies.text()), "an edit doesn't load:\n{}", policies.text());
                let plan = program.plan(&before, now);
                // An edit by chance may say what was said before.
                if !plan.is_empty() && !edits.one_in(4) {
                    check(&mut program, &plan, edit == 0, &mut seen, (seed, now.0));
                    break;
                }
            }
        }
        program.run(now);
        program.deliver(&mut receiver);
    }
    let Seen { plans, touches, added, removed, moves, cancelled } = seen;
    assert!(plans > 20 && touches > 100 && moves > 20, "{plans} plans, {touches} touches, {moves} moves");
    assert!(added > 10 && removed > 10 && cancelled > 0, "+{added} -{removed}, {cancelled} cancelled");
}

/// Numbers in the text of the policies, by what stands before them, that are edited besides the figures.
const NUMBERS: [(&str, u64); 8] = [
    ("when = 'strain > ", 4),
    ("when = 'satisfaction < ", 2),
    ("best = { count = ", 15),
    ("days_since_order > ", 40),
    ("orders_90d >= ", 1),
    ("id = \"hello\"\nafter = \"", 2),
    ("id = \"thanks\", after = \"", 1),
    ("where = 'severity >= ", 4),
];

/// The policies of the world, with more that is edited.
struct Policies {
    figures: Figures,
    numbers: [u64; NUMBERS.len()],
}

impl Policies {
    fn edit(&mut self, chance: &Chance) {
        if chance.one_in(2) {
            self.figures.edit(chance);
            return;
        }
        let which = usize::try_from(chance.below(NUMBERS.len() as u64)).unwrap();
        self.numbers[which] = 1 + chance.below(2 * NUMBERS[which].1 + 2);
    }

    fn text(&self) -> String {
        let mut text = self.figures.text();
        for ((before, first), number) in NUMBERS.into_iter().zip(self.numbers) {
            let wanted = format!("{before}{first}");
            assert!(text.contains(&wanted), "the policies have no `{wanted}` any more");
            text = text.replacen(&wanted, &format!("{before}{number}"), 1);
        }
        text
    }
}

/// A touch as a plan lists it: customer, action, state and the guard it waits for.
type Listed = (String, String, String, String);

/// Every touch there is, by id.
fn touches(program: &Program) -> BTreeMap<String, Listed> {
    let query = "SELECT id || '|' || customer || '|' || action || '|' || state || '|' || \
                 iif(state = 'waiting', coalesce(guard, ''), '') FROM touch";
    let rows = program.texts(query);
    let parts = rows.iter().map(|row| {
        let mut parts = row.split('|').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        (next(), (next(), next(), next(), next()))
    });
    parts.collect()
}

fn counts(state: &str) -> bool {
    ["waiting", "queued", "delivered"].contains(&state)
}

/// Runs, and holds what came of it to the plan; to its moves only where it compares with the set that ran last, from which
/// a run tells what edits did.
fn check(program: &mut Program, plan: &Plan, with_moves: bool, seen: &mut Seen, whence: (u64, i64)) {
    let before = touches(program);
    let placed: BTreeSet<String> = program.texts("SELECT customer FROM standing").into_iter().collect();
    program.run(program.now());
    let after = touches(program);
    let mut planned: BTreeMap<&str, Listed> = BTreeMap::new();
    for action in &plan.next_run.actions {
        let listed = |touch: &TouchSample| {
            let guard = touch.guard.clone().unwrap_or_default();
            (touch.customer.clone(), action.action.clone(), touch.state.clone(), guard)
        };
        for touch in action.added.examples.iter().chain(&action.same.examples) {
            planned.insert(&touch.id, listed(touch));
        }
        for touch in &action.removed.examples {
            let found = after.get(&touch.id);
            assert!(found.is_none_or(|(.., state, _)| !counts(state)), "{whence:?}: {touch:?} is {found:?}");
        }
        (seen.added, seen.removed) = (seen.added + action.added.count, seen.removed + action.removed.count);
    }
    for (id, listed) in &planned {
        assert_eq!(after.get(*id), Some(listed), "{whence:?}: {id} is planned");
    }
    for (id, found) in after.iter().filter(|(id, found)| before.get(*id) != Some(*found) && counts(&found.2))
    {
        assert_eq!(planned.get(id.as_str()), Some(found), "{whence:?}: {id} came of the run");
    }
    for touch in plan.cancelled.iter().flat_map(|cancelled| &cancelled.touches.examples) {
        assert_eq!(after[&touch.id].2, "cancelled", "{whence:?}: {touch:?}");
        seen.cancelled += 1;
    }
    if with_moves {
        check_moves(program, plan, &placed, whence);
    }
    seen.plans += 1;
    seen.touches += planned.len();
    seen.moves +=
        plan.values.iter().flat_map(|value| &value.moves).map(|step| step.customers.count).sum::<u64>();
}

/// The moves of a plan are the transitions of the run, by whose doing they are. The first placement of a customer is
/// none.
fn check_moves(program: &Program, plan: &Plan, placed: &BTreeSet<String>, whence: (u64, i64)) {
    for class in ["lighthouse", "pyramid", "selection", "strained", "unhappy"] {
        let shown = plan.values.iter().find(|value| value.value.ends_with(&format!(".{class}")));
        let moved = |moves: &[Move]| {
            let said = moves.iter().flat_map(|step| {
                let place = |place: &Option<String>| place.clone().unwrap_or_default();
                let (from, to) = (place(&step.from), place(&step.to));
                step.customers.examples.iter().map(move |customer| format!("{customer}|{from}|{to}"))
            });
            let known = |said: &String| placed.contains(said.split('|').next().unwrap());
            said.filter(known).collect::<BTreeSet<String>>()
        };
        for (cause, planned) in
            [("policy", shown.map(|value| &value.moves)), ("data", shown.map(|value| &value.anyway))]
        {
            let query = format!(
                "SELECT customer || '|' || coalesce(\"from\", '') || '|' || coalesce(\"to\", '') FROM transition \
                 WHERE run = (SELECT max(id) FROM run) AND value = '{class}' AND cause = '{cause}'"
            );
            let found: BTreeSet<String> = program.texts(&query).into_iter().collect();
            match planned {
                Some(planned) => assert_eq!(moved(planned), found, "{whence:?}: {class} by {cause}"),
                None if cause == "policy" => assert!(found.is_empty(), "{whence:?}: {class} moved {found:?}"),
                None => {}
            }
        }
    }
}
