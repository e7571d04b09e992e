//! What `policies/README.md` claims: a row for each system, with the tables that implement it and the tests that prove it.

use crate::shipped::Shipped;

/// The systems, and how many each theme has.
const THEMES: [(char, usize); 4] = [('A', 8), ('B', 11), ('C', 10), ('D', 6)];

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) file: String,
    /// As `kind.name`.
    pub(crate) tables: Vec<String>,
    /// By name, and the file where it is not the one beside `file`: `a good customer is called (guards.test.toml)`.
    pub(crate) tests: Vec<String>,
}

/// The table as it is shipped.
pub(crate) fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/README.md")).unwrap()
}

/// The rows of the table of systems.
pub(crate) fn claims(readme: &str) -> Vec<Claim> {
    let (_, table) =
        readme.split_once("| id | system | file | tables | tests |\n").expect("the table is there");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _, file, tables, tests] = *cells else { panic!("a row has other columns: {row}") };
        let list =
            |cell: &str, between| cell.split(between).map(|item: &str| item.trim().to_owned()).collect();
        Claim { id: id.to_owned(), file: file.to_owned(), tables: list(tables, ','), tests: list(tests, ';') }
    })
    .collect()
}

/// What is not as claimed, a line each; `decisions` says how often a table decided.
pub(crate) fn problems(claims: &[Claim], shipped: &Shipped, decisions: &dyn Fn(&str) -> u64) -> Vec<String> {
    let mut problems = missing(claims);
    for claim in claims {
        let id = &claim.id;
        if !shipped.files.policies.contains_key(&claim.file) {
            problems.push(format!("{id}: {} is no shipped file", claim.file));
        }
        for table in &claim.tables {
            problems.extend(about_table(shipped, claim, table).map(|problem| format!("{id}: {problem}")));
            if decisions(table) == 0 {
                problems.push(format!("{id}: {table} decided nothing"));
            }
        }
        problems.extend(claim.tests.iter().filter_map(|test| about_test(shipped, claim, test)));
    }
    problems
}

/// Systems that have no row, or not one of their own.
fn missing(claims: &[Claim]) -> Vec<String> {
    let systems =
        THEMES.iter().flat_map(|&(theme, count)| (1..=count).map(move |number| format!("{theme}{number}")));
    let expected: Vec<String> = systems.collect();
    let rows = |id: &String| claims.iter().filter(|claim| claim.id == *id).count();
    let wrong = expected.iter().filter(|id| rows(id) != 1).map(|id| format!("{id} has {} rows", rows(id)));
    let unknown = claims.iter().filter(|claim| !expected.contains(&claim.id));
    wrong.chain(unknown.map(|claim| format!("{} is no system", claim.id))).collect()
}

fn about_table(shipped: &Shipped, claim: &Claim, table: &str) -> Option<String> {
    match shipped.file_of(table) {
        None => Some(format!("{table} is no shipped table")),
        Some(file) if file != claim.file => Some(format!("{table} stands in {file}, not in {}", claim.file)),
        Some(_) if !shipped.is_compiled(table) => Some(format!("{table} is switched off")),
        Some(_) => None,
    }
}

fn about_test(shipped: &Shipped, claim: &Claim, test: &str) -> Option<String> {
    let elsewhere = test.strip_suffix(".test.toml)").and_then(|test| test.rsplit_once(" ("));
    let (test, file) = match elsewhere {
        Some((test, file)) => (test, format!("{file}.test.toml")),
        None => (test, claim.file.replace(".toml", ".test.toml")),
    };
    match shipped.passed(&file, test) {
        None => Some(format!("{}: {file} has no test `{test}`", claim.id)),
        Some(false) => Some(format!("{}: the test `{test}` fails", claim.id)),
        Some(true) => None,
    }
}
