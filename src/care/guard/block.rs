//! Never while a condition holds. Consent never fails open: what is missing waits.

use super::Verdict;
use crate::policy::compiled::Block;

/// Decides about a touch. `audience` is whether the guard is asked about the customer at all, and `holds` whether
/// its condition does; each is `None` where the answer is missing.
#[must_use]
pub fn decide(block: &Block, audience: Option<bool>, holds: Option<bool>) -> Verdict {
    if audience == Some(false) || holds == Some(false) {
        return Verdict::Passes;
    }
    let text = &block.when.text;
    let missing = |what: &str| Verdict::Waits { reason: format!("{what} is missing"), until: None };
    match (audience, holds) {
        (_, None) => missing(&format!("the answer to `{text}`")),
        (None, _) => missing("whether it is asked about the customer"),
        _ => Verdict::held(block.effect, format!("`{text}` holds"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Type, Value};
    use crate::policy::compiled::Effect;
    use crate::policy::expression::Expression;
    use crate::policy::expression::tree::{Node, NodeKind};

    fn block(effect: Effect) -> Block {
        let root = Node { kind: NodeKind::Literal(Value::Bool(true)), ty: Type::Bool, span: 0..9 };
        Block { when: Expression { text: "opted_out".into(), root }, effect }
    }

    #[test]
    fn what_holds_drops_or_waits_as_the_table_says() {
        let drops = Verdict::Drops { reason: "`opted_out` holds".to_owned() };
        assert_eq!(decide(&block(Effect::Drop), Some(true), Some(true)), drops);
        let waits = Verdict::Waits { reason: "`opted_out` holds".to_owned(), until: None };
        assert_eq!(decide(&block(Effect::Wait), Some(true), Some(true)), waits);
        assert_eq!(decide(&block(Effect::Drop), Some(true), Some(false)), Verdict::Passes);
        assert_eq!(decide(&block(Effect::Drop), Some(false), Some(true)), Verdict::Passes);
    }

    #[test]
    fn consent_never_fails_open() {
        for effect in [Effect::Drop, Effect::Wait] {
            let reason = "the answer to `opted_out` is missing".to_owned();
            assert_eq!(
                decide(&block(effect), Some(true), None),
                Verdict::Waits { reason, until: None },
                "a missing answer waits whatever the effect"
            );
            assert!(
                matches!(decide(&block(effect), None, Some(true)), Verdict::Waits { .. }),
                "nor does a missing audience let anything through"
            );
            assert!(matches!(decide(&block(effect), None, None), Verdict::Waits { .. }));
            assert_eq!(decide(&block(effect), Some(false), None), Verdict::Passes, "not asked about them");
        }
    }
}
