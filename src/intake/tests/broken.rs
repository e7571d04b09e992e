//! Files that are not what they should be.

use super::*;

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let mut world = World::new(vec![]);
    let file = format!("Id,Name\nc1,x\nc2,\"{}", "y,\n".repeat(3_000_000));
    let error = world.import(&customers(), "c.csv", file).unwrap_err();
    assert!(matches!(error, ImportError::RowTooLong { line: 3, .. }), "{error}");
    assert_eq!(world.customers(), Vec::<String>::new());
}

#[test]
fn a_file_that_breaks_off_leaves_nothing() {
    let mut world = World::new(vec![]);
    let mut content = gzip(order_file(&vec!["1,,2026-07-01,10,paid"; 1000]).as_bytes());
    content.truncate(content.len() - 20);
    assert!(matches!(world.import(&orders(), "orders.csv.gz", content), Err(ImportError::Read { .. })));
    assert_eq!(world.customers(), Vec::<String>::new());
    assert_eq!(world.rejected(), Vec::<String>::new());
}

#[test]
fn an_import_that_crashed_leaves_no_row_twice() {
    let mut world = World::new(vec![]);
    let file = order_file(&["1,c1,2026-07-01,10,paid", "2,,2026-07-01,10,paid"]);
    let path = world.import(&orders(), "orders.csv", &file).unwrap().rejected_file.unwrap();
    let content = std::fs::read(&path).unwrap();
    // A store that knows nothing of it: as after a crash between the rename and the commit. A half-written
    // file of before the rename is there as well.
    let unfinished = path.with_file_name(format!(".{}.tmp", path.file_name().unwrap().to_string_lossy()));
    std::fs::write(&unfinished, "file,li").unwrap();
    world.archive = World::new(vec![]).archive;
    let report = world.import(&orders(), "orders.csv", &file).unwrap();
    assert_eq!(report.tally, tally(2, 1, 0, 0, 0, 1));
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert_eq!(world.rejected().len(), 1);
}

#[test]
fn a_quote_never_closed_is_told_and_swallows_no_rows_unseen() {
    let mut world = World::new(vec![]);
    let file = order_file(&["1,c1,2026-07-01,10,paid", "2,c1,2026-07-01,10,\"paid", "3,c1,2026-07-01,10,"]);
    let report = world.import(&orders(), "orders.csv", file).unwrap();
    assert_eq!(report.tally, tally(2, 1, 0, 0, 0, 1));
    assert_eq!((report.examples[0].line, &report.examples[0].reason), (3, &Reason::OpenQuote));
    let file = order_file(&["1,c1,2026-07-01,10,\"paid\""]);
    let report = world.import(&orders(), "closed.csv", file.trim_end()).unwrap();
    assert_eq!(report.tally.rejected, 0);
}

#[test]
fn bad_values_of_personal_fields_are_marked_as_such() {
    let mut world = World::new(vec![]);
    let report = world.import(&customers(), "c.csv", "Id,Birthday\nc1,1980-02-30\n,1980-02-28\n").unwrap();
    let personal: Vec<bool> = report.examples.iter().map(|example| example.personal).collect();
    assert_eq!(personal, [true, false]);
}

#[test]
fn gzip_data_that_is_not_whole_imports_nothing_and_says_so() {
    let mut world = World::new(vec![]);
    let packed = gzip(order_file(&["1,c1,2026-07-01,10,paid"]).as_bytes());
    for (name, bytes) in [
        ("cut.csv.gz", packed[..packed.len() - 6].to_vec()),
        ("padded.csv.gz", [packed.as_slice(), &[0; 64]].concat()),
        ("more.csv.gz", [packed.as_slice(), b"garbage"].concat()),
    ] {
        let told = world.import(&orders(), name, bytes).unwrap_err().to_string();
        assert!(told.contains("gzip data"), "{name}: {told}");
        assert_eq!(world.events(ORDER).len(), 0);
    }
}

#[test]
fn a_folder_or_a_device_named_like_a_file_is_refused_before_it_is_opened() {
    let mut world = World::new(vec![]);
    let folder = world.path("folder.csv");
    std::fs::create_dir(&folder).unwrap();
    let device = world.path("device.csv");
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    for path in [folder, device] {
        let options = world.options();
        let told =
            import_file(&mut world.archive, &world.policy, &orders(), &path, &options, None).unwrap_err();
        assert!(told.to_string().contains("not a file"), "{told}");
        assert!(columns_of(&path, None).unwrap_err().to_string().contains("not a file"));
    }
}
