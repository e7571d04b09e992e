//! Seeded rules, written down in the language of everyone who evaluates them.

use super::data::{CHOICES, FLAGS, NUMBERS, Random, WORDS};

/// The seed of the rules.
const SEED: u64 = 9;
/// Rules draw from so many comparisons, so that they share some.
const COMPARISONS: usize = 150;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Comparison {
    /// Number column, operator, constant.
    Number(usize, &'static str, usize),
    /// The column is true.
    Flag(usize),
    /// Choice column, `==` or `!=`, word.
    Choice(usize, &'static str, usize),
    /// Choice column, either word.
    In(usize, usize, usize),
}

/// Comparisons that must all hold, and of the last two either one if `or`.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) parts: Vec<Comparison>,
    pub(crate) or: bool,
}

/// Who reads a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Guanxi,
    Rhai,
    Zen,
    Cel,
    /// The names of the loop's own local truths.
    Rust,
}

/// The first so many of the seeded rules.
pub(crate) fn rules(count: usize) -> Vec<Rule> {
    let mut random = Random(SEED);
    let pool: Vec<Comparison> = (0..COMPARISONS).map(|_| comparison(&mut random)).collect();
    let mut rule = |_| {
        let length = [2, 3, 3, 3, 4, 4, 5, 3][random.below(8)];
        let parts: Vec<_> = (0..length).map(|_| pool[random.below(pool.len())].clone()).collect();
        Rule { parts, or: length > 2 && random.below(2) == 0 }
    };
    (0..count).map(&mut rule).collect()
}

/// The comparisons of the rules, each once.
pub(crate) fn distinct(rules: &[Rule]) -> Vec<Comparison> {
    let mut known: Vec<Comparison> = Vec::new();
    for part in rules.iter().flat_map(|rule| &rule.parts) {
        if !known.contains(part) {
            known.push(part.clone());
        }
    }
    known
}

fn comparison(random: &mut Random) -> Comparison {
    match random.below(12) {
        0 => Comparison::Flag(random.below(FLAGS)),
        1 => {
            let operator = ["==", "!="][random.below(2)];
            Comparison::Choice(random.below(CHOICES), operator, random.below(WORDS.len()))
        }
        2 => {
            let first = random.below(WORDS.len());
            let second = (first + 1 + random.below(WORDS.len() - 1)) % WORDS.len();
            Comparison::In(random.below(CHOICES), first, second)
        }
        _ => {
            let operator = ["<", "<=", ">", ">="][random.below(4)];
            Comparison::Number(random.below(NUMBERS), operator, 100 + 50 * random.below(17))
        }
    }
}

impl Comparison {
    pub(crate) fn text(&self, language: Language) -> String {
        use Language::{Cel, Guanxi, Rhai, Rust, Zen};
        match (language, self) {
            // A missing operand is an error to zen and cel, so it is asked for first.
            (Zen, Self::Number(column, operator, constant)) => {
                format!("(n{column} != null and n{column} {operator} {constant})")
            }
            (Cel, Self::Number(column, operator, constant)) => {
                format!("(n{column} != null && n{column} {operator} {constant}.0)")
            }
            (Rust, Self::Number(column, operator, constant)) => {
                format!("(n{column}[row] {operator} {constant}.0) & nv{column}[row]")
            }
            (_, Self::Number(column, operator, constant)) => format!("n{column} {operator} {constant}.0"),
            (Guanxi, Self::Flag(column)) => format!("f{column}"),
            (Rust, Self::Flag(column)) => format!("f{column}[row] & fv{column}[row]"),
            // Nothing is not a truth value to the others.
            (Rhai | Zen | Cel, Self::Flag(column)) => format!("f{column} == true"),
            (Rust, Self::Choice(column, "==", word)) => {
                format!("(c{column}[row] == {word}) & cv{column}[row]")
            }
            (Rust, Self::Choice(column, _, word)) => format!("(c{column}[row] != {word}) | !cv{column}[row]"),
            (_, Self::Choice(column, operator, word)) => {
                format!("c{column} {operator} \"{}\"", WORDS[*word])
            }
            (Rust, Self::In(column, first, second)) => {
                format!("((c{column}[row] == {first}) | (c{column}[row] == {second})) & cv{column}[row]")
            }
            (_, Self::In(column, first, second)) => {
                format!("c{column} in [\"{}\", \"{}\"]", WORDS[*first], WORDS[*second])
            }
        }
    }
}

impl Rule {
    /// The rule, its comparisons written by `part`.
    pub(crate) fn text(&self, language: Language, part: impl Fn(&Comparison) -> String) -> String {
        let (and, or) = match language {
            Language::Zen => (" and ", " or "),
            Language::Rust => (" & ", " | "),
            _ => (" && ", " || "),
        };
        let parts: Vec<String> = self.parts.iter().map(part).collect();
        match parts.as_slice() {
            [all @ .., first, second] if self.or => {
                format!("{}{and}({first}{or}{second})", all.join(and))
            }
            all => all.join(and),
        }
    }

    pub(crate) fn written(&self, language: Language) -> String {
        self.text(language, |part| part.text(language))
    }
}
