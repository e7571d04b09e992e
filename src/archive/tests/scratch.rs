//! Scratch copies: what they hold, and that nothing comes back from them.

use std::fs;

use super::*;

#[test]
fn a_scratch_copy_holds_what_the_store_did_and_what_is_written_to_it_stays_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let mut writer = Archive::open(&path).unwrap();
    writer.adopt(Arc::new(schema())).unwrap();
    order(&mut writer, 10, "o1", "ann", 5, 20.0);
    let files = || -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
        files.retain(|(name, _)| !name.ends_with("-shm"));
        files.sort();
        files
    };
    let looking = Archive::open_read_only(&path).unwrap();
    let before = files();

    let mut copy = looking.scratch_copy(&mut |_, _| {}).unwrap();
    copy.adopt(Arc::new(schema())).unwrap();
    assert_eq!(
        events(&facts(&copy, 100), &schema(), ORDER),
        [("ann".to_owned(), 5, Some(Value::Number(20.0)))]
    );
    order(&mut copy, 20, "o2", "ann", 15, 30.0);
    assert_eq!(events(&facts(&copy, 100), &schema(), ORDER).len(), 2);
    assert!(is_sound(&copy));
    assert_eq!(files(), before, "neither the store nor its folder shows anything of it");

    order(&mut writer, 30, "o3", "bob", 25, 40.0);
    assert_eq!(events(&facts(&copy, 100), &schema(), ORDER).len(), 2, "the copy is of its moment");
}

#[test]
fn a_copy_of_a_scratch_store_is_one_of_its_own() {
    let mut first = Archive::scratch().unwrap();
    first.adopt(Arc::new(schema())).unwrap();
    order(&mut first, 10, "o1", "ann", 5, 20.0);
    let mut second = first.scratch_copy(&mut |_, _| {}).unwrap();
    order(&mut second, 20, "o2", "ann", 15, 30.0);
    assert_eq!(events(&facts(&first, 100), &schema(), ORDER).len(), 1);
    assert_eq!(events(&facts(&second, 100), &schema(), ORDER).len(), 2);
}

#[test]
fn what_breaks_off_in_a_scratch_store_leaves_nothing() {
    let mut archive = Archive::scratch().unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    order(&mut archive, 10, "o1", "ann", 5, 20.0);
    {
        let mut ingest = archive.ingest(Timestamp(20)).unwrap();
        let row = EventRow { id: "o2", customer: "ann", at: Timestamp(15), fields: &[None, None] };
        ingest.event(ORDER, &row).unwrap();
    }
    assert_eq!(events(&facts(&archive, 100), &schema(), ORDER).len(), 1);
    assert!(is_sound(&archive));
}
