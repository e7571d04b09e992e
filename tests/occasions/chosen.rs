//! Runs over some customers only.

use super::{GROWN, Store};

const WHEN: &str = "[trigger.many]\nwhen = 'n > 10'\nactions = [\"note\"]\n";

#[test]
fn a_trigger_that_only_ever_looks_at_some_customers_fires_for_them() {
    let mut store = Store::new(WHEN);
    store.n(0.0, "a", 1.0);
    store.n(0.0, "b", 20.0);
    let run = store.run_for(0.0, &["a"]);
    assert_eq!((run.customers, run.backlog), (2, 1), "what is new looks at everybody");
    store.n(1.0, "a", 20.0);
    let run = store.run_for(1.0, &["a"]);
    assert_eq!((run.customers, store.made_by(&run)), (1, vec!["many a".to_owned()]));
    assert!(store.fired(2.0).is_empty());
}

#[test]
fn a_new_customer_who_was_looked_at_and_rises_then_is_news_though_no_run_over_everybody_came_between() {
    let mut store = Store::new(WHEN);
    store.n(0.0, "a", 1.0);
    store.run(0.0);
    for (customer, number) in [("b", 1.0), ("c", 20.0), ("d", 1.0)] {
        store.n(1.0, customer, number);
    }
    let run = store.run_for(1.0, &["b", "c", "d"]);
    assert_eq!((run.backlog, run.queued), (1, 0), "c is first seen as it is");
    store.n(2.0, "b", 20.0);
    let run = store.run_for(2.0, &["b"]);
    assert_eq!(store.made_by(&run), ["many b"]);
    store.n(2.5, "d", 20.0);
    assert_eq!(store.fired(3.0), ["many d"]);
    assert!(store.fired(4.0).is_empty());
}

#[test]
fn runs_over_some_customers_keep_clocks_counts_moves_and_the_best() {
    let policy = format!(
        "{GROWN}[segment.settled]\nwhen = 'n > 10'\nenter_after = \"2d\"\n\
        [segment.first]\nwhen = 'n > 0'\nbest = {{ count = 1, by = 'n' }}\n"
    );
    let mut store = Store::new(&policy);
    for (customer, number) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        store.n(0.0, customer, number);
    }
    store.run(0.0);
    store.n(1.0, "a", 20.0);
    store.n(1.0, "b", 30.0);
    let run = store.run_for(1.0, &["a", "nobody"]);
    assert_eq!(store.made_by(&run), ["grown a"]);
    assert_eq!(run.customers, 1);
    let run = store.run_for(2.0, &["a"]);
    assert_eq!((run.transitions, run.queued), (0, 0), "the clock began on day 1");
    let run = store.run(2.5);
    assert_eq!(store.made_by(&run), ["grown b"]);
    let run = store.run_for(3.0, &["a"]);
    assert_eq!(run.transitions, 1, "settled since day 1");
    let settled = store.archive.schema().class("settled").unwrap();
    assert_eq!(store.archive.place_counts(settled).unwrap(), [(0, 2), (1, 1)]);
}
