//! A declared function: its types, and one call of it.

use std::fmt;
use std::sync::Arc;

use rhai::{CallFnOptions, Dynamic, EvalAltResult, ImmutableString, Scope};

use super::engine::{ENGINE, LIMITS, begin};
use super::remembered::{Argument, Arguments, Remembered};
use super::source::Script;
use crate::model::{Date, Timestamp, Type, Value};
use crate::policy::compiled::About;

/// `[function.NAME]`.
#[derive(Clone)]
pub struct Function {
    /// As called in expressions.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Its place in [`Compiled::functions`](crate::policy::Compiled::functions).
    pub index: usize,
    /// What it takes, in order.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub returns: Type,
    /// Hash over its declaration and its script, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// The function's name in the script.
    pub(crate) entry: Arc<str>,
    pub(crate) script: Script,
    pub(crate) remembered: Remembered,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// As declared.
    pub name: Arc<str>,
    /// What it takes; text takes choices as well.
    pub ty: Type,
}

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong and where in the script.
    pub message: String,
}

/// Longest message kept of a failure, characters.
const LONGEST_MESSAGE: usize = 200;

impl Function {
    /// How it is called: `capability_fit(industry, distance_km)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| &*parameter.name).collect();
        format!("{}({})", self.name, names.join(", "))
    }

    /// Calls it with known arguments of its types. `None`: the script gave `()` or a number that is
    /// not finite.
    ///
    /// # Errors
    /// The script failed, passed a limit or gave another type.
    pub fn call(&self, arguments: impl Iterator<Item = Value>) -> Result<Option<Value>, Failure> {
        let arguments: Vec<Value> = arguments.collect();
        let key: Arguments = arguments.iter().map(Argument::from).collect();
        if let Some(given) = self.remembered.get(&key) {
            return Ok(given);
        }
        let given = self.run(arguments)?;
        self.remembered.keep(key, given.clone());
        Ok(given)
    }

    /// As [`Function::call`], run whatever is remembered.
    pub(super) fn run(&self, arguments: Vec<Value>) -> Result<Option<Value>, Failure> {
        let arguments: Vec<Dynamic> = arguments.into_iter().map(to_script).collect();
        begin();
        let options = CallFnOptions::new().eval_ast(false);
        let tree = &*self.script.tree;
        let result =
            ENGINE.call_fn_with_options::<Dynamic>(options, &mut Scope::new(), tree, &*self.entry, arguments);
        match result {
            Ok(given) => from_script(&given, &self.returns)
                .map_err(|message| Failure::new(format!("{}: {message}", self.script.file))),
            Err(error) => Err(Failure::new(explain(error, &self.script.file))),
        }
    }
}

impl Failure {
    fn new(message: String) -> Self {
        let message = match message.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
            None => message,
        };
        Self { message }
    }
}

/// What it is and does by its version, whatever stands beside it.
impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Function")
            .field("name", &self.name)
            .field("parameters", &self.parameters)
            .field("returns", &self.returns)
            .field("version", &self.version)
            .field("file", &self.script.file)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

fn to_script(value: Value) -> Dynamic {
    match value {
        Value::Number(number) => Dynamic::from_float(number),
        Value::Text(text) => Dynamic::from(ImmutableString::from(&*text)),
        Value::Bool(flag) => Dynamic::from_bool(flag),
        Value::Date(_) | Value::Time(_) => Dynamic::from(value.to_string()),
    }
}

fn from_script(given: &Dynamic, wanted: &Type) -> Result<Option<Value>, String> {
    if given.is_unit() {
        return Ok(None);
    }
    let text = || given.clone().into_immutable_string().ok();
    let value = match wanted {
        Type::Number => {
            let number = given.as_float().or_else(|_| given.as_int().map(|whole| whole as f64));
            match number {
                Ok(number) => return Ok(Value::number(number)),
                Err(_) => None,
            }
        }
        Type::Bool => given.as_bool().ok().map(Value::Bool),
        Type::Text | Type::Choice(_) => {
            let character = given.as_char().ok().map(String::from);
            character.or_else(|| text().map(String::from)).map(Value::text)
        }
        Type::Date => text().map(|text| day(&text)).transpose()?,
        Type::Time => text().map(|text| instant(&text)).transpose()?,
    };
    let Some(value) = value else {
        return Err(format!("it gave {}, but {wanted} is declared", kind(given)));
    };
    Ok(Some(value))
}

fn day(text: &str) -> Result<Value, String> {
    let day = Date::parse(text).filter(|_| text.len() == 10);
    day.map(Value::Date).ok_or_else(|| format!("it gave \"{text}\", which is no date as in \"2027-01-31\""))
}

fn instant(text: &str) -> Result<Value, String> {
    let instant = Timestamp::parse_rfc3339(text);
    instant
        .map(Value::Time)
        .ok_or_else(|| format!("it gave \"{text}\", which is no time as in \"2027-01-31T09:00:00Z\""))
}

/// What a script gave, as authors of scripts say it.
fn kind(given: &Dynamic) -> &'static str {
    match given.type_name() {
        "i64" | "f64" => "a number",
        "bool" => "true or false",
        "string" => "text",
        "char" => "a character",
        "array" => "an array",
        "map" => "a map",
        _ => "something else",
    }
}

/// `fit.rhai, line 3: Division by zero`.
fn explain(error: Box<EvalAltResult>, file: &str) -> String {
    let mut inner = error;
    let mut at = inner.position();
    while let EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) = *inner {
        inner = deeper;
        at = if inner.position().is_none() { at } else { inner.position() };
    }
    inner.clear_position();
    let what = match *inner {
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(_) => {
            format!("Too many operations: more than {}", LIMITS.operations)
        }
        other => other.to_string(),
    };
    match at.line() {
        Some(line) => format!("{file}, line {line}: {what}"),
        None => format!("{file}: {what}"),
    }
}
