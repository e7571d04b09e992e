//! The schema for editors, held against the loader by Taplo's command-line program (`GUANXI_TAPLO`, or `taplo` on
//! the PATH; without it these tests say so and prove nothing) and, where it is there, by Tombi's (`GUANXI_TOMBI`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use guanxi::policy::{self, Files};
use guanxi::policy_test;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::golden::golden;

/// What is wrong, the line that is, a part of the reason, and the file.
type Wrong = (&'static str, usize, &'static str, &'static str);

const WRONG: &[Wrong] = &[
    ("an unknown kind", 1, "metrik", "[metrik.a]\nevent = \"order\"\n"),
    ("an unknown key", 1, "withn", "[metric.a]\nevent = \"order\"\ntake = \"count\"\nwithn = \"9d\"\n"),
    ("a name with a capital", 1, "Orders", "[metric.Orders]\nevent = \"order\"\ntake = \"count\"\n"),
    ("a reserved name", 1, "today", "[score.today]\nvalue = '1'\n"),
    ("a needed key is missing", 1, "\"take\"", "[metric.a]\nevent = \"order\"\n"),
    (
        "a word that is none of the list",
        3,
        "averge",
        "[metric.a]\nevent = \"order\"\ntake = \"averge\"\nof = 'amount'\n",
    ),
    ("a duration without a unit", 2, "90", "[settings]\nrefresh = \"90\"\n"),
    ("a duration as a number", 2, "90", "[settings]\nrefresh = 90\n"),
    (
        "a window that follows the calendar",
        4,
        "anyOf",
        "[metric.a]\nevent = \"order\"\ntake = \"count\"\nwithin = \"3mo\"\n",
    ),
    ("a zone that is none", 2, "anyOf", "[settings]\ntimezone = \"Asia/Shanhai\"\n"),
    ("a share above the whole", 2, "101%", "[guard.a.holdout]\nshare = \"101%\"\n"),
    ("a share of nothing", 2, "0%", "[guard.a.holdout]\nshare = \"0%\"\n"),
    ("a whole number below the least", 2, "minimum", "[guard.a.cap]\nmax = 0\nper = \"7d\"\n"),
    ("a fraction for a whole number", 2, "integer", "[guard.a.cap]\nmax = 1.5\nper = \"7d\"\n"),
    ("effort of nothing", 3, "minimum of 0", "[action.a]\nchannel = \"c\"\neffort = 0\n"),
    (
        "two kinds of one guard",
        4,
        "exclude each other",
        "[guard.a.cap]\nmax = 1\nper = \"7d\"\n[guard.a.block]\nwhen = 'x'\n",
    ),
    ("a guard by nothing", 1, "anyOf", "[guard.a]\ntitle = \"Nothing\"\n"),
    (
        "two ways out",
        3,
        "exclude each other",
        "[channel.a.webhook]\nurl = \"https://a.example\"\n[channel.a.file]\npath = \"out/a.jsonl\"\n",
    ),
    (
        "two shapes of a trigger",
        3,
        "exclude each other",
        "[trigger.a]\nwhen = 'x'\non = \"order\"\nactions = [\"b\"]\n",
    ),
    ("a trigger without actions", 3, "1 item", "[trigger.a]\nwhen = 'x'\nactions = []\n"),
    ("a trigger without a shape", 1, "anyOf", "[trigger.a]\nactions = [\"b\"]\n"),
    (
        "a key without what it belongs to",
        1,
        "\"on\"",
        "[trigger.a]\nwhen = 'x'\nwhere = 'y'\nactions = [\"b\"]\n",
    ),
    (
        "a count without a span",
        1,
        "\"within\"",
        "[trigger.a]\non = \"order\"\ntimes = 3\nactions = [\"b\"]\n",
    ),
    ("a take that needs `of`", 1, "\"of\"", "[metric.a]\nevent = \"order\"\ntake = \"sum\"\n"),
    (
        "a take that has no use for `of`",
        4,
        "goes with sum",
        "[metric.a]\nevent = \"order\"\ntake = \"count\"\nof = 'amount'\n",
    ),
    ("a choice without words", 2, "anyOf", "[customer.fields]\nstage = { type = \"choice\" }\n"),
    ("a type that is none", 2, "anyOf", "[customer.fields]\nname = \"string\"\n"),
    (
        "a level by two shares",
        4,
        "exclude each other",
        "[tier.a]\nby = 'x'\nlevels = [\n  { name = \"b\", top = \"1%\", holds = \"9%\" },\n]\n",
    ),
    ("a tier without levels", 3, "1 item", "[tier.a]\nby = 'x'\nlevels = []\n"),
    (
        "a quadrant without a cell",
        1,
        "bottom_left",
        "[quadrant.a]\nx = { value = 'x', split = 1 }\ny = { value = 'y', split = \"mean\" }\ntop_right = { name = \"b\" }\nbottom_right = { name = \"c\" }\ntop_left = { name = \"d\" }\n",
    ),
    (
        "a step in two places",
        8,
        "exclude each other",
        "[cadence.a]\nanchor = 'd'\n[[cadence.a.step]]\nid = \"b\"\naction = \"c\"\n\nafter = \"1d\"\nbefore = \"1d\"\n",
    ),
    ("weekdays by number", 2, "1-5", "[schedule.a]\ncron = \"0 9 * * 1-5\"\n"),
    ("a time of day past midnight", 3, "25:00", "[guard.a.hours]\nfrom = \"09:00\"\nuntil = \"25:00\"\n"),
    ("a weekday that is none", 2, "saturday", "[calendar.a]\nweekend = [\"saturday\"]\n"),
    ("an address that is none", 2, "crm.example", "[channel.a.webhook]\nurl = \"crm.example\"\n"),
    ("yes for true", 2, "boolean", "[event.a]\neveryone = \"yes\"\n"),
    ("a score that is both", 3, "exclude each other", "[score.a]\nvalue = '1'\nrank = '1'\n"),
    ("nothing said of what is kept", 2, "anyOf", "[settings]\nretain = {}\n"),
];

const WRONG_TESTS: &[Wrong] = &[
    ("an unknown key", 1, "expct", "[[test]]\nname = \"a\"\nexpct = 1\n"),
    ("a step without a time", 3, "\"at\"", "[[test]]\nname = \"a\"\n[[test.step]]\nexpect = []\n"),
    (
        "a time without an offset",
        4,
        "anyOf",
        "[[test]]\nname = \"a\"\n[[test.step]]\nat = \"2027-01-01 09:00\"\n",
    ),
    (
        "a customer without an id",
        3,
        "\"id\"",
        "[[test]]\nname = \"a\"\ncustomer = [\n  { name = \"b\" },\n]\n",
    ),
    (
        "touches that are no list",
        5,
        "array",
        "[[test]]\nname = \"a\"\n[[test.step]]\nat = 2027-01-01T09:00:00Z\nexpect = [ { customer = \"c\", touches = \"call\" } ]\n",
    ),
];

fn program(variable: &str, name: &str) -> Option<String> {
    let found = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let is_there = Command::new(&found).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("{name} is not there (set {variable}): the schema is not checked with it");
    }
    is_there.then_some(found)
}

fn taplo() -> Option<String> {
    program("GUANXI_TAPLO", "taplo")
}

/// A folder with both schemas in it.
fn schemas() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("policy.json"), policy::schema().to_string()).unwrap();
    fs::write(folder.path().join("test.json"), policy_test::schema().to_string()).unwrap();
    folder
}

fn check(taplo: &str, folder: &Path, schema: &str, files: &[PathBuf]) -> Output {
    let schema = format!("file://{}", folder.join(schema).display());
    let mut command = Command::new(taplo);
    command.args(["--colors", "never", "check", "--schema", &schema]).args(files);
    command.current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &*String::from_utf8_lossy(&output.stdout)
}

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

/// The shipped policies and every golden set that loads: policy files, then tests.
fn sound() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    toml_files(&root.join("policies"), &mut found);
    toml_files(&root.join("tests/policies/acting"), &mut found);
    for entry in fs::read_dir(root.join("tests/policies")).unwrap() {
        let case = entry.unwrap().path();
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        if expected.ends_with("usable\n") {
            toml_files(&case, &mut found);
        }
    }
    found.sort();
    found.into_iter().partition(|path| !path.to_string_lossy().ends_with(".test.toml"))
}

/// What the schema says in lines: the keys of every table with their rules.
fn outline(at: &str, rule: &Value, out: &mut String) {
    let keys = rule["properties"].as_object().into_iter().flatten();
    let needed = rule["required"].as_array().or_else(|| rule["allOf"][0]["else"]["required"].as_array());
    for (key, rule) in keys {
        let mark = if needed.is_some_and(|needed| needed.contains(&json!(key))) { "!" } else { "" };
        let _ = writeln!(out, "{at}.{key}{mark}: {}", said_of(rule));
        outline_within(&format!("{at}.{key}"), rule, out);
    }
}

fn outline_within(at: &str, rule: &Value, out: &mut String) {
    outline(at, rule, out);
    for inner in [&rule["items"], &rule["additionalProperties"]] {
        outline_within_or_end(at, inner, out);
    }
    for inner in rule["anyOf"].as_array().into_iter().flatten() {
        outline_within_or_end(at, inner, out);
    }
}

fn outline_within_or_end(at: &str, rule: &Value, out: &mut String) {
    if rule.is_object() {
        outline_within(at, rule, out);
    }
}

fn said_of(rule: &Value) -> String {
    let list = |key: &str| rule[key].as_array().map(Vec::as_slice).unwrap_or_default();
    if rule.get("properties").is_none() && !list("anyOf").is_empty() {
        return list("anyOf").iter().map(said_of).collect::<Vec<_>>().join(" | ");
    }
    if !list("enum").is_empty() {
        return list("enum").iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    }
    let shown = ["type", "$ref", "format", "pattern", "minimum", "exclusiveMinimum", "maximum", "minItems"];
    let mut said: Vec<String> = shown
        .iter()
        .filter_map(|word| rule.get(word))
        .map(|value| value.to_string().replace('"', ""))
        .collect();
    for (word, inner) in [("of", &rule["items"]), ("to", &rule["additionalProperties"])] {
        if inner.is_object() && inner.get("properties").is_none() {
            said.push(format!("{word} ({})", said_of(inner)));
        }
    }
    said.join(" ")
}

#[test]
fn the_outline_of_both_schemas_is_as_beside_this_test() {
    let schema = policy::schema();
    let mut said = String::new();
    for (kind, rule) in schema["properties"].as_object().unwrap() {
        let of_kind = schema["definitions"].get(kind).unwrap_or(rule);
        outline(kind, of_kind, &mut said);
    }
    outline("(test)", &policy_test::schema(), &mut said);
    golden("editors/golden/schema_outline.txt", &said);
}

#[test]
fn every_policy_and_test_that_loads_is_valid_to_taplo() {
    let Some(taplo) = taplo() else { return };
    let folder = schemas();
    let (policies, tests) = sound();
    assert!(policies.len() >= 40 && tests.len() >= 20, "{} and {}", policies.len(), tests.len());
    for (schema, files) in [("policy.json", policies), ("test.json", tests)] {
        let output = check(&taplo, folder.path(), schema, &files);
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// What a run of Taplo's says of each file: the lines it points at, each with the reason.
fn reasons(said: &str) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut reasons: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let mut reason = "";
    for line in said.lines() {
        if let Some(error) = line.strip_prefix("error: ") {
            reason = error;
        } else if let Some((_, place)) = line.split_once("┌─ ") {
            let mut parts = place.rsplitn(3, ':');
            let line = parts.nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
            let file = Path::new(parts.next().unwrap_or_default()).file_name().unwrap_or_default();
            reasons.entry(file.to_string_lossy().into_owned()).or_default().push((line, reason.to_owned()));
        }
    }
    reasons
}

fn all_rejected(wrong: &[Wrong], schema: &str) {
    let Some(taplo) = taplo() else { return };
    let folder = schemas();
    let mut files = Vec::new();
    for (number, (_, _, _, text)) in wrong.iter().enumerate() {
        let file = folder.path().join(format!("{number}.toml"));
        fs::write(&file, text).unwrap();
        files.push(file);
    }
    let said = said(&check(&taplo, folder.path(), schema, &files));
    let reasons = reasons(&said);
    let mut missed = Vec::new();
    for (number, (what, line, part, _)) in wrong.iter().enumerate() {
        let found = reasons.get(&format!("{number}.toml")).cloned().unwrap_or_default();
        if !found.iter().any(|(at, reason)| at == line && reason.contains(part)) {
            missed.push(format!("{what}: expected `{part}` at line {line}, found {found:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn taplo_rejects_each_wrong_policy_at_its_line_and_says_why() {
    assert!(WRONG.len() >= 20);
    all_rejected(WRONG, "policy.json");
}

#[test]
fn taplo_rejects_each_wrong_test_at_its_line_and_says_why() {
    all_rejected(WRONG_TESTS, "test.json");
}

#[test]
fn what_the_schema_rejects_does_not_load_either() {
    for (what, _, _, text) in WRONG {
        let mut files = Files::default();
        files.policies.insert("policy.toml".to_owned(), (*text).to_owned());
        let problems = policy::load(&files).diagnostics;
        let codes: Vec<&str> = problems.iter().map(|problem| problem.problem.code.id).collect();
        // What is only unknown to the rest of a set that isn't there would be no proof.
        let is_own = |code: &&&str| code.starts_with("E2") || ["E415", "E418", "E419"].contains(code);
        assert!(codes.iter().any(|code| is_own(&code)), "{what}: {codes:?}");
    }
    for (what, _, _, text) in WRONG_TESTS {
        let empty = policy::load(&Files::default()).compiled.unwrap();
        let tests = [("a.test.toml".to_owned(), (*text).to_owned())].into();
        let problems = policy_test::read(tests, &empty).diagnostics;
        let codes: Vec<&str> = problems.iter().map(|problem| problem.problem.code.id).collect();
        // That there is no such customer or action would be no proof.
        assert!(codes.iter().any(|code| code.starts_with("E2") || *code == "E702"), "{what}: {codes:?}");
    }
}

#[test]
fn tombi_agrees_on_what_is_valid_and_on_what_is_not() {
    let Some(tombi) = program("GUANXI_TOMBI", "tombi") else { return };
    let lint = |folder: &Path| {
        Command::new(&tombi).args(["lint", "--offline", "."]).current_dir(folder).output().unwrap()
    };
    let folder = schemas();
    let (policies, tests) = sound();
    for (schema, files) in [("policy.json", policies), ("test.json", tests)] {
        let valid = TempDir::new().unwrap();
        for (number, file) in files.iter().enumerate() {
            let text = fs::read_to_string(file).unwrap();
            let schema = folder.path().join(schema);
            let text = format!("#:schema {}\n{text}", schema.display());
            fs::write(valid.path().join(format!("{number}.toml")), text).unwrap();
        }
        let output = lint(valid.path());
        assert!(output.status.success(), "{}", said(&output));
    }
    for (what, _, _, text) in WRONG {
        let wrong = TempDir::new().unwrap();
        let schema = folder.path().join("policy.json");
        fs::write(wrong.path().join("a.toml"), format!("#:schema {}\n{text}", schema.display())).unwrap();
        let output = lint(wrong.path());
        assert!(!output.status.success(), "{what} is valid to Tombi: {}", said(&output));
    }
}
