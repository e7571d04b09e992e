//! Scripts: what they can't do, what they are given and give, and that they end.

mod border;
mod chance;
mod confined;

use super::{Failure, Flaw, Function, Parameter, Remembered, Script, meaning};
use crate::model::{Type, Value};
use crate::policy::compiled::About;

fn read(text: &str) -> Result<Script, Flaw> {
    Script::read("test.rhai", text)
}

fn function(text: &str, takes: &[Type], returns: Type) -> Function {
    let script = read(text).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}"));
    assert!(script.arities("f").contains(&takes.len()), "{text}");
    Function {
        name: "f".into(),
        about: About::default(),
        index: 0,
        parameters: takes.iter().map(|ty| Parameter { name: "x".into(), ty: ty.clone() }).collect(),
        returns,
        version: "".into(),
        entry: "f".into(),
        script,
        remembered: Remembered::default(),
    }
}

/// Calls `fn f()`, which gives a number.
fn run(text: &str) -> Result<Option<Value>, Failure> {
    function(text, &[], Type::Number).call(std::iter::empty())
}

fn failure(text: &str) -> String {
    match run(text) {
        Err(failure) => failure.message,
        Ok(value) => panic!("{text} gave {value:?}"),
    }
}

fn refusal(text: &str) -> String {
    match read(text) {
        Err(flaw) => flaw.message,
        Ok(_) => panic!("{text} was taken"),
    }
}

/// Refused when read, or else fails when called.
fn is_stopped(text: &str) {
    if let Ok(script) = read(text) {
        assert!(script.arities("f").contains(&0), "{text}");
        failure(text);
    }
}
