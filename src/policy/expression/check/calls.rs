//! Calls: functions by name, count and types of arguments. What has rules of its own is a form.

use std::ops::Range;
use std::sync::Arc;

use super::{Checker, conversion, described, hints};
use crate::model::Type;
use crate::policy::diagnostic::Problem;
use crate::policy::expression::builtin::{self, Accepts, Compute, Function, forms};
use crate::policy::expression::codes;
use crate::policy::expression::names::Declared;
use crate::policy::expression::problem::{nearest, problem};
use crate::policy::expression::syntax::Part;
use crate::policy::expression::tree::{Node, NodeKind, Reference};
use crate::policy::script::{Function as Script, Parameter};

pub(super) type Typed = Option<(NodeKind, Type)>;

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

    pub(super) fn wrong_count(&mut self, signature: &str, found: usize, whole: &Part) {
        let arguments = if found == 1 { "argument" } else { "arguments" };
        self.report(
            &codes::ARGUMENT_COUNT,
            whole,
            format!("{found} {arguments} can't be right"),
            &format!("it is called as {signature}"),
        );
    }
}
