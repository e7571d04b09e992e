//! Triggers that become true.

use guanxi::model::touch::TouchState;

use super::{Store, files};

const GROWN: &str = "[trigger.grown]\nwhen = 'n > 5'\nactions = [\"note\"]\n";

/// The trigger with another threshold.
fn above(threshold: f64) -> String {
    GROWN.replace("> 5", &format!("> {threshold}"))
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn what_rose_under_both_fires_and_what_only_the_edit_made_true_does_not() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("rises", 1.0), ("waits", 4.0), ("rises_by_both", 1.0), ("was", 6.0), ("never", 0.0)]);
    assert!(store.fired(1).is_empty());
    store.n(2, &[("rises", 9.0), ("rises_by_both", 4.0)]);
    store.edit(&above(3.0));
    let report = store.run(2);
    assert_eq!(store.made_by(report.run), ["rises"]);
    assert_eq!((report.backlog, report.edited), (2, vec!["trigger.grown".to_owned()]));
    assert!(report.forgotten.is_empty());
    let next = store.run(3);
    assert_eq!((next.queued, next.edited), (0, none()), "asked once only");
    store.n(4, &[("waits", 0.0)]);
    store.run(4);
    store.n(5, &[("waits", 4.0), ("never", 4.0)]);
    assert_eq!(store.fired(5), ["never", "waits"], "rises of their own");
}

#[test]
fn what_rose_under_the_former_definition_only_does_not_fire() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 6.0)]);
    store.edit(&above(8.0));
    assert!(store.fired(2).is_empty());
    store.n(3, &[("a", 9.0)]);
    assert_eq!(store.fired(3), ["a"]);
}

#[test]
fn what_only_the_edit_made_true_fires_where_backlog_says_so() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("rises", 1.0), ("waits", 4.0), ("was", 6.0)]);
    store.run(1);
    store.n(2, &[("rises", 9.0)]);
    store.edit(&above(3.0).replace("actions", "backlog = \"fire\"\nactions"));
    assert_eq!(store.fired(2), ["rises", "waits"]);
    assert!(store.fired(3).is_empty());
}

#[test]
fn what_only_the_edit_made_false_cancels_touches_that_were_not_sent() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("low", 1.0), ("high", 1.0)]);
    store.run(1);
    store.n(2, &[("low", 6.0), ("high", 9.0)]);
    assert_eq!(store.fired(2), ["high", "low"]);
    store.edit(&above(7.0));
    assert_eq!(store.run(3).cancelled, 1);
    assert_eq!((store.state("low"), store.state("high")), (TouchState::Cancelled, TouchState::Queued));
    store.edit(GROWN);
    assert!(store.fired(4).is_empty(), "edited back: only the edit made it true");
}

#[test]
fn what_stopped_but_for_the_edit_goes_on_and_keeps_its_touch() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 6.0)]);
    assert_eq!(store.fired(2), ["a"]);
    store.n(3, &[("a", 4.0)]);
    store.edit(&above(3.0));
    let report = store.run(3);
    assert_eq!((report.queued, report.cancelled), (0, 0));
    assert_eq!(store.state("a"), TouchState::Queued);
}

const PATIENT: &str = "[trigger.grown]\nwhen = 'n > 5'\ncooldown = \"30d\"\nactions = [\"note\"]\n";

#[test]
fn a_cooldown_survives_an_edit() {
    let mut store = Store::new(PATIENT);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 6.0)]);
    assert_eq!(store.fired(2), ["a"]);
    store.n(3, &[("a", 1.0)]);
    store.run(3);
    store.edit(&PATIENT.replace("> 5", "> 4"));
    store.n(4, &[("a", 7.0)]);
    assert!(store.fired(4).is_empty(), "it rose under both, within the cooldown");
    store.edit(&PATIENT.replace("> 5", "> 3"));
    assert!(store.fired(31).is_empty());
    assert_eq!(store.fired(32), ["a"], "30 days after day 2, if it still is");
}

#[test]
fn a_rise_held_back_that_only_an_edit_keeps_true_is_dropped() {
    let mut store = Store::new(PATIENT);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 6.0)]);
    assert_eq!(store.fired(2), ["a"]);
    store.n(3, &[("a", 1.0)]);
    store.run(3);
    store.n(4, &[("a", 7.0)]);
    assert!(store.fired(4).is_empty());
    store.n(5, &[("a", 4.0)]);
    store.edit(&PATIENT.replace("> 5", "> 3"));
    assert!(store.fired(5).is_empty());
    assert!(store.fired(40).is_empty());
}

#[test]
fn an_audience_edited_is_a_trigger_edited() {
    let text = GROWN.replace("actions", "audience = 'm > 0'\nactions");
    let mut store = Store::new(&text);
    for customer in ["in", "out"] {
        store.set(0, customer, "m", if customer == "in" { 5.0 } else { 0.0 });
        store.set(0, customer, "n", 1.0);
    }
    store.n(0, &[("was", 9.0)]);
    store.run(1);
    store.n(2, &[("in", 9.0), ("out", 9.0)]);
    store.edit(&text.replace("m > 0", "m < 9 || is_missing(m)"));
    assert_eq!(store.fired(2), ["in"], "`out` and `was` came in by the edit");
}

#[test]
fn a_bucket_draws_the_same_customers_whatever_is_edited_around_it() {
    let text = "[trigger.grown]\nwhen = 'n > 5 && bucket(\"2027\") < 0.5'\nactions = [\"note\"]\n";
    let customers: Vec<String> = (0..40).map(|number| format!("c{number:02}")).collect();
    let drawn = |edit: Option<&str>| {
        let mut store = Store::new(text);
        let all = |n| customers.iter().map(|customer| (customer.as_str(), n)).collect::<Vec<_>>();
        store.n(0, &all(1.0));
        store.run(1);
        store.n(2, &all(9.0));
        if let Some(edit) = edit {
            store.edit(edit);
        }
        store.fired(2)
    };
    let unedited = drawn(None);
    assert!((5..35).contains(&unedited.len()));
    assert_eq!(drawn(Some(&text.replace("> 5", "> 3"))), unedited);
    assert!(
        drawn(Some(&text.replace("2027", "2028"))).len() < unedited.len(),
        "of those only who are in both draws"
    );
}

#[test]
fn a_script_edited_is_an_edit_of_what_calls_it() {
    let text = "[function.size]\nscript = \"own.rhai\"\ntakes = { n = \"number\" }\nreturns = \"number\"\n[trigger.grown]\nwhen = 'size(n) > 5'\nactions = [\"note\"]\n";
    let script = "fn size(n) { n }";
    let mut store = Store::of(&files(text, Some(script)));
    store.n(0, &[("rises", 1.0), ("waits", 4.0)]);
    store.run(1);
    store.n(2, &[("rises", 6.0)]);
    store.edit_to(&files(text, Some("fn size(n) { n * 2 }")));
    assert_eq!(store.fired(2), ["rises"]);
    assert_eq!(store.run(3).edited, none());
    store.edit_to(&files(text, Some("// what it was\nfn size(n)  { n * 2 }")));
    assert_eq!(store.run(4).edited, none(), "comments and layout are no edit");
}

#[test]
fn the_window_of_a_metric_edited_makes_nobody_rise() {
    let text = "[metric.orders]\nevent = \"order\"\ntake = \"count\"\nwithin = \"10d\"\n[trigger.busy]\nwhen = 'orders >= 2'\nactions = [\"note\"]\n";
    let mut store = Store::new(text);
    for day in [1, 2] {
        store.order(day, "old");
    }
    store.order(30, "new");
    store.run(30);
    store.order(31, "new");
    store.edit(&text.replace("10d", "60d"));
    assert_eq!(store.fired(31), ["new"], "`old` has two orders by the wider window only");
}

#[test]
fn a_time_zone_edited_is_an_edit_of_all_that_counts_days() {
    let text = "[settings]\ntimezone = \"UTC\"\n[trigger.late]\nwhen = 'hour(now()) >= 5 && n > 5'\nactions = [\"note\"]\n";
    let mut store = Store::new(text);
    store.n(0, &[("waits", 9.0)]);
    store.run(1);
    store.edit(&text.replace("UTC", "Asia/Shanghai"));
    assert!(store.fired(2).is_empty(), "midnight in Greenwich is eight in Shanghai: by the edit only");
}

#[test]
fn a_field_that_the_policy_no_longer_has_is_still_known_to_the_former_definition() {
    let mut store = Store::new(&GROWN.replace("n > 5", "n > 5 && m > 5"));
    for (customer, m) in [("rises", 9.0), ("waits", 1.0)] {
        store.set(0, customer, "m", m);
        store.n(0, &[(customer, 1.0)]);
    }
    store.run(1);
    store.n(2, &[("rises", 9.0), ("waits", 9.0)]);
    let mut without = files(GROWN, None);
    for text in without.policies.values_mut() {
        *text = text.replace("m = \"number\"\n", "");
    }
    store.edit_to(&without);
    assert_eq!(store.fired(2), ["rises"]);
}

#[test]
fn of_two_edits_between_runs_the_one_that_never_ran_counts_for_nothing() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0), ("b", 1.0), ("c", 4.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0), ("b", 4.0)]);
    store.edit(&above(8.0));
    store.edit(&above(3.0));
    assert_eq!(store.fired(2), ["a"], "from `n > 5` to `n > 3`");
}

#[test]
fn an_edit_taken_back_before_the_next_run_was_none() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0), ("b", 4.0)]);
    store.run(1);
    store.edit(&above(3.0));
    store.edit("");
    store.edit(GROWN);
    store.n(2, &[("a", 9.0)]);
    let report = store.run(2);
    assert_eq!((report.edited, report.backlog), (none(), 0));
    assert_eq!(store.made_by(report.run), ["a"]);
}

#[test]
fn a_trigger_that_slept_takes_what_rose_meanwhile_as_backlog() {
    for backlog in ["skip", "fire"] {
        let text = GROWN.replace("actions", &format!("backlog = \"{backlog}\"\nactions"));
        let mut store = Store::new(&text);
        store.n(0, &[("before", 1.0), ("asleep", 1.0), ("after", 1.0)]);
        store.run(1);
        store.n(2, &[("before", 9.0)]);
        assert_eq!(store.fired(2), ["before"]);
        store.edit(&text.replace("[trigger.grown]", "[trigger.grown]\nenabled = false"));
        assert_eq!(store.run(3).cancelled, 1);
        store.n(4, &[("asleep", 9.0)]);
        store.run(4);
        store.edit(&text);
        let woken = store.fired(5);
        assert_eq!(woken, if backlog == "fire" { vec!["asleep"] } else { Vec::new() });
        store.n(6, &[("after", 9.0)]);
        assert_eq!(store.fired(6), ["after"]);
    }
}

#[test]
fn a_renamed_trigger_is_a_new_one_and_the_old_sleeps() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0), ("b", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0)]);
    assert_eq!(store.fired(2), ["a"]);
    store.edit(&GROWN.replace("grown", "large"));
    store.n(3, &[("b", 9.0)]);
    let report = store.run(3);
    assert_eq!((report.cancelled, report.queued, report.backlog), (1, 0, 2));
}

#[test]
fn tables_that_last_ran_under_different_sets_are_each_asked_by_their_own() {
    let two = |grown: f64, large: f64| {
        format!(
            "{}[trigger.large]\nwhen = 'm > {large}'\nactions = [\"note\"]\n",
            GROWN.replace("> 5", &format!("> {grown}"))
        )
    };
    let mut store = Store::new(&two(5.0, 5.0));
    for customer in ["n_rises", "m_rises", "n_waits", "m_waits"] {
        let waits = |own| if customer == own { 4.0 } else { 1.0 };
        store.set(0, customer, "m", waits("m_waits"));
        store.n(0, &[(customer, waits("n_waits"))]);
    }
    store.run(1);
    store.edit(&two(9.0, 9.0));
    store.run_trigger(2, "grown");
    store.edit(&two(3.0, 3.0));
    store.n(3, &[("n_rises", 6.0), ("m_rises", 2.0)]);
    store.set(3, "m_rises", "m", 6.0);
    let report = store.run(3);
    assert_eq!(report.edited, ["trigger.grown", "trigger.large"]);
    assert_eq!(
        store.made_by(report.run),
        ["m_rises"],
        "`grown` last said `n > 9`, `large` last said `m > 5`: only the latter rose under both"
    );
}

#[test]
fn where_the_former_set_is_not_kept_all_that_is_true_is_backlog_and_the_run_says_so() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("a", 1.0), ("b", 4.0)]);
    store.run(1);
    store.edit_unkept(&files(&above(4.5), None));
    store.run(2);
    store.n(3, &[("a", 9.0)]);
    store.edit(&above(3.0));
    let report = store.run(3);
    assert_eq!((report.queued, report.backlog, report.forgotten.len()), (0, 2, 1));
    assert!(report.forgotten[0].contains("no longer kept"), "{:?}", report.forgotten);
    assert!(store.run(4).forgotten.is_empty());
}

#[test]
fn a_former_set_that_this_version_cannot_read_is_as_good_as_none() {
    let mut store = Store::new("");
    let broken = files("[trigger.grown]\nwhen = 'n >'\nactions = [\"note\"]\n", None);
    let policy = store.edit_unkept(&files(GROWN, None));
    store.archive.keep_policy_set(&policy.version, &broken.to_kept(), guanxi::model::Timestamp(0)).unwrap();
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0)]);
    store.edit(&above(3.0));
    let report = store.run(2);
    assert_eq!((report.queued, report.backlog), (0, 1));
    assert!(report.forgotten[0].contains("errors for this version"), "{:?}", report.forgotten);
}

#[test]
fn sets_are_kept_while_a_table_last_ran_under_them_and_no_longer() {
    let mut store = Store::new(GROWN);
    let version = |store: &Store| store.engine.policy().version.to_string();
    let first = version(&store);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.edit(&above(3.0));
    let second = version(&store);
    store.edit(&above(4.0));
    let third = version(&store);
    let kept = |store: &Store, version: &str| store.archive.policy_set(version).unwrap().is_some();
    assert_eq!(
        (kept(&store, &first), kept(&store, &second), kept(&store, &third)),
        (true, false, true),
        "the second never ran"
    );
    store.run(2);
    store.edit(&above(2.0));
    assert_eq!((kept(&store, &first), kept(&store, &third)), (false, true));
}

#[test]
fn a_trigger_on_a_segment_that_is_edited_fires_for_who_came_in_under_both() {
    let text = "[segment.large]\nwhen = 'n > 5'\nenter_after = \"5d\"\n[trigger.grown]\nwhen = 'large'\nactions = [\"note\"]\n";
    let mut store = Store::new(text);
    store.n(0, &[("rises", 1.0), ("waits", 4.0), ("falls", 1.0)]);
    store.run(1);
    store.n(2, &[("rises", 9.0), ("falls", 6.0)]);
    store.run(2);
    store.edit(&text.replace("> 5", "> 3 && n != 6").replace("enter_after = \"5d\"\n", ""));
    let report = store.run(7);
    assert_eq!(report.edited, ["segment.large", "trigger.grown"]);
    assert_eq!(store.made_by(report.run), ["rises"], "five days after day 2 it came in by both");
}

#[test]
fn an_event_field_that_is_gone_is_still_known_to_the_former_definition() {
    let text = "[metric.spent]\nevent = \"order\"\ntake = \"sum\"\nof = 'amount'\n[trigger.buyer]\nwhen = 'spent >= 2'\nactions = [\"note\"]\n";
    let mut store = Store::new(text);
    for customer in ["rises", "waits"] {
        store.order(1, customer);
    }
    store.order(1, "waits");
    store.run(2);
    store.order(3, "rises");
    let mut counted = files(&text.replace("\"sum\"\nof = 'amount'", "\"count\""), None);
    for policy in counted.policies.values_mut() {
        *policy = policy.replace("[event.order.fields]\namount = \"number\"", "[event.order]");
    }
    store.edit_to(&counted);
    let report = store.run(3);
    assert_eq!((report.forgotten.len(), report.edited.len()), (0, 1));
    assert_eq!(store.made_by(report.run), ["rises"], "`waits` was true before by both");
}

#[test]
fn a_run_that_fails_leaves_the_question_to_the_next() {
    let mut store = Store::new(GROWN);
    store.n(0, &[("rises", 1.0), ("waits", 4.0)]);
    store.run(1);
    store.n(2, &[("rises", 9.0)]);
    store.edit(&above(3.0));
    // Nothing of this run stays: its archive has the schema of another set, which the program can't read.
    let schema = store.archive.schema().clone();
    store.archive.adopt(std::sync::Arc::default()).unwrap();
    let now = guanxi::model::Timestamp(2 * guanxi::model::time::DAY);
    let everything = guanxi::policy::compiled::Scope::Everything;
    let request = guanxi::engine::RunRequest { now, scope: everything, schedule: "test".to_owned() };
    assert!(store.engine.run(&mut store.archive, &request).is_err());
    store.archive.adopt(schema).unwrap();
    assert_eq!(store.fired(3), ["rises"]);
}
