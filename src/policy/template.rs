//! Payload templates: minijinja accepts unknown names, filters, tests and functions when it reads a
//! template, so its tree is walked to find them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::{WhitespaceConfig, parse};

use super::codes;
use super::compiled::{PLACE, Template};
use super::diagnostic::{Code, Problem};
use super::formula::{Context, disabled};
use super::kind::occasions::Occasions;
use super::names::KnownValue;
use super::raw::{At, nearest};

/// Filters a template may use: minijinja's own.
pub(crate) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Tests a template may use: minijinja's own.
pub(crate) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
];

/// Functions a template may call: minijinja's own.
pub(crate) const FUNCTIONS: &[&str] = &["range", "dict", "namespace"];

/// Names that stand for the touch itself.
const TOUCH_NAMES: &[&str] = &["id", "known_since", "because", "due", "event"];

/// What every event has besides its fields.
const ALWAYS_OF_EVENTS: &[&str] = &["id", "customer", "at"];

/// Reads and checks a template of what goes out for some tables.
#[expect(clippy::default_trait_access, reason = "the type is not public without minijinja's custom syntax")]
pub(crate) fn check(text: &At<String>, occasions: &Occasions<'_>, context: Context<'_>) -> Option<Template> {
    let tree = match parse(&text.value, "template", Default::default(), WhitespaceConfig::default()) {
        Ok(tree) => tree,
        Err(error) => {
            let span =
                error.range().filter(|range| range.end <= text.value.len()).unwrap_or(0..text.value.len());
            let message = error.detail().unwrap_or("this is no template").to_owned();
            let help = "values stand in {{ … }}, conditions in {% if … %}…{% endif %}";
            context.sink.within(text, problem(&codes::template::SYNTAX, span, message, help.to_owned()));
            return None;
        }
    };
    let mut walk = Walk {
        text,
        occasions,
        context,
        locals: Vec::new(),
        names: BTreeSet::new(),
        places: Vec::new(),
        failed: false,
    };
    walk.statement(&tree);
    let names = walk.names.into_iter().collect();
    let rewritten = with_places(&text.value, walk.places);
    (!walk.failed).then(|| Template { text: rewritten.into(), names })
}

/// The text with the classes that end at `places` called by what they hold.
fn with_places(text: &str, mut places: Vec<usize>) -> String {
    places.sort_unstable();
    places.dedup();
    let mut rewritten = text.to_owned();
    for &end in places.iter().rev().filter(|&&end| text.is_char_boundary(end)) {
        rewritten.insert_str(end, PLACE);
    }
    rewritten
}

fn problem(code: &'static Code, span: Range<usize>, message: String, help: String) -> Problem {
    Problem { code, span, message, label: String::new(), help, suggestion: None }
}

struct Walk<'a> {
    text: &'a At<String>,
    occasions: &'a Occasions<'a>,
    context: Context<'a>,
    locals: Vec<String>,
    names: BTreeSet<Arc<str>>,
    /// Where classes end whose title or data is asked for.
    places: Vec<usize>,
    failed: bool,
}

impl Walk<'_> {
    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    /// Walks statements whose names end with them.
    fn block(&mut self, statements: &[Stmt<'_>]) {
        let outer = self.locals.len();
        self.statements(statements);
        self.locals.truncate(outer);
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(inner) => {
                self.expression(&inner.iter);
                let outer = self.locals.len();
                self.declare(&inner.target);
                self.locals.push("loop".to_owned());
                inner.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.statements(&inner.body);
                self.locals.truncate(outer);
                self.block(&inner.else_body);
            }
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr);
                self.statements(&condition.true_body);
                self.statements(&condition.false_body);
            }
            Stmt::WithBlock(with) => {
                let outer = self.locals.len();
                for (target, value) in &with.assignments {
                    self.expression(value);
                    self.declare(target);
                }
                self.statements(&with.body);
                self.locals.truncate(outer);
            }
            Stmt::Set(set) => {
                self.expression(&set.expr);
                self.declare(&set.target);
            }
            Stmt::SetBlock(set) => {
                set.filter.iter().for_each(|filter| self.expression(filter));
                self.block(&set.body);
                self.declare(&set.target);
            }
            Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled);
                self.block(&escape.body);
            }
            Stmt::FilterBlock(filter) => {
                self.expression(&filter.filter);
                self.block(&filter.body);
            }
            Stmt::Do(call) => {
                self.call(&call.call.expr);
                self.arguments(&call.call.args);
            }
        }
    }

    fn declare(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(name) => self.locals.push(name.id.to_owned()),
            Expr::List(list) => list.items.iter().for_each(|item| self.declare(item)),
            other => self.expression(other),
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Var(name) => self.name(name.id, &[]),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part);
                }
            }
            Expr::UnaryOp(unary) => self.expression(&unary.expr),
            Expr::BinOp(binary) => {
                self.expression(&binary.left);
                self.expression(&binary.right);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr);
                compare.ops.iter().for_each(|part| self.expression(&part.expr));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                choice.false_expr.iter().for_each(|part| self.expression(part));
            }
            Expr::Filter(filter) => {
                filter.expr.iter().for_each(|part| self.expression(part));
                self.known(filter.name, FILTERS, &codes::template::FILTER, "filter");
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.expression(&test.expr);
                self.known(test.name, TESTS, &codes::template::TEST, "test");
                self.arguments(&test.args);
            }
            Expr::GetAttr(_) => self.attribute(expression),
            Expr::GetItem(item) => {
                self.expression(&item.expr);
                if let Expr::Var(name) = &item.expr {
                    self.mark_place(name.id);
                }
                self.expression(&item.subscript_expr);
            }
            Expr::Call(call) => {
                self.call(&call.expr);
                self.arguments(&call.args);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|part| self.expression(part)),
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(part)
                | CallArg::Kwarg(_, part)
                | CallArg::PosSplat(part)
                | CallArg::KwargSplat(part) => {
                    self.expression(part);
                }
            }
        }
    }

    fn call(&mut self, called: &Expr<'_>) {
        match called {
            Expr::Var(name) if !self.locals.iter().any(|local| local == name.id) => {
                self.known(name.id, FUNCTIONS, &codes::template::FUNCTION, "function");
            }
            other => self.expression(other),
        }
    }

    /// `pyramid.data.visits`, `because.title`.
    fn attribute(&mut self, expression: &Expr<'_>) {
        let mut path = Vec::new();
        let mut at = expression;
        while let Expr::GetAttr(attribute) = at {
            path.push(attribute.name);
            at = &attribute.expr;
        }
        path.reverse();
        match at {
            Expr::Var(name) => self.name(name.id, &path),
            other => self.expression(other),
        }
    }

    fn name(&mut self, name: &str, path: &[&str]) {
        if self.locals.iter().any(|local| local == name) {
            return;
        }
        if TOUCH_NAMES.contains(&name) {
            if let ("event", [field, ..]) = (name, path) {
                self.event_field(field, path);
            }
            return;
        }
        let known = self.context.known;
        let value = known.value(name).and_then(|index| known.values.get(index));
        if value.is_none() && !known.field_places.contains_key(name) {
            let mut candidates = known.customer_names();
            candidates.extend(TOUCH_NAMES);
            candidates.extend(self.locals.iter().map(String::as_str));
            let near = nearest(name, candidates.iter().copied()).map(str::to_owned);
            self.unknown(name, &codes::template::NAME, "value or customer field", near);
            return;
        }
        if let Some(index) = known.value(name).filter(|_| self.context.enabled) {
            known.used.borrow_mut().insert(index);
        }
        if let Some(value) = value
            && self.context.enabled
            && !value.enabled
        {
            let place = self.context.sink.part(self.text, &self.span(name));
            disabled(self.context.sink, &place, &format!("{}.{name}", value.kind));
        }
        self.names.insert(Arc::from(name));
        if !path.is_empty() {
            self.mark_place(name);
        }
        let fits = match (value, path) {
            (_, []) => true,
            (Some(value), ["title"]) => value.is_class(),
            (Some(value), ["data", key]) => value.data.contains_key(*key),
            _ => false,
        };
        if !fits {
            let last = path.last().copied().unwrap_or(name);
            let keys: Vec<String> = value
                .filter(|value| value.is_class())
                .map(|value| {
                    value.data.keys().map(|key| format!("data.{key}")).chain(["title".to_owned()]).collect()
                })
                .unwrap_or_default();
            let said = path.join(".");
            let help = if keys.is_empty() {
                format!("`{name}` is a plain value: write `{{{{ {name} }}}}`")
            } else {
                format!("of `{name}` there is: {}", keys.join(", "))
            };
            let span = self.span(last);
            self.report(problem(
                &codes::template::ATTRIBUTE,
                span,
                format!("`{name}` has no `{said}`"),
                help,
            ));
        }
    }

    /// `event.severity`: every event that the touch may be for has it.
    fn event_field(&mut self, field: &str, path: &[&str]) {
        let span = self.span(field);
        for rule in &self.occasions.rules {
            let Some(name) = &rule.event else {
                let message = format!("`{}` fires for no event, so there is no `event.{field}`", rule.table);
                let help = "give it an action of its own, or take this out".to_owned();
                return self.report(problem(&codes::template::EVENT, span, message, help));
            };
            let known = self.context.known;
            let Some(event) = known.event(name).and_then(|index| known.events.get(index)) else { continue };
            let is_there = ALWAYS_OF_EVENTS.contains(&field)
                || event.shape.field(field).is_some()
                || event.broken.contains(field);
            if !is_there {
                let fields = event.shape.fields.iter().map(|field| &*field.name);
                let near = nearest(field, fields.chain(ALWAYS_OF_EVENTS.iter().copied())).map(str::to_owned);
                let message =
                    format!("the event `{name}`, for which `{}` fires, has no `{field}`", rule.table);
                let help = near.as_ref().map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                let problem = problem(&codes::template::ATTRIBUTE, span, message, help);
                return self.report(Problem { suggestion: near, ..problem });
            }
        }
        if let [_, last, ..] = path {
            let message = format!("`event.{field}` is a plain value and has no `{last}`");
            let help = format!("write `{{{{ event.{field} }}}}`");
            self.report(problem(&codes::template::ATTRIBUTE, self.span(last), message, help));
        }
    }

    /// Notes that what a class's place carries is asked for here.
    fn mark_place(&mut self, name: &str) {
        let known = self.context.known;
        let value = known.value(name).and_then(|index| known.values.get(index));
        if value.is_some_and(KnownValue::is_class) && !self.locals.iter().any(|local| local == name) {
            self.places.push(self.span(name).end);
        }
    }

    fn known(&mut self, name: &str, known: &[&str], code: &'static Code, what: &str) {
        if !known.contains(&name) {
            let near = nearest(name, known.iter().copied()).map(str::to_owned);
            self.unknown(name, code, what, near);
        }
    }

    fn unknown(&mut self, name: &str, code: &'static Code, what: &str, near: Option<String>) {
        let help = near.as_ref().map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
        let mut problem = problem(code, self.span(name), format!("there is no {what} `{name}`"), help);
        problem.suggestion = near;
        self.report(problem);
    }

    fn report(&mut self, problem: Problem) {
        self.failed = true;
        self.context.sink.within(self.text, problem);
    }

    /// Where a name of the tree, which is a part of the text, stands in it.
    fn span(&self, name: &str) -> Range<usize> {
        let text = self.text.value.as_str();
        let start = name.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        if text.get(start..).is_some_and(|rest| rest.starts_with(name)) {
            start..start + name.len()
        } else {
            0..text.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(source: &str) -> bool {
        let environment = minijinja::Environment::new();
        match environment.render_str(source, minijinja::context! { x => 1 }) {
            Ok(_) => true,
            Err(error) => {
                use minijinja::ErrorKind::{UnknownFilter, UnknownFunction, UnknownTest};
                !matches!(error.kind(), UnknownFilter | UnknownFunction | UnknownTest)
            }
        }
    }

    #[test]
    fn every_filter_test_and_function_named_here_is_one_of_minijinjas() {
        for filter in FILTERS {
            assert!(is_known(&format!("{{{{ x | {filter} }}}}")), "filter {filter}");
        }
        for test in TESTS.iter().filter(|test| test.starts_with(|c: char| c.is_ascii_alphabetic())) {
            assert!(is_known(&format!("{{{{ x is {test} }}}}")), "test {test}");
        }
        for function in FUNCTIONS {
            assert!(is_known(&format!("{{{{ {function}(3) }}}}")), "function {function}");
        }
        assert!(!is_known("{{ x | nope }}"));
    }
}
