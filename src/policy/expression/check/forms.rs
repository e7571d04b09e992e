//! The forms: calls whose arguments are names or fixed texts, settled when the policy is loaded.

use super::Checker;
use super::calls::Typed;
use crate::model::{Date, Type, Value};
use crate::policy::diagnostic::Problem;
use crate::policy::expression::builtin::forms;
use crate::policy::expression::codes;
use crate::policy::expression::names::{ClassName, Tagged};
use crate::policy::expression::problem::{nearest, problem, quoted_list};
use crate::policy::expression::syntax::Part;
use crate::policy::expression::tree::{Node, NodeKind};

impl Checker<'_> {
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

    pub(super) fn date(&mut self, arguments: &[Part], whole: &Part) -> Typed {
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

    pub(super) fn at_least(&mut self, arguments: &[Part], whole: &Part) -> Typed {
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

    pub(super) fn since(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [class] = self.arguments::<1>("since", arguments, whole)?;
        let class = self.class("since", class)?;
        Some((NodeKind::Since(class.value), Type::Time))
    }

    pub(super) fn previous(&mut self, arguments: &[Part], whole: &Part) -> Typed {
        let [class] = self.arguments::<1>("previous", arguments, whole)?;
        let class = self.class("previous", class)?;
        Some((NodeKind::Previous(class.value), class.ty))
    }

    pub(super) fn column(&mut self, arguments: &[Part], whole: &Part) -> Typed {
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

    pub(super) fn expiring(&mut self, arguments: &[Part], whole: &Part) -> Typed {
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
    pub(super) fn tagged(&mut self, arguments: &[Part], whole: &Part) -> Typed {
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
