//! Layout changes neither what files say nor their comments, and is done once.

#![expect(clippy::string_slice, reason = "what fails here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::format;
use crate::policy::files::Files;
use crate::policy::raw::{Sink, merge, parse};
use crate::policy::version;

fn assert_formats(text: &str, expected: &str) {
    let formatted = format("a.toml", text).unwrap();
    assert_eq!(formatted, expected);
    assert_eq!(format("a.toml", &formatted).unwrap(), expected, "not done at once");
}

#[test]
fn equals_signs_stand_under_each_other_within_a_block() {
    assert_formats(
        "[metric.a]\ntake=\"count\"\n  event   =  \"order\"\nof = 'x'\n\nwithin = \"9d\"\n",
        "[metric.a]\ntake  = \"count\"\nevent = \"order\"\nof    = 'x'\n\nwithin = \"9d\"\n",
    );
}

#[test]
fn a_comment_between_keys_does_not_end_a_block_and_a_broken_value_does() {
    assert_formats(
        "[tier.a]\nby = 'x'\n# who\namong = 'y'\nlevels = [\n{ name = \"b\" }\n]\nfall_after = \"9d\"\n",
        "[tier.a]\nby     = 'x'\n# who\namong  = 'y'\nlevels = [\n  { name = \"b\" },\n]\nfall_after = \"9d\"\n",
    );
}

#[test]
fn keys_of_one_letter_are_a_block_of_their_own() {
    assert_formats(
        "[quadrant.a]\ntitle = \"T\"\nx = {value='v',split=1}\ny = { value = 'w', split = \"mean\" }\n",
        "[quadrant.a]\ntitle = \"T\"\nx = { value = 'v', split = 1 }\ny = { value = 'w', split = \"mean\" }\n",
    );
}

#[test]
fn one_empty_line_parts_tables_and_none_is_put_into_one() {
    assert_formats(
        "\n\n[guard.a]\n\ntags = [\"b\"]\n[guard.a.cap]\nmax = 1\n\n\n\n# about c\n[score.c]\nvalue = '1'\n# about d\n[score.d]\nvalue = '2'\n\n\n",
        "[guard.a]\ntags = [\"b\"]\n[guard.a.cap]\nmax = 1\n\n# about c\n[score.c]\nvalue = '1'\n\n# about d\n[score.d]\nvalue = '2'\n",
    );
}

#[test]
fn tests_are_not_lined_up_and_steps_follow_each_other() {
    assert_formats(
        "[[test]]\nname   = \"a\"\n[[test.step]]\nat = 2027-01-01T09:00:00Z\nexpect =[{customer=\"c\"}]\n[[test]]\nname = \"b\"\n",
        "[[test]]\nname = \"a\"\n[[test.step]]\nat = 2027-01-01T09:00:00Z\nexpect = [{ customer = \"c\" }]\n\n[[test]]\nname = \"b\"\n",
    );
}

#[test]
fn expressions_are_laid_out_where_expressions_stand() {
    assert_formats(
        "[segment.a]\ntitle = \"a>1\"\nwhen = 'a>1&&b==\"c\"'\nleave_when = \"b!=\\\"c\\\"\"\nbest = { count = 2, by = '-a' }\n",
        "[segment.a]\ntitle      = \"a>1\"\nwhen       = 'a > 1 && b == \"c\"'\nleave_when = 'b != \"c\"'\nbest       = { count = 2, by = '-a' }\n",
    );
    assert_formats(
        "[guard.a.hours]\ntimezone = \"Asia/Tokyo\"\n[action.b]\npriority='a/b'\n",
        "[guard.a.hours]\ntimezone = \"Asia/Tokyo\"\n\n[action.b]\npriority = 'a / b'\n",
    );
    assert_formats(
        "[source.a.columns]\nid = \"a-b\"\nn = { value = 'number(a)*2' }\n",
        "[source.a.columns]\nid = \"a-b\"\nn = { value = 'number(a) * 2' }\n",
    );
    assert_formats("[[ledger.a.entry]]\namount = '-(a)'\n", "[[ledger.a.entry]]\namount = '-(a)'\n");
}

#[test]
fn an_array_that_is_too_long_has_an_item_a_line_and_lines_made_by_hand_stay() {
    let long: Vec<String> = (10..40).map(|day| format!("\"2027-01-{day}\"")).collect();
    let expected = long.join(",\n  ");
    assert_formats(
        &format!("[calendar.a]\nholidays = [{}]\n", long.join(",")),
        &format!("[calendar.a]\nholidays = [\n  {expected},\n]\n"),
    );
    assert_formats(
        "[calendar.a]\nholidays = [ \"2027-01-01\",\"2027-01-02\",\n# why\n\n\n    \"2027-01-03\" # three\n    ]\n",
        "[calendar.a]\nholidays = [\"2027-01-01\", \"2027-01-02\",\n  # why\n\n  \"2027-01-03\", # three\n]\n",
    );
}

#[test]
fn comments_keep_their_column_where_they_can() {
    assert_formats(
        "[settings]\nrefresh=\"1d\"     # a\ntimezone = \"UTC\"# b\n",
        "[settings]\nrefresh  = \"1d\"  # a\ntimezone = \"UTC\" # b\n",
    );
}

#[test]
fn line_endings_stay_and_a_byte_order_mark_goes() {
    assert_formats("\u{feff}[settings]\r\nrefresh=\"1d\"\r\n", "[settings]\r\nrefresh = \"1d\"\r\n");
}

#[test]
fn what_is_in_strings_of_several_lines_stays() {
    let text = "[action.a.payload]\ntext = \"\"\"\n  a  \n\n\n   b=1\"\"\"\n";
    assert_formats(text, text);
}

#[test]
fn what_is_no_toml_is_told_and_not_laid_out() {
    let problems = format("a.toml", "[settings\nrefresh = 1d\n").unwrap_err();
    assert!(problems.iter().any(|problem| problem.problem.code.id == "E101"), "{problems:?}");
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

/// The shipped policies and tests and the golden ones, broken ones included.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    toml_files(&root.join("policies"), &mut found);
    toml_files(&root.join("tests/policies"), &mut found);
    found.sort();
    assert!(found.len() > 100, "only {} files", found.len());
    found.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

fn comments(text: &str) -> Vec<&str> {
    let comments = Source::new(text).lex().filter(|token| token.kind() == TokenKind::Comment);
    comments
        .filter_map(|token| text.get(token.span().start()..token.span().end()))
        .map(str::trim_end)
        .collect()
}

/// The version of a set of one file; of a test all that it says.
fn meaning(text: &str) -> String {
    let mut files = Files::default();
    files.policies.insert("a.toml".to_owned(), text.to_owned());
    let sink = Sink::new(&files);
    let root = parse(&"a.toml".into(), text, &sink);
    let said = version::of_content(&crate::policy::raw::Content::Table(root.clone()));
    let is_test = root.get("test").is_some();
    if is_test { said } else { version::of_set(&merge(vec![root], &sink), &files.scripts).to_string() }
}

fn assert_kept(name: &str, text: &str) {
    let Ok(formatted) = format(name, text) else { return };
    assert_eq!(comments(text), comments(&formatted), "{name}");
    assert_eq!(meaning(text), meaning(&formatted), "{name}\n{formatted}");
    assert_eq!(format(name, &formatted).unwrap(), formatted, "{name}: not done at once");
}

#[test]
fn of_every_policy_and_test_the_version_and_all_comments_stay_and_it_is_done_at_once() {
    for (name, text) in texts() {
        assert_kept(&name, &text);
    }
}

/// Other space between the tokens of a text, where space means nothing.
fn respaced(text: &str, spaces: &[usize]) -> String {
    let mut out = String::new();
    let mut spaces = spaces.iter().cycle();
    let mut before = TokenKind::Newline;
    for token in Source::new(text).lex() {
        let word = &text[token.span().start()..token.span().end()];
        let is_atom = |kind| matches!(kind, TokenKind::Atom | TokenKind::Dot);
        if token.kind() == TokenKind::Whitespace {
            out.push_str(
                &" ".repeat(spaces.next().copied().unwrap_or(1).max(usize::from(before == TokenKind::Atom))),
            );
        } else {
            let parts = !is_atom(before) && !is_atom(token.kind()) && before != token.kind();
            if parts && token.kind() != TokenKind::Eof {
                out.push_str(&" ".repeat(spaces.next().copied().unwrap_or(0)));
            }
            out.push_str(word);
            if token.kind() == TokenKind::Newline && spaces.next() == Some(&4) {
                out.push('\n');
            }
        }
        before = token.kind();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn however_a_file_is_spaced_its_version_and_comments_stay_and_it_is_done_at_once(
        index in any::<prop::sample::Index>(), spaces in prop::collection::vec(0_usize..5, 1..50)
    ) {
        let texts = texts();
        let (name, text) = index.get(&texts);
        let odd = respaced(text, &spaces);
        if format(name, text).is_ok() && format(name, &odd).is_ok() {
            prop_assert_eq!(meaning(text), meaning(&odd));
        }
        assert_kept(name, &odd);
    }
}
