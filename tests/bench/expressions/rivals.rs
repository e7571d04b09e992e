//! The same rules through other evaluators of expressions, one customer after the other. Each keeps
//! its compiled rules and its scope; a customer's attributes are put in, then every rule runs.

use std::sync::Arc;

use cel::{Context, Program, Value};
use rhai::{AST, Dynamic, Engine, OptimizationLevel, Scope};
use zen_expression::variable::Variable;
use zen_expression::vm::VM;

use super::data::{Data, WORDS};
use super::rules::{Language, Rule};

/// Evaluates rules over single customers.
pub(crate) trait Rival {
    /// The rules that hold, as bits.
    fn customer(&mut self, data: &Data, row: usize) -> u64;
}

fn bits(rules: impl Iterator<Item = bool>) -> u64 {
    rules.enumerate().fold(0, |mask, (index, holds)| mask | u64::from(holds) << index)
}

/// Names of all attributes in the order of [`Data`].
fn names() -> Vec<String> {
    let data = Data::default();
    let of = |letter: &'static str, count: usize| (0..count).map(move |column| format!("{letter}{column}"));
    of("n", data.numbers.len()).chain(of("f", data.flags.len())).chain(of("c", data.choices.len())).collect()
}

/// A customer's attributes in the order of [`names`].
fn attributes<'a, T: 'a>(
    data: &'a Data,
    row: usize,
    number: impl Fn(Option<f64>) -> T + 'a,
    flag: impl Fn(Option<bool>) -> T + 'a,
    word: impl Fn(Option<usize>) -> T + 'a,
) -> impl Iterator<Item = T> + 'a {
    let numbers = data.numbers.iter().map(move |column| number(column.get(row)));
    let flags = data.flags.iter().map(move |column| flag(column.get(row)));
    let choices = data.choices.iter().map(move |column| word(column.get(row).map(|code| code as usize)));
    numbers.chain(flags).chain(choices)
}

/// Rhai walks the compiled tree of each rule; a missing value is `()`, whose comparisons give what
/// the policy language wants.
#[derive(Debug)]
pub(crate) struct ByRhai {
    engine: Engine,
    scope: Scope<'static>,
    names: Vec<String>,
    words: Vec<rhai::ImmutableString>,
    rules: Vec<AST>,
}

impl ByRhai {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut engine = Engine::new();
        engine.set_optimization_level(OptimizationLevel::Simple);
        let compile =
            |rule: &Rule| engine.compile_expression(rule.written(Language::Rhai)).expect("Rhai compiles");
        let rules = rules.iter().map(compile).collect();
        let names = names();
        let mut scope = Scope::new();
        for name in &names {
            scope.push_dynamic(name.clone(), Dynamic::UNIT);
        }
        Self { engine, scope, names, words: WORDS.map(Into::into).to_vec(), rules }
    }
}

impl Rival for ByRhai {
    fn customer(&mut self, data: &Data, row: usize) -> u64 {
        let number = |number: Option<f64>| number.map_or(Dynamic::UNIT, Dynamic::from_float);
        let flag = |flag: Option<bool>| flag.map_or(Dynamic::UNIT, Dynamic::from_bool);
        let word = |word: Option<usize>| word.map_or(Dynamic::UNIT, |word| self.words[word].clone().into());
        for (name, value) in self.names.iter().zip(attributes(data, row, number, flag, word)) {
            *self.scope.get_mut(name).expect("the name is in scope") = value;
        }
        let (engine, scope) = (&self.engine, &mut self.scope);
        bits(self.rules.iter().map(|rule| engine.eval_ast_with_scope(scope, rule).expect("Rhai evaluates")))
    }
}

/// zen-expression runs each rule's bytecode; a missing value is null.
#[derive(Debug)]
pub(crate) struct ByZen {
    machine: VM,
    scope: zen_expression::Scope,
    names: Vec<String>,
    words: Vec<Variable>,
    rules: Vec<zen_expression::Expression<zen_expression::expression::Standard>>,
}

impl ByZen {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let compile = |rule: &Rule| {
            zen_expression::compile_expression(&rule.written(Language::Zen)).expect("zen compiles")
        };
        let words = WORDS.map(|word| Variable::String(word.into())).to_vec();
        let scope = zen_expression::Scope::new(Variable::empty_object());
        Self { machine: VM::new(), scope, names: names(), words, rules: rules.iter().map(compile).collect() }
    }
}

impl Rival for ByZen {
    fn customer(&mut self, data: &Data, row: usize) -> u64 {
        let number = |number: Option<f64>| {
            number.map_or(Variable::Null, |number| Variable::Number((number as i64).into()))
        };
        let flag = |flag: Option<bool>| flag.map_or(Variable::Null, Variable::Bool);
        let word = |word: Option<usize>| word.map_or(Variable::Null, |word| self.words[word].clone());
        for (name, value) in self.names.iter().zip(attributes(data, row, number, flag, word)) {
            self.scope.base().dot_insert(name, value);
        }
        let (scope, machine) = (&self.scope, &mut self.machine);
        bits(self.rules.iter().map(|rule| {
            let holds = rule.evaluate_with_scope(scope, machine).expect("zen evaluates");
            matches!(holds, Variable::Bool(true))
        }))
    }
}

/// cel walks the compiled tree of each rule; a missing value is null.
pub(crate) struct ByCel {
    scope: Context<'static, 'static>,
    names: Vec<String>,
    words: Vec<Arc<String>>,
    rules: Vec<Program>,
}

impl ByCel {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let compile = |rule: &Rule| Program::compile(&rule.written(Language::Cel)).expect("cel compiles");
        let words = WORDS.map(|word| Arc::new(word.to_owned())).to_vec();
        Self { scope: Context::default(), names: names(), words, rules: rules.iter().map(compile).collect() }
    }
}

impl Rival for ByCel {
    fn customer(&mut self, data: &Data, row: usize) -> u64 {
        let number = |number: Option<f64>| number.map_or(Value::Null, Value::Float);
        let flag = |flag: Option<bool>| flag.map_or(Value::Null, Value::Bool);
        let word =
            |word: Option<usize>| word.map_or(Value::Null, |word| Value::String(self.words[word].clone()));
        for (name, value) in self.names.iter().zip(attributes(data, row, number, flag, word)) {
            self.scope.add_variable_from_value(name.as_str(), value);
        }
        bits(self.rules.iter().map(|rule| {
            let holds = rule.execute(&self.scope).expect("cel evaluates");
            matches!(holds, Value::Bool(true))
        }))
    }
}
