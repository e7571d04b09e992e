//! Choices: which words are possible where.

use std::ops::Range;
use std::sync::Arc;

use super::Checker;
use crate::model::{Type, Value};
use crate::policy::diagnostic::Problem;
use crate::policy::expression::codes;
use crate::policy::expression::problem::{nearest, problem, quoted_list};
use crate::policy::expression::tree::{Node, NodeKind};

type Words = Arc<[Arc<str>]>;

impl Checker<'_> {
    /// Holds every text that `node` may give to the words of a choice. Text that is only known when
    /// evaluated is let through.
    pub(super) fn fit_all_words(&mut self, node: &mut Node, words: &Words) {
        match &mut node.kind {
            NodeKind::If(_, first, second) | NodeKind::Coalesce(first, second) => {
                self.fit_all_words(first, words);
                self.fit_all_words(second, words);
            }
            _ => self.fit_words(node, words),
        }
    }

    /// Holds a text literal to the words of a choice and gives it that type; another choice must
    /// share a word.
    pub(super) fn fit_words(&mut self, node: &mut Node, words: &Words) {
        match (&node.kind, &node.ty) {
            (NodeKind::Literal(Value::Text(text)), _) if words.contains(text) => {
                node.ty = Type::Choice(Arc::clone(words));
            }
            (NodeKind::Literal(Value::Text(text)), _) => {
                let text = Arc::clone(text);
                self.impossible(&text, &node.span, words);
            }
            (_, Type::Choice(own)) if !own.iter().any(|word| words.contains(word)) => {
                let own = quoted_list(own.iter().map(AsRef::as_ref));
                let theirs = quoted_list(words.iter().map(AsRef::as_ref));
                self.problems.push(Problem {
                    label: format!("one of {own}"),
                    ..problem(
                        &codes::OTHER_WORDS,
                        node.span.clone(),
                        format!("these choices have no word in common: the other is one of {theirs}"),
                    )
                });
            }
            _ => {}
        }
    }

    /// A word that a choice can't have.
    pub(super) fn impossible(&mut self, found: &str, span: &Range<usize>, words: &[Arc<str>]) {
        let list = quoted_list(words.iter().map(AsRef::as_ref));
        let near = nearest(found, words.iter().map(AsRef::as_ref));
        self.problems.push(Problem {
            label: near.map(|near| format!("did you mean \"{near}\"?")).unwrap_or_default(),
            help: format!("it is one of {list}"),
            suggestion: near.map(|near| format!("\"{near}\"")),
            ..problem(&codes::IMPOSSIBLE_WORD, span.clone(), format!("this can never be \"{found}\""))
        });
    }
}

/// The type of what is one or the other; `None` where they don't go together.
pub(super) fn joined(left: &Node, right: &Node) -> Option<Type> {
    match (&left.ty, &right.ty) {
        (Type::Choice(words), Type::Choice(others)) => {
            let same = words == others;
            Some(if same { Type::Choice(Arc::clone(words)) } else { Type::Text })
        }
        (Type::Choice(words), Type::Text) => Some(choice_or_text(words, right)),
        (Type::Text, Type::Choice(words)) => Some(choice_or_text(words, left)),
        (left, right) => (left == right).then(|| left.clone()),
    }
}

fn choice_or_text(words: &Words, text: &Node) -> Type {
    match &text.kind {
        NodeKind::Literal(Value::Text(text)) if words.contains(text) => Type::Choice(Arc::clone(words)),
        _ => Type::Text,
    }
}
