//! `plan`: what it shows for an edit of the shipped policies, and that it writes nothing.

use std::fs;

use crate::folder::copy_folder;
use crate::home::{Home, NOW, golden, printed};

/// Puts other text into the first line of the shipped policies that has a text, however it is laid out.
fn edit(home: &Home, from: &str, to: &str) {
    let mut folders = vec![home.path("policies")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (inner, here): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        folders.extend(inner);
        files.extend(here.into_iter().filter(|path| !path.to_string_lossy().ends_with(".test.toml")));
    }
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(at) = text.lines().position(|line| plain(line).contains(from)) else { continue };
        let line = |(number, line): (usize, &str)| {
            if number == at { plain(line).replacen(from, to, 1) } else { line.to_owned() }
        };
        let lines: Vec<String> = text.lines().enumerate().map(line).collect();
        fs::write(path, lines.join("\n") + "\n").unwrap();
        return;
    }
    panic!("the shipped policies have no `{from}` any more: edit something else");
}

/// An edit with something of everything: a level widened, a step moved and one put in, tables added, one removed.
fn edit_all(home: &Home) {
    edit(home, "top = \"20%\"", "top = \"30%\"");
    edit(home, "after = \"45d\"", "after = \"60d\"");
    edit(home, "id = \"season\"", "id = \"harvest\"");
    edit(home, "[trigger.no_second_order]", "[trigger.no_second_order]\nenabled = false");
    let added = "[score.thrifty]\nvalue = 'usual_order < 100'\n[segment.large_orders]\nwhen = '!thrifty && usual_order > 300'\n\
        [trigger.large]\nwhen = 'large_orders && revenue_3m > 800'\nbacklog = \"fire\"\nactions = [\"care_call\"]\n";
    fs::write(home.path("policies/more.toml"), added).unwrap();
}

fn plan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["plan", "--now", NOW].into_iter().chain(more.iter().copied()).collect()
}

/// A slip of the pen that reaches everybody, and a programme that is put to sleep.
fn slip(home: &Home) {
    edit(home, "[cadence.care_611]", "[cadence.care_611]\nenabled = false");
    edit(home, "[trigger.overdue]", "[trigger.overdue]\nenabled = false");
    edit(home, "topic = \"thanks\"", "topic = \"gratitude\"");
    let added = "[trigger.everybody]\nwhen = 'orders >= 1'\nbacklog = \"fire\"\nactions = [\"care_call\"]\n";
    fs::write(home.path("policies/everybody.toml"), added).unwrap();
}

/// The bytes of the store, with what SQLite has put beside it.
fn bytes(home: &Home) -> Vec<Vec<u8>> {
    let read =
        |ending: &str| fs::read(guanxi::archive::with_ending(&home.store(), ending)).unwrap_or_default();
    vec![read(""), read("-wal"), read("-journal")]
}

#[test]
fn an_edit_is_shown_like_a_diff_with_all_that_follows() {
    let home = Home::new();
    edit_all(&home);
    let before = bytes(&home);
    golden("plan.txt", &printed(&home.command(&plan(&[])), 2));
    golden("plan.json", &printed(&home.command(&plan(&["--json", "--examples", "1"])), 2));
    assert_eq!(bytes(&home), before, "the store is as it was");
}

#[test]
fn a_slip_that_reaches_everybody_is_seen_to_need_approval() {
    let home = Home::new();
    slip(&home);
    golden("plan-slip.txt", &printed(&home.command(&plan(&["--days", "0"])), 2));
}

#[test]
fn the_same_policies_differ_in_nothing_whatever_their_layout() {
    let home = Home::new();
    edit(&home, "[cadence.care_611]", "# a remark\n[cadence.care_611]");
    let shown = printed(&home.command(&plan(&[])), 0);
    assert!(shown.starts_with("nothing differs"), "{shown}");
    let found: serde_json::Value =
        serde_json::from_str(&printed(&home.command(&plan(&["--json"])), 0)).unwrap();
    assert_eq!((&found["version"], &found["tables"]), (&found["from"], &serde_json::json!([])));
    edit(&home, "title = \"611 care programme", "title = \"612 care programme");
    let shown = printed(&home.command(&plan(&[])), 2);
    assert!(
        shown.contains("title: \"611 care programme") && shown.contains("no customer stands elsewhere"),
        "{shown}"
    );
    assert!(shown.contains("+0 -0 touches at the next run"), "{shown}");
}

#[test]
fn wrong_input_is_told_and_ends_with_one() {
    let home = Home::new();
    edit(&home, "top = \"20%\"", "top = \"lots\"");
    let (refused, checked) = (home.command(&plan(&[])), home.command(&["check"]));
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(1), &b""[..]));
    assert_eq!(refused.stderr, checked.stderr, "{}", String::from_utf8_lossy(&refused.stderr));
    let (refused, checked) = (home.command(&plan(&["--json"])), home.command(&["check", "--json"]));
    assert_eq!((refused.status.code(), refused.stdout), (Some(1), checked.stdout));
    edit(&home, "top = \"lots\"", "top = \"20%\"");
    for (wrong, why) in [
        (vec!["plan", "--now", "soon"], "is no time"),
        (vec!["plan", "--store", "nowhere.db"], "nowhere.db"),
        (vec!["plan", "--from", "nowhere"], "nowhere"),
        (vec!["plan", "--days", "4000"], "4000"),
        (vec!["plan", "--days", "0", "--save", "no/such/folder"], "no/such/folder"),
    ] {
        let refused = home.command(&wrong);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(1) && said.contains(why), "{wrong:?}: {said}");
    }
    edit(&home, "{ type = \"text\", description = \"Country", "{ type = \"bool\", description = \"Country");
    let refused = home.command(&plan(&["--days", "0"]));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("country"), "{said}");
}

#[test]
fn a_store_without_active_policies_is_compared_with_those_in_a_folder() {
    let home = Home::new();
    let empty = home.path("empty.db");
    drop(guanxi::archive::Archive::open(&empty).unwrap());
    let refused = home.command(&plan(&["--store", "empty.db"]));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--from DIR"));
    copy_folder(&home.path("policies"), &home.path("before/policies"));
    copy_folder(&home.path("scripts"), &home.path("before/scripts"));
    assert!(printed(&home.command(&plan(&["--from", "before/policies"])), 0).starts_with("nothing differs"));
    edit(&home, "top = \"20%\"", "top = \"30%\"");
    let with_active = printed(&home.command(&plan(&[])), 2);
    let with_folder = printed(&home.command(&plan(&["--from", "before/policies"])), 2);
    assert_eq!(with_active, with_folder, "the folder holds what is active");
    assert!(
        printed(&home.command(&plan(&["--store", "empty.db", "--from", "before/policies"])), 2)
            .contains("none")
    );
}

#[test]
fn a_kept_plan_starts_no_other_policies() {
    let home = Home::new();
    edit(&home, "top = \"20%\"", "top = \"30%\"");
    printed(&home.command(&plan(&["--save", "plan.json", "--days", "0"])), 2);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(home.path("plan.json")).unwrap()).unwrap();
    assert_eq!((&kept["format"], &kept["days"]), (&"guanxi.plan/1".into(), &serde_json::Value::Null));
    edit(&home, "top = \"30%\"", "top = \"31%\"");
    let run = ["run", "--plan", "plan.json", "--listen", "127.0.0.1:0"];
    let refused = home.command(&run);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(kept["version"].as_str().unwrap()) && said.contains("the folders hold"), "{said}");
}
