//! Calls: functions by name, count and types of arguments, and the forms with rules of their own.

use std::ops::Range;
use std::sync::Arc;

use super::{Checker, conversion, described, hints};
use crate::model::{Date, Type, Value};
use crate::policy::diagnostic::Problem;
use crate::policy::expression::builtin::{self, Accepts, Compute, Function, forms};
use crate::policy::expression::codes;
use crate::policy::expression::names::{ClassName, Declared, Tagged};
use crate::policy::expression::problem::{nearest, problem, quoted_list};
use crate::policy::expression::syntax::Part;
use crate::policy::expression::tree::{Node, NodeKind, Reference};
use crate::policy::script::{Function as Script, Parameter};

type Typed = Option<(NodeKind, Type)>;

/// Whether a name is that of a function of the language.
pub(crate) fn is_function(name: &str) -> bool {
    builtin::named(name).is_some() || forms::FORMS.iter().any(|form| form.name == name)
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &str,
        place: &Range<usize>,
        arguments: &[Part],
        whole: &Part,
    ) -> Typed {
        if let Some(function) = builtin::named(name) {
            return self.function(function, arguments, whole);
        }
        match name {
            "date" => self.date(arguments, whole),
            "at_least" => self.at_least(arguments, whole),
            "since" => self.since(arguments, whole),
            "previous" => self.previous(arguments, whole),
            "col" => self.column(arguments, whole),
            "expiring" => self.expiring(arguments, whole),
            "tagged" => self.tagged(arguments, whole),
            _ => {
                match self.names.function(name) {
                    Some(Declared::Sound(function)) => return self.script(function, arguments, whole),
                    Some(Declared::Broken) => {}
                    None => self.unknown_function(name, place),
                }
                for argument in arguments {
                    self.node(argument);
                }
                None
            }
        }
    }

    fn unknown_function(&mut self, name: &str, place: &Range<usize>) {
        let mut unknown =
            problem(&codes::UNKNOWN_FUNCTION, place.clone(), format!("there is no function `{name}`"));
        if self.names.resolve(&[name]).is_some() {
            unknown.help = format!("`{name}` is a value: write it without ( )");
            unknown.suggestion = None;
        } else {
            let forms = forms::FORMS.iter().map(|form| form.name);
            let declared = self.names.functions();
            let known = builtin::functions().map(|function| function.name).chain(forms);
            let known = known.chain(declared.iter().map(String::as_str));
            if hints::is_figure(name) {
                "figures of events are made by a [metric.…], and expressions use it by its name"
                    .clone_into(&mut unknown.help);
            } else if let Some(near) = hints::function_elsewhere(name).or_else(|| nearest(name, known)) {
                unknown.help = format!("did you mean `{near}`?");
                unknown.suggestion = Some(near.to_owned());
            }
        }
        self.problems.push(unknown);
    }

    fn function(&mut self, function: &'static Function, arguments: &[Part], whole: &Part) -> Typed {
        let least = function.parameters.len() - usize::from(function.last_is_optional);
        let most = if function.last_repeats { usize::MAX } else { function.parameters.len() };
        if !(least..=most).contains(&arguments.len()) {
            self.wrong_count(&function.signature(), arguments.len(), whole);
            return None;
        }
        let mut nodes = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let parameter = function.parameters.get(index).or(function.parameters.last());
            let node = self.node(argument);
            nodes.push(node.filter(|node| {
                parameter.is_none_or(|parameter| self.takes(function, parameter.accepts, node))
            }));
        }
        let nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        if matches!(function.compute, Compute::PerCustomer(_)) && !self.has_customer() {
            self.report(
                &codes::OUT_OF_PLACE,
                whole,
                format!("`{}` is fixed per customer, but there is no customer here", function.name),
                "use it in conditions over customers",
            );
            return None;
        }
        Some((NodeKind::Call(function, nodes), function.returns.ty()))
    }

    fn script(&mut self, function: Arc<Script>, arguments: &[Part], whole: &Part) -> Typed {
        if arguments.len() != function.parameters.len() {
            self.wrong_count(&function.signature(), arguments.len(), whole);
            return None;
        }
        let mut nodes = Vec::with_capacity(arguments.len());
        for (argument, parameter) in arguments.iter().zip(&function.parameters) {
            let node = self.node(argument);
            nodes.push(node.filter(|node| {
                let fits = node.ty == parameter.ty || (node.ty.is_textual() && parameter.ty.is_textual());
                if !fits {
                    self.script_misfit(&function, parameter, node);
                }
                fits
            }));
        }
        let nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        let ty = function.returns.clone();
        Some((NodeKind::Script(function, nodes), ty))
    }

    fn script_misfit(&mut self, function: &Script, parameter: &Parameter, node: &Node) {
        let Parameter { name, ty } = parameter;
        self.problems.push(Problem {
            label: node.ty.name().to_owned(),
            help: conversion(&node.ty, ty).to_owned(),
            ..problem(
                &codes::WRONG_TYPE,
                node.span.clone(),
                format!(
                    "`{}` takes {} as `{name}`, but this is {}",
                    function.name,
                    described(ty),
                    described(&node.ty)
                ),
            )
        });
    }

    fn has_customer(&self) -> bool {
        let id = |path: &[&str]| self.names.resolve(path).is_some_and(|(name, _)| name == Reference::Id);
        id(&["id"]) || id(&["customer", "id"])
    }

    /// Whether a parameter takes an argument; if not, why is among the problems.
    fn takes(&mut self, function: &Function, accepts: Accepts, node: &Node) -> bool {
        let literal = matches!(node.kind, NodeKind::Literal(_));
        let fits = match accepts {
            Accepts::Any => true,
            Accepts::Number => node.ty == Type::Number,
            Accepts::Text => node.ty.is_textual(),
            Accepts::TextLiteral => node.ty == Type::Text && literal,
            Accepts::Date => node.ty == Type::Date,
            Accepts::Time => node.ty == Type::Time,
            Accepts::DateOrTime => matches!(node.ty, Type::Date | Type::Time),
        };
        if !fits {
            self.misfit(function, accepts, node);
        }
        fits
    }

    fn misfit(&mut self, function: &Function, accepts: Accepts, node: &Node) {
        let (name, wanted) = (function.name, accepts.described());
        if accepts == Accepts::TextLiteral && node.ty.is_textual() {
            let message = format!("`{name}` takes {wanted} here, known when the policy is loaded");
            self.problems.push(problem(&codes::NOT_LITERAL, node.span.clone(), message));
            return;
        }
        let help = match accepts {
            Accepts::Number => conversion(&node.ty, &Type::Number),
            Accepts::Date | Accepts::DateOrTime => conversion(&node.ty, &Type::Date),
            Accepts::Text if node.ty == Type::Number && name == "number" => "it is a number already",
            Accepts::Time if node.ty == Type::Date => "a date has no hours",
            _ => "",
        };
        self.problems.push(Problem {
            label: node.ty.name().to_owned(),
            help: help.to_owned(),
            ..problem(
                &codes::WRONG_TYPE,
                node.span.clone(),
                format!("`{name}` takes {wanted} here, but this is {}", described(&node.ty)),
            )
        });
    }

    fn wrong_count(&mut self, signature: &str, found: usize, whole: &Part) {
        let arguments = if found == 1 { "argument" } else { "arguments" };
        self.report(
            &codes::ARGUMENT_COUNT,
            whole,
            format!("{found} {arguments} can't be right"),
            &format!("it is called as {signature}"),
        );
    }

    /// The arguments of a form, if there are as many as it takes.
    fn arguments<'p, const N: usize>(
        &mut self,
        name: &str,
        arguments: &'p [Part],
        whole: &Part,
    ) -> Option<&'p [Part; N]> {
        let exact = <&[Part; N]>::try_from(arguments).ok();
        if exact.is_none() {
            let signature =
                forms::FORMS.iter().find(|form| form.name == name).map_or("", |form| form.signature);
            self.wrong_count(signature, arguments.len(), whole);
        }
        exact
    }

    fn literal<'p>(&mut self, part: &'p Part, what: &str) -> Option<&'p str> {
        let text = part.literal_text();
        if text.is_none() {
            let bare = part
                .single_name()
                .map(|word| format!("\"{word}\""))
                .filter(|_| matches!(what, "a level" | "a tag"));
            self.problems.push(Problem {
                help: match (what, &bare) {
                    (_, Some(bare)) => format!("write {bare}"),
                    ("a day", None) => "a day is written date(\"2027-01-31\")".to_owned(),
                    _ => String::new(),
                },
                suggestion: bare,
                ..problem(
                    &codes::NOT_LITERAL,
                    part.span.clone(),
                    format!("{what} in double quotes is expected here"),
                )
            });
        }
        text.map(AsRef::as_ref)
    }

    fn date(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [text] = self.arguments::<1>("date", arguments, whole)?;
        let written = self.literal(text, "a day")?;
        let is_plain = written.len() == 10;
        let Some(day) = Date::parse(written).filter(|_| is_plain) else {
            self.report(
                &codes::BAD_DATE,
                text,
                format!("\"{written}\" is no day of the calendar"),
                "a day is written year-month-day: date(\"2027-01-31\")",
            );
            return None;
        };
        Some((NodeKind::Literal(Value::Date(day)), Type::Date))
    }

    /// The class that a form's first argument names.
    fn class(&mut self, form: &str, part: &Part) -> Option<ClassName> {
        let class = part.single_name().and_then(|name| self.names.class(name));
        if class.is_none() && self.node(part).is_some() {
            self.report(
                &codes::NO_CLASS,
                part,
                format!("`{form}` asks about a segment, tier or quadrant, and this is none"),
                if part.literal_text().is_some() { "its name stands without quotes" } else { "" },
            );
        }
        class
    }

    fn at_least(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [tier, level] = self.arguments::<2>("at_least", arguments, whole)?;
        let class = self.class("at_least", tier)?;
        let Type::Choice(levels) = &class.ty else {
            let message = "`at_least` needs an ordered tier, and this is a segment".to_owned();
            self.report(&codes::NO_CLASS, tier, message, "a segment is a condition by itself");
            return None;
        };
        if !class.ordered {
            self.report(
                &codes::NO_CLASS,
                tier,
                "`at_least` needs an ordered tier, and this has no order".to_owned(),
                "list the words: x in [\"a\", \"b\"]",
            );
            return None;
        }
        let written = self.literal(level, "a level")?;
        let index = levels.iter().position(|known| **known == *written);
        if index.is_none() {
            let near = nearest(written, levels.iter().map(AsRef::as_ref));
            self.problems.push(Problem {
                label: near.map(|near| format!("did you mean \"{near}\"?")).unwrap_or_default(),
                help: format!("its levels are {}", quoted_list(levels.iter().map(AsRef::as_ref))),
                suggestion: near.map(|near| format!("\"{near}\"")),
                ..problem(
                    &codes::UNKNOWN_LEVEL,
                    level.span.clone(),
                    format!("there is no level \"{written}\""),
                )
            });
        }
        let index = u16::try_from(index?).ok()?;
        Some((NodeKind::AtLeast(class.value, index), Type::Bool))
    }

    fn since(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [class] = self.arguments::<1>("since", arguments, whole)?;
        let class = self.class("since", class)?;
        Some((NodeKind::Since(class.value), Type::Time))
    }

    fn previous(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [class] = self.arguments::<1>("previous", arguments, whole)?;
        let class = self.class("previous", class)?;
        Some((NodeKind::Previous(class.value), class.ty))
    }

    fn column(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [name] = self.arguments::<1>("col", arguments, whole)?;
        let written = self.literal(name, "a column's name")?;
        let Some((reference, ty)) = self.names.column(written) else {
            self.report(
                &codes::OUT_OF_PLACE,
                whole,
                "`col` names a column of a file, but there is no file here".to_owned(),
                "use it in the `columns` and `when` of a source",
            );
            return None;
        };
        Some((NodeKind::Name(reference), ty))
    }

    fn expiring(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [ledger, days] = self.arguments::<2>("expiring", arguments, whole)?;
        let found = ledger.single_name().and_then(|name| self.names.ledger(name));
        let problem = match found {
            Some(ledger) if ledger.lapses => None,
            Some(_) => Some(("nothing in this ledger lapses", "give the ledger `expires`")),
            None => Some(("`expiring` asks about a ledger, and this is none", "")),
        };
        if let Some((message, help)) = problem
            && (found.is_some() || self.node(ledger).is_some())
        {
            self.report(&codes::NO_LEDGER, ledger, message.to_owned(), help);
        }
        let days = self.node(days)?;
        self.must_be(&days, &Type::Number, "a number of days")?;
        let ledger = found.filter(|ledger| ledger.lapses)?;
        Some((NodeKind::Expiring(ledger.value, Box::new(days)), Type::Number))
    }

    /// `tagged("care")` is `action in […]` with the actions that have the tag.
    fn tagged(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [tag] = self.arguments::<1>("tagged", arguments, whole)?;
        let written = self.literal(tag, "a tag")?;
        match self.names.tagged(written) {
            Tagged::Actions(action, actions) => {
                let node = |kind| Node { kind, ty: Type::Text, span: whole.span.clone() };
                let actions = actions.iter().map(|name| node(NodeKind::Literal(Value::Text(name.clone()))));
                Some((NodeKind::In(Box::new(node(NodeKind::Name(action))), actions.collect()), Type::Bool))
            }
            Tagged::Unknown(tags) => {
                self.unknown_tag(tag, written, &tags);
                None
            }
            Tagged::NoTouch => {
                self.report(
                    &codes::OUT_OF_PLACE,
                    whole,
                    "`tagged` asks about the action of a touch, but there is no touch here".to_owned(),
                    "use it over the event `touch`, as in the `where` of a metric of touches",
                );
                None
            }
        }
    }

    fn unknown_tag(&mut self, tag: &Part, written: &str, tags: &[String]) {
        let near = nearest(written, tags.iter().map(String::as_str));
        let help = if tags.is_empty() {
            "actions are tagged as in `tags = [\"care\"]`".to_owned()
        } else {
            format!("the tags of actions are {}", quoted_list(tags.iter().map(String::as_str)))
        };
        let message = format!("no action has the tag `{written}`");
        self.problems.push(Problem {
            label: near.map(|near| format!("did you mean \"{near}\"?")).unwrap_or_default(),
            help,
            suggestion: near.map(|near| format!("\"{near}\"")),
            ..problem(&codes::UNKNOWN_TAG, tag.span.clone(), message)
        });
    }
}
