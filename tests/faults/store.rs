//! Stores that others hold, take away or protect.

use super::*;

/// For how long another program holds the store; `GUANXI_LOCK_SECONDS` asks for longer than is waited for in one go.
fn lock_time() -> Duration {
    let asked = std::env::var_os("GUANXI_LOCK_SECONDS").and_then(|asked| asked.to_str()?.parse().ok());
    Duration::from_secs(asked.unwrap_or(3))
}

#[test]
fn a_store_that_another_program_locks_is_waited_for_and_nothing_is_lost() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home);
    assert!(daemon.order(0, 20).0);
    assert_answered_once(&home, 0..20);
    let other = home.store();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (mut refused, begun) = (0, Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(lock_time());
            other.execute_batch("ROLLBACK").unwrap();
        });
        for number in 20..40 {
            loop {
                let (stored, answer) = daemon.order(number, number + 1);
                if stored {
                    break;
                }
                assert!(answer.contains("another program has it open"), "{answer}");
                refused += 1;
            }
        }
    });
    assert!(begun.elapsed() >= lock_time(), "nothing was stored meanwhile");
    eprintln!("refused {refused} times in {:?}; all was taken after {:?}", lock_time(), begun.elapsed());
    assert_answered_once(&home, 0..40);
    assert!(daemon.is_alive());
    home.assert_sound();
}

#[test]
fn a_store_that_is_moved_away_takes_nothing_until_it_is_back() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home);
    assert!(daemon.order(0, 20).0);
    assert_answered_once(&home, 0..20);
    for replaced in [false, true] {
        let from = if replaced { 40 } else { 20 };
        fs::rename(home.path("store/guanxi.db"), home.path("store/away.db")).unwrap();
        if replaced {
            fs::write(home.path("store/guanxi.db"), "").unwrap();
        }
        let (stored, answer) = daemon.order(from, from + 20);
        assert!(!stored && answer.contains("deleted, moved or replaced"), "{answer}");
        assert!(daemon.is_alive());
        fs::rename(home.path("store/away.db"), home.path("store/guanxi.db")).unwrap();
        assert!(daemon.order(from, from + 20).0);
        assert_answered_once(&home, 0..from + 20);
    }
    drop(daemon);
    home.assert_sound();
}

#[test]
fn a_store_that_may_not_be_written_is_refused_in_words_and_may_be_looked_at() {
    if !may_mount("store::a_store_that_may_not_be_written_is_refused_in_words_and_may_be_looked_at") {
        return;
    }
    let home = Home::new();
    mount(&home.path("store"), "size=12m");
    home.drop_orders("orders.csv", 0, 5);
    home.json(&["once", "--json"]);
    remount(&home.path("store"), "ro");
    home.drop_orders("orders2.csv", 5, 10);
    for arguments in [&["once"][..], &["run", "--listen", "127.0.0.1:0"]] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("Read-only file system"), "{}", said(&output));
        assert!(said(&output).contains("store/guanxi.db"), "{}", said(&output));
    }
    remount(&home.path("store"), "rw");
    home.json(&["once", "--json"]);
    assert_answered_once(&home, 0..10);
}
