//! The inbox.

use std::time::{Duration, SystemTime};

use super::*;

const ROW: &str = "No,Customer,Date,Amount,Status\n1,c1,2026-07-01,10,paid\n";

fn names(look: &Look) -> Vec<String> {
    look.ready.iter().map(|found| found.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn age(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - seconds)).unwrap();
}

#[test]
fn files_that_fit_a_pattern_are_found_oldest_first() {
    let world = World::new(vec![orders(), customers()]);
    for (name, seconds) in [
        ("inbox/orders_b.csv", 3),
        ("inbox/orders_a.csv", 1),
        ("inbox/customers.csv", 2),
        ("inbox/.orders.csv", 9),
        ("inbox/orders.csv.tmp", 9),
        ("inbox/orders.csv.part", 9),
        ("inbox/other.csv", 9),
        ("orders.csv", 9),
    ] {
        age(&world.write(name, ROW), seconds);
    }
    std::fs::create_dir(world.path("inbox/orders_folder.csv")).unwrap();
    let look = Inbox::new(world.folder.path()).look(&world.policy, Patience::AtOnce);
    assert_eq!(names(&look), ["orders_b.csv", "customers.csv", "orders_a.csv"]);
    assert!(look.problems.is_empty() && look.growing.is_empty());
}

#[test]
fn an_inbox_that_is_not_there_is_empty() {
    let world = World::new(vec![orders()]);
    let look = Inbox::new(world.folder.path()).look(&world.policy, Patience::Settled);
    assert!(look.ready.is_empty() && look.problems.is_empty());
}

#[test]
fn a_file_still_growing_is_left_until_it_looks_the_same_twice() {
    let world = World::new(vec![orders()]);
    let path = world.write("inbox/orders.csv", ROW);
    let mut inbox = Inbox::new(world.folder.path());
    assert_eq!(inbox.look(&world.policy, Patience::Settled).growing, std::slice::from_ref(&path));
    world.write("inbox/orders.csv", format!("{ROW}2,c1,2026-07-02,1,\n"));
    assert_eq!(names(&inbox.look(&world.policy, Patience::Settled)), Vec::<String>::new());
    assert_eq!(names(&inbox.look(&world.policy, Patience::Settled)), ["orders.csv"]);
}

#[test]
fn a_file_has_settled_when_it_looks_as_it_did() {
    let seen = Observation { modified: SystemTime::UNIX_EPOCH, size: 3 };
    assert!(settled(Some(seen), seen));
    assert!(!settled(None, seen));
    assert!(!settled(Some(Observation { size: 2, ..seen }), seen));
    assert!(!settled(
        Some(Observation { modified: SystemTime::UNIX_EPOCH + Duration::from_secs(1), ..seen }),
        seen
    ));
}

#[test]
fn a_file_that_matches_two_sources_is_imported_by_neither() {
    let mut second = orders();
    second.name = "other".into();
    second.path = "inbox/*.csv".to_owned();
    let world = World::new(vec![orders(), second]);
    world.write("inbox/orders.csv", ROW);
    let look = Inbox::new(world.folder.path()).look(&world.policy, Patience::AtOnce);
    assert!(look.ready.is_empty());
    assert!(look.problems[0].to_string().contains("`inbox/orders*.csv` and `other`"), "{}", look.problems[0]);
}

#[test]
fn an_imported_file_moves_away_and_one_of_its_name_gets_a_number() {
    let mut world = World::new(vec![orders()]);
    let mut inbox = Inbox::new(world.folder.path());
    for row in ["1,c1,2026-07-01,10,paid", "2,c1,2026-07-01,10,paid", "2,c1,2026-07-01,10,paid"] {
        world.write("inbox/orders.csv", format!("No,Customer,Date,Amount,Status\n{row}\n"));
        let look = inbox.look(&world.policy, Patience::AtOnce);
        inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, None).unwrap();
    }
    assert_eq!(files(&world.path("inbox")), Vec::<String>::new());
    assert_eq!(files(&world.path("imported")), ["orders.2.csv", "orders.3.csv", "orders.csv"]);
    assert_eq!(world.events(ORDER).len(), 2);
}

#[test]
fn a_file_that_cannot_be_imported_stays_and_is_taken_up_when_something_changed() {
    let mut world = World::new(vec![orders()]);
    let path = world.write("inbox/orders.csv", "No,Date\n1,2026-07-01\n");
    age(&path, 10);
    let mut inbox = Inbox::new(world.folder.path());
    let look = inbox.look(&world.policy, Patience::AtOnce);
    inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, None).unwrap_err();
    assert!(path.exists());
    assert_eq!(names(&inbox.look(&world.policy, Patience::AtOnce)), Vec::<String>::new());
    let edited = Compiled { version: "ba9876543210".into(), ..policy(vec![orders()]) };
    assert_eq!(names(&inbox.look(&edited, Patience::AtOnce)), ["orders.csv"]);
    world.write("inbox/orders.csv", ROW);
    let look = inbox.look(&world.policy, Patience::AtOnce);
    inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, None).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_file_that_takes_the_name_of_one_just_imported_stays_and_is_imported_too() {
    let mut world = World::new(vec![orders()]);
    let path = world.write("inbox/orders.csv", ROW);
    let newer = world.write("newer", ROW.replace("1,c1", "2,c2"));
    let mut inbox = Inbox::new(world.folder.path());
    let look = inbox.look(&world.policy, Patience::AtOnce);
    let mut replace = |_| std::fs::rename(&newer, &path).unwrap();
    let told =
        inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, Some(&mut replace)).unwrap_err();
    assert!(matches!(told, ImportError::Changed { .. }), "{told}");
    let look = inbox.look(&world.policy, Patience::AtOnce);
    inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, None).unwrap();
    assert_eq!(world.events(ORDER).len(), 2);
    assert_eq!(files(&world.path("imported")), ["orders.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_in_another_encoding_is_a_name_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let mut world = World::new(vec![orders()]);
    let path = world.path("inbox").join(std::ffi::OsStr::from_bytes(b"orders\xb6\xa9.csv"));
    std::fs::create_dir_all(world.path("inbox")).unwrap();
    std::fs::write(&path, ROW).unwrap();
    let mut inbox = Inbox::new(world.folder.path());
    let look = inbox.look(&world.policy, Patience::AtOnce);
    inbox.import(&mut world.archive, &world.policy, &look.ready[0], NOW, None).unwrap();
    assert!(!path.exists());
    assert_eq!(files(&world.path("imported")), ["orders\u{fffd}\u{fffd}.csv"]);
}

#[test]
fn only_what_the_file_itself_is_to_blame_for_lasts_until_it_changes() {
    let read = |kind: std::io::ErrorKind| ImportError::Read { path: "orders.csv".into(), error: kind.into() };
    assert!(read(std::io::ErrorKind::InvalidData).lasts() && read(std::io::ErrorKind::UnexpectedEof).lasts());
    assert!(
        !read(std::io::ErrorKind::PermissionDenied).lasts() && !read(std::io::ErrorKind::NotFound).lasts()
    );
}
