//! Disks that are full.

use super::*;

#[test]
fn a_full_disk_under_the_daemon_is_told_and_all_goes_on_when_there_is_room() {
    if !may_mount("disk::a_full_disk_under_the_daemon_is_told_and_all_goes_on_when_there_is_room") {
        return;
    }
    let home = Home::new();
    mount(&home.path("store"), "size=12m");
    let mut daemon = Daemon::start(&home);
    assert!(daemon.order(0, 10).0);
    assert_answered_once(&home, 0..10);
    let filler = fill(&home.path("store"));
    let mut taken: Vec<usize> = (0..10).collect();
    let mut refused = None;
    for batch in 1..60 {
        let numbers = batch * 200..batch * 200 + 200;
        let (stored, answer) = daemon.order(numbers.start, numbers.end);
        if stored {
            taken.extend(numbers);
        } else {
            refused = Some((numbers, answer));
            break;
        }
    }
    let (numbers, answer) = refused.unwrap();
    assert!(answer.contains("make room where the store is"), "{answer}");
    wait("the log tells", || daemon.log().contains("make room where the store is"));
    // An edit that needs a new column can't become active, and does not half.
    let edited = POLICY.replace("amount = \"number\"\n", "amount = \"number\"\ncolour = \"text\"\n");
    fs::write(home.path("policies/all.toml"), &edited).unwrap();
    let (code, _) = daemon.ask("POST", "/v1/reload", "").unwrap();
    assert!(daemon.is_alive());
    fs::remove_file(filler).unwrap();
    wait("the rows are taken", || daemon.order(numbers.start, numbers.end).0);
    taken.extend(numbers);
    wait("the edit is active", || {
        code == 200 || daemon.ask("POST", "/v1/reload", "").is_some_and(|(code, _)| code == 200)
    });
    assert_answered_once(&home, taken);
    drop(daemon);
    assert_eq!(home.count("SELECT count(*) FROM pragma_table_info('event_order') WHERE name = 'colour'"), 1);
    home.assert_sound();
}

#[test]
fn a_full_disk_undoes_an_import_or_a_run_of_once_and_the_next_does_it_all() {
    if !may_mount("disk::a_full_disk_undoes_an_import_or_a_run_of_once_and_the_next_does_it_all") {
        return;
    }
    let home = Home::new();
    mount(&home.path("store"), "size=24m");
    home.json(&["once", "--json"]);
    home.drop_orders("orders.csv", 0, 5_000);
    let filler = fill(&home.path("store"));
    let output = home.run(&["once"]);
    assert!(!output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("make room where the store is"), "{}", said(&output));
    assert!(home.path("inbox/orders.csv").exists());
    // Room for the import, none for the run.
    fs::remove_file(filler).unwrap();
    assert_eq!(home.count("SELECT count(*) FROM event_order"), 0);
    let into = home.run(&["import", "order", "inbox/orders.csv"]);
    assert!(into.status.success(), "{}", said(&into));
    fs::remove_file(home.path("inbox/orders.csv")).unwrap();
    let runs = home.count("SELECT count(*) FROM run WHERE outcome = 'committed'");
    let filler = fill(&home.path("store"));
    let output = home.run(&["once"]);
    assert!(!output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("make room where the store is"), "{}", said(&output));
    assert!(home.answered().is_empty());
    fs::remove_file(filler).unwrap();
    assert_eq!(home.count("SELECT count(*) FROM run WHERE outcome = 'committed'"), runs);
    let done = home.json(&["once", "--json"]);
    assert_eq!(done["touches_queued"], 5_000, "{done:#}");
    assert_answered_once(&home, 0..5_000);
    home.assert_sound();
}
