//! Policy sets and what loading them says, side by side: `tests/policies/<case>/*.toml`, their scripts and the exact
//! diagnostics in `expected.txt`. `GUANXI_BLESS=1` rewrites those.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use guanxi::policy::{Files, Outcome, load, render, to_json};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    // Those that act are for the test beside this one.
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !path.ends_with("acting")).collect();
    cases.sort();
    cases
}

fn collect(folder: &Path, root: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, files);
        } else if is_policy(&path) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.policies.insert(name, fs::read_to_string(&path).unwrap());
        } else if path.extension().is_some_and(|extension| extension == "rhai") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.scripts.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn read(folder: &Path) -> Files {
    let mut files = Files::default();
    collect(folder, folder, &mut files);
    files
}

fn case(name: &str) -> Files {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies").join(name))
}

fn one(text: &str) -> Files {
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), text.to_owned());
    files
}

fn version(files: &Files) -> String {
    let Outcome { compiled, diagnostics } = load(files);
    compiled.unwrap_or_else(|| panic!("{}", render(&diagnostics, files, false))).version.to_string()
}

#[test]
fn every_case_gives_exactly_the_diagnostics_beside_it() {
    let bless = std::env::var_os("GUANXI_BLESS").is_some();
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let files = read(case);
        let outcome = load(&files);
        let mut said = render(&outcome.diagnostics, &files, false);
        if outcome.compiled.is_some() {
            said.push_str("usable\n");
        }
        let expected = case.join("expected.txt");
        if bless {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", case.display()));
        }
    }
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ten_mistakes_in_one_file_are_ten_diagnostics_each_in_its_place() {
    let files = case("ten_mistakes");
    let outcome = load(&files);
    assert!(outcome.compiled.is_none());
    let text = &files.policies["policy.toml"];
    let json = to_json(None, &outcome.diagnostics, &files);
    let found: Vec<(String, u64, String)> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let line = found["line"].as_u64().unwrap();
            let start = usize::try_from(found["column"].as_u64().unwrap()).unwrap() - 1;
            let end = usize::try_from(found["end_column"].as_u64().unwrap()).unwrap() - 1;
            assert_eq!(found["end_line"], found["line"]);
            let whole: Vec<char> =
                text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap().chars().collect();
            (found["code"].as_str().unwrap().to_owned(), line, whole[start..end].iter().collect())
        })
        .collect();
    let marked: Vec<(String, u64, String)> = (1..)
        .zip(text.lines())
        .filter_map(|(line, whole)| {
            let (code, part) = whole.split_once("#! ")?.1.split_once(' ')?;
            Some((code.to_owned(), line, part.to_owned()))
        })
        .collect();
    assert_eq!(found.len(), 10);
    assert_eq!(found, marked);
}

#[test]
fn comments_layout_order_and_spread_over_files_keep_the_version() {
    let base = "[settings]\ntimezone = \"Asia/Shanghai\"\n[score.size]\nvalue = '1 + 1'\n[segment.large]\nwhen = 'size > 1'\n";
    let other = "# a comment\n[segment]\nlarge = { when = \"size>1\" } # another\n\n[score]\n  [score.size]\n  value = '''1+  /* one */ 1'''\n[settings]\ntimezone = 'Asia/Shanghai'";
    assert_eq!(version(&one(base)), version(&one(other)));
    let mut spread = Files::default();
    for (index, part) in base.split_inclusive('\n').collect::<Vec<_>>().chunks(2).enumerate() {
        spread.policies.insert(format!("{index}.toml"), part.concat());
    }
    assert_eq!(version(&one(base)), version(&spread));
}

#[test]
fn any_value_changed_alters_the_version() {
    let base = "[score.size]\nvalue = '1 + 1'\ntitle = \"Size\"\n";
    for changed in [
        "[score.size]\nvalue = '1 + 2'\ntitle = \"Size\"\n",
        "[score.size]\nvalue = '1 + 1'\ntitle = \"Sizes\"\n",
        "[score.size]\nvalue = '1 + 1'\ntitle = \"Si ze\"\n",
        "[score.sizes]\nvalue = '1 + 1'\ntitle = \"Size\"\n",
        "[score.size]\nrank = '1 + 1'\ntitle = \"Size\"\n",
        "[score.size]\nvalue = '1 + 1'\ntitle = \"Size\"\n[score.more]\nvalue = '1'\n",
    ] {
        assert_ne!(version(&one(base)), version(&one(changed)), "{changed}");
    }
    let mut scripted = one(base);
    scripted.scripts.insert("fit.rhai".to_owned(), "fn fit() { 1 }".to_owned());
    assert_ne!(version(&one(base)), version(&scripted));
}

#[test]
fn a_value_has_a_new_version_when_something_it_uses_changes() {
    let policy = |size: &str, title: &str| {
        let text = format!(
            "[customer.fields]\nstaff = \"number\"\n[score.size]\nvalue = '{size}'\ntitle = \"{title}\"\n[score.other]\nvalue = '1'\n[segment.large]\nwhen = 'size > 1'\n"
        );
        let compiled = load(&one(&text)).compiled.unwrap();
        ["large", "other"].map(|name| compiled.values[compiled.value(name).unwrap()].version.to_string())
    };
    let [large, other] = policy("staff", "Size");
    let [edited, untouched] = policy("staff + 1", "Size");
    assert_ne!(large, edited);
    assert_eq!(other, untouched);
    assert_eq!([large, other], policy("staff", "Another title"), "a title changes no decision");
    assert_eq!(policy("staff + 1", "Size"), policy("staff+1", "Size"), "nor does space");
}

#[test]
fn a_value_and_a_trigger_have_a_new_version_when_a_script_they_use_changes() {
    let versions = |takes: &str, script: &str| {
        let text = format!(
            "[customer.fields]\na = \"number\"\nb = \"number\"\n[function.fit]\nscript = \"fit.rhai\"\n\
             takes = {{ {takes} }}\nreturns = \"number\"\n[score.good]\nvalue = 'fit(a, b)'\n\
             [segment.best]\nwhen = 'good > 1'\n[score.other]\nvalue = 'a'\n[channel.calls.file]\npath = \"out.jsonl\"\n\
             [action.ring]\nchannel = \"calls\"\n[trigger.fits]\nwhen = 'fit(a, 1) > 1'\nactions = [\"ring\"]\n"
        );
        let mut files = one(&text);
        files.scripts.insert("fit.rhai".to_owned(), script.to_owned());
        let outcome = load(&files);
        let compiled =
            outcome.compiled.unwrap_or_else(|| panic!("{}", render(&outcome.diagnostics, &files, false)));
        let value = |name: &str| compiled.values[compiled.value(name).unwrap()].version.to_string();
        let trigger = compiled.triggers[0].version.to_string();
        (compiled.version.to_string(), [value("good"), value("best"), trigger], value("other"))
    };
    let takes = "x = \"number\", y = \"number\"";
    let first = versions(takes, "fn fit(x, y) { x - y }");
    assert_eq!(first, versions(takes, "// how well\nfn fit(x, y) {\n  x - y\n}\n"), "comments and layout");
    let edited = versions(takes, "fn fit(x, y) { y - x }");
    let turned = versions("y = \"number\", x = \"number\"", "fn fit(x, y) { x - y }");
    for other in [edited, turned] {
        assert_ne!(first.0, other.0);
        assert!(first.1.iter().zip(&other.1).all(|(before, after)| before != after));
        assert_eq!(first.2, other.2, "what does not use it keeps its version");
    }
}

#[test]
fn a_value_has_a_new_version_when_the_actions_with_a_tag_it_asks_for_change() {
    let versions = |tags: &str, enabled: bool| {
        let text = format!(
            "[channel.out.file]\npath = \"out.jsonl\"\n\
             [action.ring]\nchannel = \"out\"\ntags = [\"care\", \"sales\"]\n\
             [action.card]\nchannel = \"out\"\ntags = [{tags}]\nenabled = {enabled}\n\
             [metric.care]\nevent = \"touch\"\ntake = \"count\"\nwhere = 'tagged(\"care\")'\n\
             [metric.sales]\nevent = \"touch\"\ntake = \"count\"\nwhere = 'tagged(\"sales\")'\n\
             [ledger.goodwill]\n[[ledger.goodwill.entry]]\non = \"touch\"\namount = 'if tagged(\"care\") {{ 1 }} else {{ 0 }}'\n"
        );
        let compiled = load(&one(&text)).compiled.unwrap();
        ["care", "goodwill", "sales"]
            .map(|name| compiled.values[compiled.value(name).unwrap()].version.to_string())
    };
    let [care, goodwill, sales] = versions("\"human\"", true);
    assert_eq!(
        [care.clone(), goodwill.clone(), sales.clone()],
        versions("\"people\"", false),
        "what is asked for is the same"
    );
    let [care_too, goodwill_too, sales_still] = versions("\"care\"", true);
    assert!(care != care_too && goodwill != goodwill_too);
    assert_eq!(sales, sales_still);
}

#[test]
fn values_come_after_all_they_use_otherwise_by_name() {
    let files = case("rich");
    let compiled = load(&files).compiled.unwrap();
    let names: Vec<&str> = compiled.values.iter().map(|value| &*value.name).collect();
    let at = |name: &str| names.iter().position(|known| *known == name).unwrap();
    assert!(at("revenue") < at("value_rank") && at("value_rank") < at("selection"));
    assert!(at("pyramid") < at("visits_due"));
    let again = load(&files).compiled.unwrap();
    assert_eq!(format!("{compiled:?}"), format!("{again:?}"), "loading is deterministic");
}

#[test]
fn what_is_disabled_is_checked_but_left_out() {
    let text = "[score.size]\nvalue = '1'\n[score.alone]\nvalue = 'size'\nenabled = false\n[segment.aside]\nwhen = 'alone > 1'\nenabled = false\n";
    let compiled = load(&one(text)).compiled.unwrap();
    assert_eq!(compiled.values.len(), 1);
    assert!(compiled.schema.classes.is_empty());
    let broken = text.replace("alone > 1", "alone > \"x\"");
    assert!(load(&one(&broken)).compiled.is_none());
}

#[test]
fn the_shipped_policies_load_without_a_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = read(&root.join("policies"));
    files.scripts = read(&root.join("scripts")).scripts;
    let outcome = load(&files);
    assert!(outcome.diagnostics.is_empty(), "{}", render(&outcome.diagnostics, &files, false));
    assert!(outcome.compiled.is_some());
}

fn is_policy(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.extension().is_some_and(|extension| extension == "toml")
        && !name.ends_with(".test.toml")
        && !name.starts_with(['.', '_'])
}

/// A small generator of numbers from a seed (`SplitMix64`).
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

const SCRAPS: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    "(",
    ")",
    "=",
    ",",
    ".",
    "\n",
    "\\",
    "\\u",
    "客",
    "\u{0}",
    "-",
    "1e999",
    "nan",
    "99999999999999999999",
    "true",
    "2027-13-45",
    "orders",
    "pyramid",
    "event.",
    "customer.",
    "&&",
    "||",
    "??",
    "if",
    "((((((((((",
    "!!!!!!",
    "#",
    "$",
    "${",
    "*",
    "/*",
    "//",
    "`",
    "\r",
    "\u{feff}",
];

/// One of several ways to spoil a text.
fn mutate(text: &str, random: &mut Seeded) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let length = random.below(12).min(bytes.len() - at);
        match random.below(7) {
            0 => drop(bytes.drain(at..at + length)),
            1 => {
                let copy = bytes[at..at + length].to_vec();
                bytes.splice(at..at, copy);
            }
            2 => bytes.truncate(at),
            3 => {
                let scrap = SCRAPS[random.below(SCRAPS.len())].bytes();
                bytes.splice(at..at + length, scrap);
            }
            4 => {
                let scrap = SCRAPS[random.below(SCRAPS.len())].bytes();
                bytes.splice(at..at, scrap);
            }
            5 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).unwrap();
                }
            }
            _ => bytes = swap_words(&String::from_utf8_lossy(&bytes), random).into_bytes(),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn swap_words(text: &str, random: &mut Seeded) -> String {
    let mut words: Vec<&str> = text.split_inclusive([' ', '\n', '\'', '"']).collect();
    let (a, b) = (random.below(words.len()), random.below(words.len()));
    if a < words.len() && b < words.len() {
        words.swap(a, b);
    }
    words.concat()
}

#[test]
fn no_mutation_of_a_policy_panics_or_hangs_the_loader() {
    let text = case("rich").policies["policy.toml"].clone();
    let mut usable = 0;
    for seed in 0..1_500_u64 {
        let files = one(&mutate(&text, &mut Seeded(seed)));
        let begun = std::time::Instant::now();
        let outcome = load(&files);
        let said = render(&outcome.diagnostics, &files, false);
        let json = to_json(None, &outcome.diagnostics, &files);
        assert!(begun.elapsed().as_secs() < 5, "seed {seed} took {:?}", begun.elapsed());
        assert_eq!(json["diagnostics"].as_array().unwrap().len(), outcome.diagnostics.len());
        assert!(outcome.compiled.is_some() || !said.is_empty(), "seed {seed}: refused without a reason");
        for found in &outcome.diagnostics {
            let whole = &files.policies[&*found.file];
            assert!(whole.get(found.problem.span.clone()).is_some(), "seed {seed}: {found:?}");
        }
        usable += usize::from(outcome.compiled.is_some());
    }
    assert!(usable > 25, "only {usable} mutations are harmless: the base is not what it should be");
}
