use super::*;
use crate::model::Bitmap;
use crate::model::cut::{CutPoint, Figure};
use crate::model::standing::{
    ClassDecision, NEVER, NO_PLACE, PendingClock, Place, Transition, TransitionCause,
};
use crate::model::trigger::{RuleMemory, TriggerMemory, TriggerRecord};

fn with_customers() -> Archive {
    let mut archive = archive();
    for customer in ["a", "b"] {
        order(&mut archive, 1, customer, customer, 1, 1.0);
    }
    archive
}

fn new_run(now: i64) -> NewRun {
    NewRun {
        now: Timestamp(now),
        started: Timestamp(now + 1),
        schedule: "morning".to_owned(),
        policy_version: "v1".to_owned(),
    }
}

/// Decides places as evaluation does: first where never placed, changed where they differ.
fn decide(batch: &FactBatch, class: usize, places: &[Place]) -> ClassDecision {
    let prior = batch.prior.classes[class].as_ref().unwrap();
    let mut decision = ClassDecision {
        place: places.to_vec(),
        first: Bitmap::filled(places.len(), false),
        changed: Bitmap::filled(places.len(), false),
    };
    for (row, &place) in places.iter().enumerate() {
        let first = prior.since[row] == NEVER;
        decision.first.set(row, first);
        decision.changed.set(row, !first && prior.place[row] != place);
    }
    decision
}

/// One run that places both customers; returns what moved.
fn place(archive: &mut Archive, now: i64, segment: &[Place], tier: Option<&[Place]>) -> Vec<Transition> {
    let mut run = archive.begin_run(&new_run(now)).unwrap();
    let batch = facts(run.archive(), now);
    let decisions = [Some(decide(&batch, 0, segment)), tier.map(|places| decide(&batch, 1, places))];
    let moved = run.place(&batch, &decisions, &[], Timestamp(now), &[]).unwrap();
    run.finish(&RunTotals { finished: Timestamp(now + 2), customers: 2, ..RunTotals::default() }).unwrap();
    moved
}

#[test]
fn places_come_back_with_since_when_and_what_was_before() {
    let mut archive = with_customers();
    assert!(
        place(&mut archive, 10, &[0, 1], Some(&[0, NO_PLACE])).is_empty(),
        "the first placement is no move"
    );
    assert!(place(&mut archive, 20, &[0, 1], Some(&[0, NO_PLACE])).is_empty());
    let moved = place(&mut archive, 30, &[1, 1], Some(&[1, 0]));
    let names: Vec<_> = moved
        .iter()
        .map(|moved| (&*moved.customer, &*moved.value, moved.from.as_deref(), moved.to.as_deref()))
        .collect();
    assert_eq!(
        names,
        [
            ("a", "as_of", Some("false"), Some("true")),
            ("a", "tier", Some("top"), Some("rest")),
            ("b", "tier", None, Some("top")),
        ]
    );
    let prior = facts(&archive, 40).prior;
    let (segment, tier) = (prior.classes[0].as_ref().unwrap(), prior.classes[1].as_ref().unwrap());
    assert_eq!((&*segment.place, &*segment.since), (&[1, 1][..], &[30, 10][..]));
    assert_eq!(segment.previous, [0, NO_PLACE]);
    assert_eq!(
        (&*tier.place, &*tier.since, &*tier.previous),
        (&[1, 0][..], &[30, 30][..], &[0, NO_PLACE][..])
    );
    assert_eq!(archive.place_counts(1).unwrap(), [(0, 1), (1, 1)]);
    let history = archive.transitions(Some("a"), 10).unwrap();
    assert_eq!(history.iter().map(|(run, _)| *run).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(archive.transitions(None, 10).unwrap().len(), 3);
}

#[test]
fn a_run_over_some_classes_leaves_the_others_and_writes_only_what_changed() {
    let mut archive = with_customers();
    place(&mut archive, 10, &[0, 1], Some(&[0, 1]));
    place(&mut archive, 20, &[1, 1], None);
    let as_of: Vec<(String, i64, String)> = archive
        .connection
        .prepare("SELECT customer, as_of, tier FROM standing ORDER BY customer")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(as_of, [("a".to_owned(), 20, "top".to_owned()), ("b".to_owned(), 10, "rest".to_owned())]);
    assert_eq!(archive.place_counts(0).unwrap(), [(1, 2)]);
    assert_eq!(archive.place_counts(1).unwrap(), [(0, 1), (1, 1)]);
}

#[test]
fn a_place_the_policy_no_longer_has_is_no_place() {
    let mut archive = with_customers();
    place(&mut archive, 10, &[0, 0], Some(&[0, 1]));
    let mut schema = schema();
    schema.classes[1].places = Some(["rest".into(), "new".into()].into());
    archive.adopt(Arc::new(schema)).unwrap();
    assert_eq!(facts(&archive, 20).prior.classes[1].as_ref().unwrap().place, [NO_PLACE, 0]);
}

#[test]
fn a_dropped_run_leaves_nothing_and_a_failed_one_its_row() {
    let mut archive = with_customers();
    let mut run = archive.begin_run(&new_run(10)).unwrap();
    let batch = facts(run.archive(), 10);
    let decisions = [Some(decide(&batch, 0, &[1, 1])), None];
    run.place(&batch, &decisions, &[], Timestamp(10), &[]).unwrap();
    assert_eq!(facts(run.archive(), 10).prior.classes[0].as_ref().unwrap().place, [1, 1]);
    drop(run);
    assert_eq!(facts(&archive, 10).prior.classes[0].as_ref().unwrap().place, [NO_PLACE, NO_PLACE]);
    assert!(archive.runs(9).unwrap().is_empty());
    archive.record_failed_run(&new_run(10), Timestamp(12), "disk full").unwrap();
    assert_eq!(archive.last_run_now().unwrap(), None, "only committed runs count");
    place(&mut archive, 20, &[0, 0], None);
    assert_eq!(archive.last_run_now().unwrap(), Some(Timestamp(20)));
    let runs = archive.runs(9).unwrap();
    assert_eq!(runs[0].run, new_run(20));
    assert!(matches!(&runs[0].outcome, RunOutcome::Committed(totals) if totals.customers == 2));
    assert!(matches!(&runs[1].outcome, RunOutcome::Failed { error, .. } if error == "disk full"));
    assert!(is_sound(&archive));
}

#[test]
fn clocks_that_run_come_back_until_they_stop() {
    let mut archive = with_customers();
    let clock = |row, class, to, since| PendingClock { row, class, to, since: Timestamp(since) };
    let first = [clock(1, 1, 0, 10), clock(0, 1, NO_PLACE, 10), clock(0, 0, 1, 10)];
    let then = [clock(0, 0, 1, 10), clock(1, 1, 0, 20)];
    let sorted = [clock(0, 0, 1, 10), clock(0, 1, NO_PLACE, 10), clock(1, 1, 0, 10)];
    for (now, pending, expected) in [(10, &first[..], &sorted[..]), (20, &then, &then), (30, &[], &[])] {
        let mut run = archive.begin_run(&new_run(now)).unwrap();
        let batch = facts(run.archive(), now);
        let decisions = [0, 1].map(|class| Some(decide(&batch, class, &[0, 0])));
        run.place(&batch, &decisions, pending, Timestamp(now), &[]).unwrap();
        run.finish(&RunTotals::default()).unwrap();
        assert_eq!(facts(&archive, now).prior.pending, expected);
    }
}

#[test]
fn triggers_remember_what_they_are_told_and_keep_the_rest() {
    let mut archive = with_customers();
    let record = |row, trigger, rises| TriggerRecord {
        row,
        trigger,
        memory: TriggerMemory { truth: true, rises, fired: Some(Timestamp(5)), held: rises > 1 },
    };
    let names = all().triggers;
    let first = [record(0, 0, 1), record(0, 1, 1), record(1, 0, 3)];
    let then = [record(0, 0, 1), record(0, 1, 2), record(1, 0, 3)];
    for (records, expected) in [(&first[..], first), (&[record(0, 1, 2)], then), (&[], then)] {
        let mut run = archive.begin_run(&new_run(1)).unwrap();
        let batch = facts(run.archive(), 1);
        run.remember_triggers(&batch, &names, records).unwrap();
        run.finish(&RunTotals::default()).unwrap();
        assert_eq!(facts(&archive, 1).prior.triggers, expected);
    }
}

#[test]
fn marks_say_for_whom_conditions_held_and_who_is_held_back() {
    let mut archive = with_customers();
    let memory = |truth, held| TriggerMemory { truth, rises: 1, fired: None, held };
    let record = |row, trigger, truth, held| TriggerRecord { row, trigger, memory: memory(truth, held) };
    let names = all().triggers;
    let mut marked = |records: &[TriggerRecord]| {
        let mut run = archive.begin_run(&new_run(1)).unwrap();
        let numbers = run.trigger_numbers(names.iter().map(String::as_str)).unwrap();
        assert_eq!(numbers, all().conditions);
        let batch = facts(run.archive(), 1);
        let decision = decide(&batch, 1, &[0, 0]);
        run.place(&batch, &[None, Some(decision)], &[], Timestamp(1), &[]).unwrap();
        run.remember_triggers(&batch, &names, records).unwrap();
        for customer in ["a", "b"] {
            run.mark(customer).unwrap();
        }
        run.finish(&RunTotals::default()).unwrap();
        let conditions = facts(&archive, 1).prior.conditions;
        conditions.iter().map(|condition| (bits(&condition.truth), bits(&condition.held))).collect::<Vec<_>>()
    };
    let none: Vec<usize> = Vec::new();
    assert_eq!(marked(&[]), [(none.clone(), none.clone()), (none.clone(), none.clone())]);
    let seen = marked(&[record(0, 0, true, false), record(0, 1, true, true), record(1, 1, true, false)]);
    assert_eq!(seen, [(vec![0], none.clone()), (vec![0, 1], vec![0])]);
    assert_eq!(marked(&[record(0, 1, false, false)]), [(vec![0], none.clone()), (vec![1], none)]);
}

fn bits(bitmap: &Bitmap) -> Vec<usize> {
    bitmap.ones().collect()
}

#[test]
fn cut_points_and_rules_come_back_as_they_were_kept() {
    let mut archive = with_customers();
    let cut = |part: &str, figure| CutPoint {
        value: "pyramid".into(),
        part: part.into(),
        version: "v".into(),
        as_of: Timestamp(7),
        population: 3,
        figure,
    };
    let cuts = [
        cut("best", Figure::Best(Some((1.5, "c".into())))),
        cut("best_none", Figure::Best(None)),
        cut("key", Figure::Threshold(Some(f64::MIN_POSITIVE))),
        cut("none", Figure::Threshold(None)),
        cut("rank", Figure::Population([-1.0, 0.1, f64::MAX].into())),
    ];
    let rule = |last| RuleMemory {
        name: "trigger.overdue".to_owned(),
        version: "v".to_owned(),
        first_seen: Timestamp(1),
        last_run: Timestamp(last),
        run: last,
        policy_version: "v1".to_owned(),
    };
    for last in [1, 2] {
        let mut run = archive.begin_run(&new_run(1)).unwrap();
        for cut in &cuts {
            run.cut_point(cut).unwrap();
        }
        run.rule(&rule(last)).unwrap();
        run.finish(&RunTotals::default()).unwrap();
        assert_eq!(archive.cut_points().unwrap(), cuts);
        assert_eq!(archive.rules().unwrap(), [rule(last)]);
    }
}

#[test]
fn of_an_edited_class_what_the_data_did_comes_before_what_the_edit_did() {
    let mut archive = with_customers();
    place(&mut archive, 10, &[0, 0], None);
    let mut run = archive.begin_run(&new_run(20)).unwrap();
    let batch = facts(run.archive(), 20);
    // The former definition lets both in, the present one only `a`.
    let shape = run.archive().schema().classes[0].clone();
    let former = FormerPlaces { shape: &shape, before: &[0, 0], now: &[1, 1] };
    let decisions = [Some(decide(&batch, 0, &[1, 0])), None];
    let edit = ClassEdit { class: 0, former: Some(former) };
    let moved = run.place(&batch, &decisions, &[], Timestamp(20), &[edit]).unwrap();
    let said: Vec<_> =
        moved.iter().map(|moved| (&*moved.customer, moved.to.as_deref(), moved.cause)).collect();
    let (inside, outside) = (Some("true"), Some("false"));
    assert_eq!(
        said,
        [
            ("a", inside, TransitionCause::Data),
            ("b", inside, TransitionCause::Data),
            ("b", outside, TransitionCause::Policy),
        ]
    );
    let value = shape.name.clone();
    run.finish(&RunTotals::default()).unwrap();
    let mut found = Vec::new();
    for limit in [1, 2, 9] {
        let (mut last, mut runs) = (0, Vec::new());
        while archive.transitions_since(last, &value, limit, &mut found).unwrap() {
            assert!(found.len() <= limit + 1);
            runs.extend(found.iter().map(|past| (past.found.clone(), past.left.clone())));
            last = found.last().unwrap().number;
        }
        let runs: Vec<_> = runs.iter().map(|(found, left)| (found.as_deref(), left.as_deref())).collect();
        let stayed = (outside, outside);
        assert_eq!(runs, [(outside, inside), stayed, stayed], "in pages of {limit}");
    }
}

#[test]
fn a_table_put_to_sleep_forgets_its_set_and_only_in_the_first_run_of_a_policy() {
    let mut archive = with_customers();
    let rule = |name: &str| RuleMemory {
        name: name.to_owned(),
        version: "1".to_owned(),
        first_seen: Timestamp(1),
        last_run: Timestamp(1),
        run: 1,
        policy_version: "v1".to_owned(),
    };
    let mut run = archive.begin_run(&new_run(10)).unwrap();
    run.rule(&rule("trigger.gone")).unwrap();
    run.rule(&rule("trigger.stays")).unwrap();
    run.finish(&RunTotals::default()).unwrap();
    let sets = |archive: &Archive| {
        let rules = archive.rules().unwrap().into_iter();
        rules.map(|rule| rule.policy_version).collect::<Vec<_>>()
    };
    for (policy, kept) in [("v1", "v1"), ("v2", "")] {
        let mut run =
            archive.begin_run(&NewRun { policy_version: policy.to_owned(), ..new_run(20) }).unwrap();
        run.put_to_sleep(|name| name == "trigger.gone").unwrap();
        run.finish(&RunTotals::default()).unwrap();
        assert_eq!(sets(&archive), [kept, "v1"]);
    }
}
