//! `[function.NAME]`: a function from a script, with the types it takes and gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{about, field};
use crate::model::Type;
use crate::policy::codes;
use crate::policy::expression::is_function;
use crate::policy::files::Files;
use crate::policy::names::KnownFunction;
use crate::policy::raw::{At, Content, Declared, Form, Key, MapKeys, Place, Reader, Sink, Table, key, takes};
use crate::policy::script::{Flaw, Function, Parameter, Remembered, Script, meaning};
use crate::policy::version;

/// Keys of `[function.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("script", takes("text", Form::Word), "The file under the scripts folder, as in \"fit.rhai\".")
        .needed(),
    key("name", takes("text", Form::Word), "The function in the script. Default the name of the table."),
    key(
        "takes",
        takes("table", Form::Map(MapKeys::Any, &Form::Words(field::PLAIN_TYPES))),
        "Per parameter its type, in the order of the script's: number, text (choices too), bool, date or time. Default none.",
    ),
    key(
        "returns",
        takes("number, text, bool, date or time", Form::Words(field::PLAIN_TYPES)),
        "What it gives.",
    )
    .needed(),
];

/// Reads and checks all functions: those that count by name, then the others.
pub(crate) fn check(declared: &Declared, files: &Files, sink: &Sink<'_>) -> Vec<KnownFunction> {
    let mut scripts = Scripts { files, sink, read: BTreeMap::new() };
    let tables = declared.get("function").into_iter().flatten();
    let mut functions: Vec<KnownFunction> =
        tables.map(|(name, table)| check_one(name, table, &mut scripts)).collect();
    functions.sort_by_key(|function| !function.enabled);
    for (index, known) in functions.iter_mut().enumerate() {
        known.function =
            known.function.take().map(|function| Arc::new(Function { index, ..function_of(function) }));
    }
    functions
}

fn function_of(shared: Arc<Function>) -> Function {
    Arc::unwrap_or_clone(shared)
}

/// The scripts that functions name, each read once.
struct Scripts<'a> {
    files: &'a Files,
    sink: &'a Sink<'a>,
    read: BTreeMap<String, Option<Script>>,
}

impl Scripts<'_> {
    /// The script of a file; why there is none is reported at the function that names it first, or in it.
    fn get(&mut self, file: &At<String>) -> Option<Script> {
        if let Some(known) = self.read.get(&file.value) {
            return known.clone();
        }
        let script = self.read_one(file);
        self.read.insert(file.value.clone(), script.clone());
        script
    }

    fn read_one(&self, file: &At<String>) -> Option<Script> {
        let Some(text) = self.files.scripts.get(&file.value) else {
            let names: Vec<&str> = self.files.scripts.keys().map(String::as_str).collect();
            let report = self.sink.problem(
                &codes::script::NO_SCRIPT,
                &file.place,
                format!("there is no script `{}`", file.value),
            );
            let report = if names.is_empty() {
                report.help("put it under the scripts folder")
            } else {
                report.nearest(&file.value, &names, true)
            };
            report.report();
            return None;
        };
        Script::read(&file.value, text)
            .map_err(|Flaw { span, message, help }| {
                let place = Place { file: file.value.as_str().into(), start: span.start, end: span.end };
                self.sink.problem(&codes::script::SCRIPT, &place, message).help(help).report();
            })
            .ok()
    }
}

fn check_one(name: &str, table: &At<Table>, scripts: &mut Scripts<'_>) -> KnownFunction {
    let sink = scripts.sink;
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let file = reader.required("script", reader.word("script"));
    let entry = reader.word("name");
    let parameters = parameters(&reader);
    let returns = reader.required("returns", reader.word("returns"));
    let returns = returns.and_then(|word| type_of(&word.value, &word.place, sink));
    let is_taken = is_function(name);
    if is_taken {
        sink.problem(
            &codes::script::TAKEN,
            &table.place,
            format!("the language has a function `{name}` of its own"),
        )
        .help("choose another name; `name` says which function of the script is meant")
        .report();
    }
    let script = file.as_ref().and_then(|file| scripts.get(file));
    let named = entry.as_ref().map_or(name, |entry| entry.value.as_str());
    if let (Some(script), Some(parameters)) = (&script, &parameters) {
        let place = entry.as_ref().or(file.as_ref()).map_or(&table.place, |text| &text.place);
        check_entry(script, named, parameters, place, sink);
    }
    let version = file.as_ref().and_then(|file| scripts.files.scripts.get(&file.value)).map(|text| {
        version::with_uses(&version::of_function(&table.value), [("script", meaning(text).as_str())])
    });
    let function = match (script, parameters, returns, version) {
        (Some(script), Some(parameters), Some(returns), Some(version)) if !is_taken => Some(Function {
            name: name.into(),
            about: head.about,
            index: 0,
            parameters,
            returns,
            version,
            entry: named.into(),
            script,
            remembered: Remembered::default(),
        }),
        _ => None,
    };
    KnownFunction { name: name.into(), enabled: head.enabled, function: function.map(Arc::new) }
}

fn parameters(reader: &Reader<'_>) -> Option<Vec<Parameter>> {
    if reader.entry("takes").is_none() {
        return Some(Vec::new());
    }
    let (_, table) = reader.plain_table("takes")?;
    let parameters = table.entries.iter().map(|entry| {
        let Content::Text(word) = &entry.node.content else {
            let message = format!(
                "the type of `{}` must be text in quotes, not {}",
                entry.key.value,
                entry.node.content.description()
            );
            reader.sink.problem(&codes::table::WRONG_TYPE, &entry.node.place, message).report();
            return None;
        };
        let ty = type_of(word, &entry.node.place, reader.sink)?;
        Some(Parameter { name: entry.key.value.as_str().into(), ty })
    });
    // All are checked before any is missed.
    let parameters: Vec<Option<Parameter>> = parameters.collect();
    parameters.into_iter().collect()
}

/// A type that crosses the border to a script.
fn type_of(word: &str, place: &Place, sink: &Sink<'_>) -> Option<Type> {
    if word == "choice" {
        sink.problem(&codes::table::NOT_A_WORD, place, "a script knows no choices")
            .help("write \"text\": it takes choices as well")
            .suggest(Some("\"text\""))
            .report();
        return None;
    }
    field::plain_type(word, place, sink)
}

fn check_entry(script: &Script, name: &str, parameters: &[Parameter], place: &Place, sink: &Sink<'_>) {
    let arities = script.arities(name);
    let taken = parameters.len();
    if arities.contains(&taken) {
        return;
    }
    let file = &script.file;
    if arities.is_empty() {
        let names = script.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        sink.problem(&codes::script::NO_FUNCTION, place, format!("`{file}` has no function `{name}`"))
            .nearest(name, &names, false)
            .suggest(None::<String>)
            .report();
        return;
    }
    let counts: Vec<String> = arities.iter().map(ToString::to_string).collect();
    let message = format!("`{name}` takes {} in `{file}`, but {taken} in `takes`", counts.join(" or "));
    sink.problem(&codes::script::NO_FUNCTION, place, message)
        .help("`takes` lists a type for each parameter, in the script's order")
        .report();
}
