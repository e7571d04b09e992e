//! The folder that a file channel writes to fails.

use super::*;

#[test]
fn a_file_that_meets_a_full_disk_is_completed_when_there_is_room() {
    if !may_mount("files::a_file_that_meets_a_full_disk_is_completed_when_there_is_room") {
        return;
    }
    let home = Home::new();
    home.json(&["once", "--json"]);
    mount(&home.path("out"), "size=16k");
    home.drop_orders("orders.csv", 0, 700);
    let done = home.json(&["once", "--json"]);
    let trouble = done["channels"]["list"]["trouble"].as_str().unwrap().to_owned();
    assert!(trouble.contains("out/list.jsonl") && trouble.contains("No space left"), "{trouble}");
    assert_eq!(
        fs::metadata(home.path("out/list.jsonl")).unwrap().len() % 4_096,
        0,
        "the disk is full to the last page"
    );
    home.drop_orders("orders2.csv", 700, 720);
    home.json(&["once", "--json"]);
    remount(&home.path("out"), "size=4m");
    home.json(&["once", "--json"]);
    assert_answered_once(&home, 0..720);
    assert!(!home.path("out/list.2.jsonl").exists());

    remount(&home.path("out"), "ro");
    home.drop_orders("orders3.csv", 720, 730);
    let done = home.json(&["once", "--json"]);
    let trouble = done["channels"]["list"]["trouble"].as_str().unwrap().to_owned();
    assert!(trouble.contains("Read-only file system"), "{trouble}");
    remount(&home.path("out"), "rw");
    home.json(&["once", "--json"]);
    assert_answered_once(&home, 0..730);
}

#[test]
fn the_daemon_goes_on_with_a_file_whose_folder_failed_for_a_while() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home);
    assert!(daemon.order(0, 20).0);
    assert_answered_once(&home, 0..20);
    // A file where the folder should be, as after a slip.
    fs::rename(home.path("out"), home.path("elsewhere")).unwrap();
    fs::write(home.path("out"), "").unwrap();
    assert!(daemon.order(20, 40).0);
    wait("the log tells", || daemon.log().contains("out/list.jsonl can't be written"));
    fs::remove_file(home.path("out")).unwrap();
    fs::rename(home.path("elsewhere"), home.path("out")).unwrap();
    assert_answered_once(&home, 0..40);
    // Cut off by someone: that file is left alone.
    let text = fs::read_to_string(home.path("out/list.jsonl")).unwrap();
    let (kept, _) = text.split_at(text.len() / 2);
    fs::write(home.path("out/list.jsonl"), kept).unwrap();
    assert!(daemon.order(40, 60).0);
    let second = home.path("out/list.2.jsonl");
    let lines = || fs::read_to_string(&second).unwrap_or_default().lines().count();
    wait("it goes on beside", || lines() == 20);
    assert_eq!(fs::read_to_string(home.path("out/list.jsonl")).unwrap(), kept);
    // Removed with all that was in it: it begins anew.
    fs::remove_dir_all(home.path("out")).unwrap();
    assert!(daemon.order(60, 80).0);
    assert_answered_once(&home, 60..80);
    assert!(daemon.is_alive());
}
