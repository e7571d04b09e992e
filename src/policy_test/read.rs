//! From the text of test files to cases that fit the policy set, with every problem on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::{Case, Step};
use super::schema::FILE;
use crate::model::Timestamp;
use crate::policy::diagnostic::{Diagnostic, Severity};
use crate::policy::raw::{self, At, Content, Node, Place, Reader, Sink, parse};
use crate::policy::{Compiled, Files, Location, codes};

/// What reading test files gave.
#[derive(Debug)]
pub struct Reading {
    /// The tests of all files, in order of file and place; none where any problem is an error.
    pub cases: Vec<Case>,
    /// Every problem, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files, for showing the problems and the places of what differs.
    pub files: Files,
}

/// What the reading of one test goes by.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) policy: &'a Compiled,
    pub(super) sink: &'a Sink<'a>,
}

/// Reads test files, by name, for a policy set.
#[must_use]
pub fn read(texts: BTreeMap<String, String>, policy: &Compiled) -> Reading {
    let files = Files { policies: texts, scripts: BTreeMap::new() };
    let sink = Sink::new(&files);
    let context = Context { policy, sink: &sink };
    let mut cases = Vec::new();
    for (file, text) in &files.policies {
        let file: Arc<str> = file.as_str().into();
        let table = parse(&file, text, &sink);
        let place = Place { file, start: 0, end: 0 };
        let reader = Reader::new(&sink, &table, &place, FILE, &[]);
        cases.extend(reader.tables("test").iter().filter_map(|test| context.case(test)));
    }
    let diagnostics = sink.into_found();
    let mut reading = Reading { cases, diagnostics, files };
    if reading.has_errors() {
        reading.cases.clear();
    }
    reading
}

impl Reading {
    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|found| found.problem.code.severity() == Severity::Error)
    }
}

impl Context<'_> {
    fn case(self, reader: &Reader<'_>) -> Option<Case> {
        let name = reader.required("name", reader.text("name"));
        let mut known = BTreeSet::new();
        let rows = self.rows(reader, &mut known);
        let mut last = None;
        let steps: Vec<Option<Step>> =
            reader.tables("step").iter().map(|step| self.step(step, &mut known, &mut last)).collect();
        let steps = steps.into_iter().collect::<Option<Vec<Step>>>()?;
        if steps.iter().all(|step| step.expect.is_empty()) {
            reader
                .problem(&codes::test::EXPECTS_NOTHING, "this test expects nothing")
                .help("say what must hold after a step: `expect = [{ customer = …, values = { … }, touches = [ … ] }]`")
                .report();
        }
        let Location { file, line, .. } = self.sink.location(reader.place);
        Some(Case { file, line, name: name?.value, rows: rows?, steps })
    }

    fn step(
        self,
        reader: &Reader<'_>,
        known: &mut BTreeSet<String>,
        last: &mut Option<At<Timestamp>>,
    ) -> Option<Step> {
        let at = reader.required("at", self.instant(reader, "at"));
        if let (Some(before), Some(now)) = (&*last, &at)
            && before.value > now.value
        {
            self.sink
                .problem(&codes::test::BACKWARDS, &now.place, "this step is before the one above it")
                .related(&before.place, "the one above it")
                .help("put the steps in order of time")
                .report();
        }
        let rows = self.rows(reader, known);
        let expect = self.expectations(reader, known);
        let step = at.as_ref().map(|at| at.value);
        *last = at.or_else(|| last.take());
        Some(Step { at: step?, rows: rows?, expect: expect? })
    }

    fn instant(self, reader: &Reader<'_>, key: &str) -> Option<At<Timestamp>> {
        instant(self.sink, &reader.entry(key)?.node)
    }
}

/// An instant, as text or as TOML has it.
pub(super) fn instant(sink: &Sink<'_>, node: &Node) -> Option<At<Timestamp>> {
    let (Content::Text(text) | Content::Datetime(text)) = &node.content else {
        raw::wrong(sink, "at", node, "a time");
        return None;
    };
    let found = Timestamp::parse_rfc3339(&text.replacen(' ', "T", 1));
    if found.is_none() {
        sink.problem(&codes::test::BAD_TIME, &node.place, format!("`{text}` is no time"))
            .help("write one with its offset, as in 2027-03-01T09:00:00+08:00")
            .report();
    }
    found.map(|value| At { value, place: node.place.clone() })
}
