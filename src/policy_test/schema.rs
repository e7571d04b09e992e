//! The keys of test files, and their JSON Schema (draft-07) for editors.

use serde_json::Value;

use crate::policy::raw::{Form, Key, MapKeys, Part, form, key, takes};
use crate::policy::schema::document;

/// What a guard did, by action.
const GUARDS: Form = Form::Map(MapKeys::Names, &Form::Name);

static CUSTOMER: Part = Part {
    title: "a customer",
    keys: &[key("id", form::WORD, "The customer's id; the other keys are its fields.").needed()],
    constraints: &[],
};

static EVENT: Part = Part {
    title: "an event",
    keys: &[
        key("type", form::EVENT, "Its kind; the other keys are its fields.").needed(),
        key("customer", form::WORD, "Whose; absent where it happens to nobody in particular."),
        key("at", takes("time", Form::Instant), "When it happened; the first step's time where absent."),
        key("id", form::WORD, "Its id; the same id again is a correction."),
    ],
    constraints: &[],
};

static EXPECT: Part = Part {
    title: "an expectation",
    keys: &[
        key("customer", form::WORD, "Whose.").needed(),
        key(
            "values",
            takes("table", Form::Map(MapKeys::Any, &Form::Constant)),
            "Values by name; \"missing\" for a missing one. Those not named are not looked at.",
        ),
        key(
            "touches",
            takes("list of actions", Form::List(0, &Form::Name)),
            "Exactly the actions queued for the customer by this step's run.",
        ),
        key(
            "suppressed",
            takes("table", GUARDS),
            "The guard that dropped a touch in this step's run, by action.",
        ),
        key(
            "waiting",
            takes("table", GUARDS),
            "The guard that a touch waits for after this step's run, by action.",
        ),
        key(
            "expired",
            takes("table", Form::Map(MapKeys::Names, &Form::Text)),
            "The guard that a touch waited for until this step's run found it too late, by action; empty for none.",
        ),
        key(
            "payload",
            takes("table", Form::Map(MapKeys::Names, &Form::Map(MapKeys::Any, &Form::Text))),
            "Text in the payload, by action and key.",
        ),
    ],
    constraints: &[],
};

static STEP: Part = Part {
    title: "a step",
    keys: &[
        key("at", takes("time", Form::Instant), "The time of the run; steps never go back in time.").needed(),
        key("customer", takes("list of tables", Form::Rows(&CUSTOMER)), "Customers that arrive now."),
        key("event", takes("list of tables", Form::Rows(&EVENT)), "Events that arrive now."),
        key("expect", takes("list of tables", Form::Tables(0, &EXPECT)), "What must hold after the run."),
    ],
    constraints: &[],
};

static TEST: Part = Part {
    title: "a test",
    keys: &[
        key("name", form::TEXT, "What it proves.").needed(),
        key("customer", takes("list of tables", Form::Rows(&CUSTOMER)), "Known before the first step."),
        key(
            "event",
            takes("list of tables", Form::Rows(&EVENT)),
            "Happened before the first step, or will in the test's course; known from the first step on.",
        ),
        key(
            "step",
            takes("list of tables, `[[test.step]]`", Form::Tables(0, &STEP)),
            "Runs in order of time, each of which evaluates everything.",
        ),
    ],
    constraints: &[],
};

pub(super) static FILE: &[Key] = &[key(
    "test",
    takes("tables `[[test]]`", Form::Tables(0, &TEST)),
    "What must come of some customers and events, in set time. It runs on a store in memory, through the engine itself.",
)];

/// The schema of `*.test.toml`.
#[must_use]
pub fn schema() -> Value {
    document("Policy tests of guanxi", FILE)
}
