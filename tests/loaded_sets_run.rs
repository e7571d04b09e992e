//! Whatever loads also runs: policy sets made by chance are refused by the loader or run over a small world.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use guanxi::archive::{Archive, ArchiveError, Change, EventRow, TouchFilter};
use guanxi::engine::{Engine, RunRequest};
use guanxi::model::time::DAY;
use guanxi::model::{Date, Timestamp, Type, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files, load};
use guanxi::ports::simulated::SetClock;

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

    fn one<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

fn loaded(text: &str) -> Option<Arc<Compiled>> {
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), text.to_owned());
    load(&files).compiled.map(Arc::new)
}

const START: i64 = 1_780_000_000_000;

fn value(ty: &Type, random: &mut Seeded) -> Option<Value> {
    const NUMBERS: [f64; 8] = [0.0, -0.0, 1.0, -3.5, 0.1, 1e300, -1e300, 365.0];
    if random.below(4) == 0 {
        return None;
    }
    match ty {
        Type::Number => Value::number(NUMBERS[random.below(NUMBERS.len())]),
        Type::Text => Some(Value::text(random.one(&["", "north", "北", "c01", "2", "T-1"]))),
        Type::Bool => Some(Value::Bool(random.below(2) == 0)),
        Type::Date => Date::parse(random.one(&["2026-02-28", "2000-02-29", "0001-01-01", "9999-12-31"]))
            .map(Value::Date),
        Type::Time => Some(Value::Time(Timestamp(START - i64::try_from(random.below(900)).unwrap() * DAY))),
        Type::Choice(words) => Some(Value::Text(words[random.below(words.len())].clone())),
    }
}

/// Customers and events of every kind, with holes.
fn fill(archive: &mut Archive, random: &mut Seeded) {
    let schema = archive.schema().clone();
    let mut ingest = archive.ingest(Timestamp(START)).unwrap();
    for customer in 0..7 {
        let change = |value: Option<Value>| value.map_or(Change::Keep, Change::Set);
        let changes: Vec<Change> =
            schema.customer.iter().map(|field| change(value(&field.ty, random))).collect();
        ingest.customer(&format!("c{customer:02}"), &changes).unwrap();
    }
    for (kind, shape) in schema.events.iter().enumerate() {
        for number in 0..12 {
            let customer = if shape.everyone { String::new() } else { format!("c{:02}", random.below(8)) };
            let id = format!("{}-{number}", shape.name);
            let at = Timestamp(START - i64::try_from(random.below(1_000)).unwrap() * DAY / 2);
            let fields: Vec<Option<Value>> =
                shape.fields.iter().map(|field| value(&field.ty, random)).collect();
            ingest.event(kind, &EventRow { id: &id, customer: &customer, at, fields: &fields }).unwrap();
        }
    }
    ingest.commit().unwrap();
}

/// Runs a set over changing facts, in a store that may have known another set before, and tells what it
/// decided. A second run at the same instant changes nothing.
fn run(before: Option<&Arc<Compiled>>, policy: &Arc<Compiled>, seed: u64, text: &str) -> String {
    let fail = |what: &dyn std::fmt::Display| -> ! { panic!("seed {seed}: {what}\n{text}") };
    let engine = Engine::new(policy.clone(), Arc::new(SetClock::default()))
        .unwrap_or_else(|error| fail(&format!("no engine: {error}")));
    let mut archive = Archive::open_in_memory().unwrap();
    let mut random = Seeded(seed);
    let mut decided = String::new();
    if let Some(before) = before {
        archive.adopt(before.schema.clone()).unwrap_or_else(|error| fail(&error));
        fill(&mut archive, &mut random);
        let request =
            RunRequest { now: Timestamp(START), scope: Scope::Everything, schedule: "test".to_owned() };
        let engine = Engine::new(before.clone(), Arc::new(SetClock::default())).unwrap();
        engine.run(&mut archive, &request).unwrap_or_else(|error| fail(&error));
    }
    match archive.adopt(policy.schema.clone()) {
        Ok(()) => {}
        Err(ArchiveError::TypeChanged { .. }) if before.is_some() => return String::new(),
        Err(error) => fail(&error),
    }
    for days in [0, 1, 9, 45] {
        fill(&mut archive, &mut random);
        let now = Timestamp(START + days * DAY);
        let triggers = (0..policy.triggers.len()).collect();
        let some = Scope::Some { values: vec![], triggers, cadences: vec![] };
        let scopes = [Scope::Everything, Scope::Everything, some];
        let reports = scopes.map(|scope| {
            let request = RunRequest { now, scope, schedule: "test".to_owned() };
            engine.run(&mut archive, &request).unwrap_or_else(|error| fail(&error))
        });
        assert!(reports[0].customers >= 7, "seed {seed}");
        for again in &reports[1..] {
            let changes = (again.transitions, again.queued, again.cancelled, again.backlog, again.cut_points);
            assert_eq!(changes, (0, 0, 0, 0, 0), "seed {seed}, day {days}\n{text}");
        }
        assert_eq!(reports[0].classes, reports[1].classes, "seed {seed}, day {days}\n{text}");
        let _ = write!(decided, "{:?}", reports[0]);
    }
    let touches = archive.touches(&TouchFilter::default(), 10_000).unwrap();
    format!("{decided}{touches:?}{:?}", archive.transitions(None, 10_000).unwrap())
}

/// Names, numbers, texts and signs of an expression; blanks stay with what they follow.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        _ if c.is_alphanumeric() || c == '_' || c == '.' => 0,
        _ if c.is_whitespace() => 1,
        '(' | ')' | '[' | ']' | ',' | '"' | '\'' | '{' | '}' | '\n' => 2,
        _ => 3,
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let kind = kind(c);
        if before.is_some_and(|before| before != kind || kind == 2) {
            found.push(text.get(start..at).unwrap());
            start = at;
        }
        before = Some(kind);
    }
    found.push(text.get(start..).unwrap());
    found
}

/// Puts a token of one place of the policy into another of the same sort, or a name known to fit somewhere.
fn swap_tokens(text: &str, random: &mut Seeded) -> String {
    let mut tokens = tokens(text);
    let words: Vec<usize> =
        (0..tokens.len()).filter(|&at| tokens[at].starts_with(|c: char| c.is_alphanumeric())).collect();
    for _ in 0..=random.below(2) {
        let at = words[random.below(words.len())];
        tokens[at] = match random.below(3) {
            0 => tokens[words[random.below(words.len())]],
            _ => random.one(NAMES),
        };
    }
    tokens.concat()
}

const NAMES: &[&str] = &[
    "amount",
    "status",
    "at",
    "event.id",
    "event.at",
    "event.amount",
    "customer.region",
    "region",
    "id",
    "known_since",
    "name",
    "birthday",
    "joined",
    "origin",
    "opted_out",
    "capability",
    "revenue",
    "orders",
    "last_order",
    "usual_status",
    "order_gap",
    "value_rank",
    "pyramid",
    "pyramid.data.visits",
    "lapsing",
    "lapsing.data.tone",
    "buyer",
    "selection",
    "selection.data.strategy",
    "first",
    "last",
    "mode",
    "distinct",
    "min",
    "max",
    "median",
    "sum",
    "mean",
    "count",
    "days_since_last",
    "mean_gap_days",
    "this_month",
    "this_quarter",
    "touch",
    "staff_left",
    "complaint",
    "ticket",
    "action",
    "1",
    "0.5",
    "true",
];

/// Puts some tables to sleep.
fn disable(text: &str, random: &mut Seeded) -> String {
    let headers: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with('[') && line.matches('.').count() == 1 && !line.contains("customer"))
        .collect();
    (0..=random.below(3)).fold(text.to_owned(), |text, _| {
        let header = headers[random.below(headers.len())];
        text.replacen(&format!("{header}\n"), &format!("{header}\nenabled = false\n"), 1)
    })
}

#[test]
fn a_policy_with_sleeping_tables_is_refused_or_runs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/rich/policy.toml");
    let text = fs::read_to_string(path).unwrap();
    let before = loaded(&text).unwrap();
    let mut ran = 0;
    for seed in 0..100 {
        let edited = disable(&text, &mut Seeded(seed));
        if let Some(policy) = loaded(&edited) {
            run(Some(&before), &policy, seed, &edited);
            ran += 1;
        }
    }
    assert!(ran > 5, "only {ran} sets loaded");
}

#[test]
fn a_policy_with_swapped_words_is_refused_or_runs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/rich/policy.toml");
    let text = fs::read_to_string(path).unwrap();
    let before = loaded(&text).unwrap();
    let mut ran = 0;
    for seed in 0..300 {
        let mutated = swap_tokens(&text, &mut Seeded(seed));
        if let Some(policy) = loaded(&mutated) {
            run(Some(&before), &policy, seed, &mutated);
            ran += 1;
        }
    }
    assert!(ran > 30, "only {ran} sets loaded");
}

const WORLD: &str = r#"
[settings]
timezone = "Europe/Berlin"
[customer.fields]
n = "number"
word = "text"
flag = "bool"
day = "date"
instant = "time"
pick = { type = "choice", of = ["a", "b"], default = "a" }
[event.order.fields]
amount = "number"
note = "text"
gift = "bool"
ships = "date"
paid = "time"
kind = { type = "choice", of = ["b", "c"] }
[event.holiday]
everyone = true
[event.holiday.fields]
amount = "number"
[metric.total]
event = "order"
take = "sum"
of = 'amount'
[segment.seg]
when = 'n > 0'
data = { tone = "warm", weight = 3 }
[tier.level]
levels = [{ name = "top", when = 'n > 100', data = { day = 2026-01-01 } }, { name = "rest" }]
[quadrant.quad]
x = { value = 'n', split = "median" }
y = { value = 'total', split = 1 }
top_right = { name = "tr" }
bottom_right = { name = "br" }
top_left = { name = "tl", data = { ok = true } }
bottom_left = { name = "bl" }
[channel.out.file]
path = "out.csv"
format = "jsonl"
[action.act]
channel = "out"
payload = { all = "{{ n }} {{ word }} {{ flag }} {{ day }} {{ instant }} {{ pick }} {{ total }} {{ seg }} {{ level.title }} {{ quad }}" }
[trigger.fires]
when = 'n > 0'
backlog = "fire"
actions = ["act"]
"#;

const BY_TYPE: [(&str, &[&str]); 6] = [
    ("number", &["n", "total", "seg.data.weight", "1", "0", "2.5", "-7", "1e308"]),
    ("text", &["word", "id", "\"north\"", "\"\"", "seg.data.tone", "level", "quad"]),
    ("bool", &["flag", "seg", "true", "false", "quad.data.ok", "previous(seg)", "at_least(level, \"top\")"]),
    ("date", &["day", "level.data.day", "today()", "date(\"2024-02-29\")"]),
    ("time", &["instant", "now()", "known_since", "since(level)", "since(seg)"]),
    ("choice", &["pick", "level", "quad", "previous(level)", "previous(quad)", "\"a\"", "\"tl\""]),
];

const OVER_EVENT: [(&str, &[&str]); 6] = [
    ("number", &["amount", "event.amount"]),
    ("text", &["note", "event.id", "event.note"]),
    ("bool", &["gift"]),
    ("date", &["ships"]),
    ("time", &["at", "paid", "event.at"]),
    ("choice", &["kind", "event.kind"]),
];

/// An expression that may well be of a type; now and then it isn't.
fn expression(ty: usize, depth: usize, over_event: bool, random: &mut Seeded) -> String {
    let ty = if random.below(40) == 0 { random.below(6) } else { ty };
    if depth == 0 || random.below(4) == 0 {
        let own = over_event && random.below(2) == 0;
        return random.one(if own { OVER_EVENT[ty].1 } else { BY_TYPE[ty].1 }).to_owned();
    }
    let mut of = |ty: usize| expression(ty, depth - 1, over_event, random);
    let [same, other] = [of(ty), of(ty)];
    let [number, text, flag, day, instant] = [of(0), of(1), of(2), of(3), of(4)];
    let any = random.below(6);
    let [left, right] =
        [expression(any, depth - 1, over_event, random), expression(any, depth - 1, over_event, random)];
    match random.below(8) {
        0 => return format!("(if {flag} {{ {same} }} else {{ {other} }})"),
        1 => return format!("({same} ?? {other})"),
        _ => {}
    }
    let compare = random.one(&["<", "<=", ">", ">=", "==", "!="]);
    let unary = random.one(&["abs", "round", "floor", "ceil", "sqrt", "ln", "exp", "-"]);
    let logic = random.one(&["&&", "||"]);
    let sign = random.one(&["+", "-", "*", "/", "%", "**"]);
    let civil = random.one(&["year", "month", "weekday", "days_since", "hours_since", "days_until"]);
    let of_time = random.one(&["hour", "year", "day", "days_since"]);
    let of_texts = random.one(&["contains", "starts_with", "ends_with"]);
    let of_text = random.one(&["lower", "upper", "trim"]);
    let forms: Vec<String> = match ty {
        0 => vec![
            format!("({same} {sign} {other})"),
            format!("{unary}({same})"),
            format!("min({same}, {other}, {number})"),
            format!("max({left}, {right})"),
            format!("clamp({same}, {other}, {number})"),
            format!("pow({same}, {other})"),
            format!("round({same}, {other})"),
            format!("{civil}({day})"),
            format!("{of_time}({instant})"),
            format!("age({day})"),
            format!("len({text})"),
            format!("number({text})"),
            format!("count_known({left}, {right}, {text})"),
            format!("({day} - {day})"),
            format!("({instant} - {instant})"),
            format!("bucket({text})"),
            "bucket(\"salt\")".to_owned(),
        ],
        1 => {
            vec![format!("{of_text}({same})"), format!("({same} + {other})"), format!("min({same}, {other})")]
        }
        2 => vec![
            format!("({left} {compare} {right})"),
            format!("({same} {logic} {other})"),
            format!("!{same}"),
            format!("{left} in [{right}, {left}]"),
            format!("{of_texts}({text}, {text})"),
            format!("is_known({left})"),
            format!("is_missing({left})"),
        ],
        3 => vec![
            format!("({same} + {number})"),
            format!("({same} - {number})"),
            format!("max({same}, {other})"),
        ],
        4 => vec![
            format!("({same} + {number})"),
            format!("({same} - {number})"),
            format!("min({same}, {other})"),
        ],
        _ => vec![same],
    };
    forms[random.below(forms.len())].clone()
}

/// A table with expressions of chance in every place where one may stand.
fn table(random: &mut Seeded) -> String {
    let mut of = |ty: usize, over_event: bool| expression(ty, 3, over_event, random).replace('\'', "");
    let [condition, other, number, anything] = [of(2, false), of(2, false), of(0, false), of(1, false)];
    let (filter, amount, any_type) = (of(2, true), of(0, true), of(3, true));
    let any = random.below(6);
    let mixed = expression(any, 3, true, random);
    let score = expression(random.below(6), 3, false, random);
    let kind = random.one(&["order", "order", "holiday", "touch"]);
    let take = random.one(&["sum", "mean", "min", "max", "median"]);
    let pick = random.one(&["first", "last", "mode", "distinct", "min", "max"]);
    let window = random.one(&[
        "",
        "within = \"30d\"",
        "within = \"this_month\"\nbefore = \"1mo\"",
        "within = \"this_quarter\"",
    ]);
    match random.below(9) {
        0 => format!(
            "[metric.made]\nevent = \"{kind}\"\ntake = \"{take}\"\nof = '{amount}'\nwhere = '{filter}'\n{window}"
        ),
        1 => format!("[metric.made]\nevent = \"{kind}\"\ntake = \"{pick}\"\nof = '{mixed}'\n{window}"),
        2 => format!(
            "[metric.made]\nevent = \"{kind}\"\ntake = \"{pick}\"\nof = '{any_type}'\nwhere = '{filter}'"
        ),
        3 => format!("[score.made]\nvalue = '{score}'\n[segment.used]\nwhen = 'is_known(made)'"),
        4 => format!("[score.made]\nrank = '{number}'\namong = '{condition}'"),
        5 => format!(
            "[segment.made]\nwhen = '{condition}'\nleave_when = '{other}'\nbest = {{ count = 2, by = '{number}' }}\nenter_after = \"2d\""
        ),
        6 => format!(
            "[tier.made]\nby = '{number}'\namong = '{condition}'\nfall_after = \"1mo\"\nlevels = [{{ name = \"x\", top = \"20%\", when = '{other}' }}, {{ name = \"y\", holds = \"90%\" }}]"
        ),
        7 => format!(
            "[quadrant.made]\nx = {{ value = '{number}', split = \"top 20%\", margin = 0.1 }}\ny = {{ value = 'n', split = \"mean\" }}\ntop_right = {{ name = \"a\" }}\nbottom_right = {{ name = \"b\" }}\ntop_left = {{ name = \"c\" }}\nbottom_left = {{ name = \"d\" }}"
        ),
        _ => format!(
            "[action.made]\nchannel = \"out\"\npriority = '{number}'\npayload = {{ all = \"{{{{ total }}}}\" }}\n[trigger.made]\nwhen = '{condition}'\naudience = '{other}'\nbacklog = \"fire\"\nactions = [\"made\"]\n[score.text]\nvalue = '{anything}'"
        ),
    }
}

#[test]
fn a_set_with_expressions_of_chance_is_refused_or_runs() {
    let mut ran = 0;
    for seed in 0..600 {
        let text = format!("{WORLD}{}", table(&mut Seeded(seed)));
        if let Some(policy) = loaded(&text) {
            let decided = run(None, &policy, seed, &text);
            if seed % 8 == 0 {
                assert_eq!(decided, run(None, &policy, seed, &text), "the same facts decide the same");
            }
            ran += 1;
        }
    }
    assert!(ran > 100, "only {ran} sets loaded");
}
