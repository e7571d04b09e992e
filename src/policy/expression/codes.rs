//! The kinds of problem an expression can have.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[
    &SYNTAX,
    &NOT_IN_LANGUAGE,
    &TOO_LARGE,
    &UNKNOWN_NAME,
    &UNKNOWN_FUNCTION,
    &ARGUMENT_COUNT,
    &WRONG_TYPE,
    &IMPOSSIBLE_WORD,
    &OTHER_WORDS,
    &NO_CLASS,
    &UNKNOWN_LEVEL,
    &NOT_LITERAL,
    &BAD_DATE,
    &OUT_OF_PLACE,
    &UNKNOWN_TAG,
    &NO_LEDGER,
    &NEVER,
    &ALWAYS,
    &OUTSIDE,
    &EQUALITY,
];

/// Not readable as an expression.
pub static SYNTAX: Code = Code {
    id: "E301",
    title: "this is no expression",
    explanation: "An expression is made of literals, names, operators, `in [..]`, `??`, `if c { a } else { b }` \
                  and calls. At the underlined place a bracket, an operand or an operator is missing, too many, \
                  or written as in another language.",
    example: "[score.double]\nvalue = '2 *'\n",
};

/// Valid Rhai that the language leaves out.
pub static NOT_IN_LANGUAGE: Code = Code {
    id: "E302",
    title: "not part of the expression language",
    explanation: "Expressions have no statements, assignments, loops, methods, indexing, ranges or functions of \
                  their own. What needs them belongs in a script.",
    example: "[customer.fields]\nname = \"text\"\n[score.initial]\nvalue = 'name[0]'\n",
};

/// Past a limit.
pub static TOO_LARGE: Code = Code {
    id: "E303",
    title: "the expression is too large",
    explanation: "An expression has at most 16 KiB of text, 32 levels of brackets and 200 levels of operators. \
                  Give parts of it a name as scores or segments and use those.",
    example: "[score.deep]\nvalue = '((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))'\n",
};

/// A name nobody declared.
pub static UNKNOWN_NAME: Code = Code {
    id: "E304",
    title: "unknown name",
    explanation: "A bare word names a customer field, metric, ledger, score, segment, tier or quadrant of the policy set, \
                  or a field of the event in question. Text stands in double quotes.",
    example: "[customer.fields]\nprofit = \"number\"\n[segment.good]\nwhen = 'porfit > 100'\n",
};

/// A function that does not exist.
pub static UNKNOWN_FUNCTION: Code = Code {
    id: "E305",
    title: "unknown function",
    explanation: "The functions of the language are listed in the reference; others are declared with [function.…].",
    example: "[customer.fields]\nprofit = \"number\"\n[score.rounded]\nvalue = 'ruond(profit)'\n",
};

/// Too many or too few arguments.
pub static ARGUMENT_COUNT: Code = Code {
    id: "E306",
    title: "wrong number of arguments",
    explanation: "Each function takes a certain number of arguments; the reference shows how it is called.",
    example: "[customer.fields]\nprofit = \"number\"\n[score.root]\nvalue = 'sqrt(profit, 2)'\n",
};

/// Types that do not go together.
pub static WRONG_TYPE: Code = Code {
    id: "E307",
    title: "wrong type",
    explanation: "Every value is a number, text, bool, date, time or choice. Operators and functions take certain \
                  types, both sides of a comparison must be of one type, and a condition must be true or false.",
    example: "[customer.fields]\nname = \"text\"\n[segment.odd]\nwhen = 'name > 3'\n",
};

/// A word that is none of a choice's.
pub static IMPOSSIBLE_WORD: Code = Code {
    id: "E308",
    title: "impossible value of a choice",
    explanation: "A choice, tier or quadrant has one of its declared words, so comparing it with another word is \
                  never true.",
    example: "[customer.fields]\nsource = { type = \"choice\", of = [\"visit\", \"referral\"] }\n\
              [segment.visited]\nwhen = 'source == \"visti\"'\n",
};

/// Two choices without a common word.
pub static OTHER_WORDS: Code = Code {
    id: "E309",
    title: "choices without a common word",
    explanation: "Two choices that share no word are never equal.",
    example: "[customer.fields]\nsource = { type = \"choice\", of = [\"visit\", \"referral\"] }\n\
              size = { type = \"choice\", of = [\"small\", \"large\"] }\n\
              [segment.odd]\nwhen = 'source == size'\n",
};

/// Not a class, or not one that can be asked this.
pub static NO_CLASS: Code = Code {
    id: "E310",
    title: "not a segment, tier or quadrant",
    explanation: "`at_least` asks about an ordered tier; `since` and `previous` about a segment, tier or quadrant.",
    example: "[customer.fields]\nprofit = \"number\"\n[score.placed]\nvalue = 'days_since(since(profit))'\n",
};

/// A level the tier does not have.
pub static UNKNOWN_LEVEL: Code = Code {
    id: "E311",
    title: "unknown level",
    explanation: "The second argument of `at_least` is one of the tier's levels.",
    example: "[customer.fields]\nprofit = \"number\"\n\
              [tier.pyramid]\nlevels = [ { name = \"key\", when = 'profit > 100' }, { name = \"small\" } ]\n\
              [segment.best]\nwhen = 'at_least(pyramid, \"keys\")'\n",
};

/// A literal is needed.
pub static NOT_LITERAL: Code = Code {
    id: "E312",
    title: "text in quotes is needed",
    explanation: "Days, levels, column names and salts are fixed when the policy is loaded, so they are written as \
                  text in double quotes.",
    example: "[customer.fields]\nname = \"text\"\n[score.share]\nvalue = 'bucket(name)'\n",
};

/// Text that is no day.
pub static BAD_DATE: Code = Code {
    id: "E313",
    title: "no day of the calendar",
    explanation: "A day is written year-month-day, as in date(\"2027-01-31\"), and must exist.",
    example: "[score.left]\nvalue = 'days_until(date(\"2027-02-30\"))'\n",
};

/// A function where it has no meaning.
pub static OUT_OF_PLACE: Code = Code {
    id: "E314",
    title: "function out of place",
    explanation: "`col` names a column of a file and stands only in a source; `bucket` needs a customer and does \
                  not stand in a source; `tagged` asks about the event `touch` and stands only over it.",
    example: "[score.raw]\nvalue = 'number(col(\"Amount\"))'\n",
};

/// A tag that no action has.
pub static UNKNOWN_TAG: Code = Code {
    id: "E315",
    title: "unknown tag",
    explanation: "`tagged` asks whether a touch's action has a tag, one of those that the actions of the policy set \
                  are given by `tags`.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n\
              [action.care_call]\nchannel = \"calls\"\ntags = [\"care\"]\n\
              [metric.care]\nevent = \"touch\"\ntake = \"count\"\nwhere = 'tagged(\"caer\")'\n",
};

/// Not a ledger, or not one in which anything lapses.
pub static NO_LEDGER: Code = Code {
    id: "E316",
    title: "not a ledger that lapses",
    explanation: "`expiring` asks how much of a ledger lapses soon, so it takes the name of a ledger that says `expires`.",
    example: "[event.order.fields]\npoints = \"number\"\n\
              [ledger.balance]\n[[ledger.balance.entry]]\non = \"order\"\namount = 'points'\n\
              [segment.about_to_lapse]\nwhen = 'expiring(balance, 30) > 100'\n",
};

/// Never true.
pub static NEVER: Code = Code {
    id: "W301",
    title: "a condition that never holds",
    explanation: "Whatever the data, this is false, because its parts exclude each other or because something in \
                  it is always missing. Perhaps `||` was meant, or two figures changed places.",
    example: "[customer.fields]\nquiet_days = \"number\"\n\
              [segment.lapsing]\nwhen = 'quiet_days > 90 && quiet_days < 30'\n",
};

/// Never false.
pub static ALWAYS: Code = Code {
    id: "W302",
    title: "a condition that always holds",
    explanation: "Whatever the data, this is true, so it asks nothing. Perhaps `&&` was meant. (A missing value is \
                  different from every word and number, so `!=` holds for it.)",
    example: "[customer.fields]\nstage = { type = \"choice\", of = [\"lead\", \"client\", \"former\"] }\n\
              [segment.active]\nwhen = 'stage != \"lead\" || stage != \"former\"'\n",
};

/// Beyond what the number can be.
pub static OUTSIDE: Code = Code {
    id: "W303",
    title: "a comparison beyond what the number can be",
    explanation: "The number can't lie on the other side of what it is compared with: because of the field's `min` \
                  and `max`, or because it is a count, a rank, days since something that has happened, a month …",
    example: "[customer.fields]\ncapability = { type = \"number\", min = 0, max = 1 }\n\
              [segment.able]\nwhen = 'capability > 80'\n",
};

/// Equality that hardly ever is.
pub static EQUALITY: Code = Code {
    id: "W304",
    title: "equality of computed numbers",
    explanation: "Numbers that are divided, averaged or measured in days have fractions and rounding errors, so \
                  they are hardly ever equal to another. Compare with < and >, or round first.",
    example: "[customer.fields]\nprofit = \"number\"\nwallet = \"number\"\n\
              [segment.third]\nwhen = 'profit / wallet == 0.3'\n",
};
