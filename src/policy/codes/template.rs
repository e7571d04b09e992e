//! Problems of payload templates.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[&SYNTAX, &NAME, &FILTER, &TEST, &FUNCTION, &ATTRIBUTE, &EVENT];

/// This is no template.
pub static SYNTAX: Code = Code {
    id: "E501",
    title: "this is no template",
    explanation: "Payload texts are minijinja templates: values in {{ … }}, statements in {% … %}.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{{ phone\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// No such name in a template.
pub static NAME: Code = Code {
    id: "E502",
    title: "no such name in a template",
    explanation: "Templates speak of every value and customer field, and of `id`, `known_since`, `because`, `due` and `event`.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{{ fone }}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// No such filter.
pub static FILTER: Code = Code {
    id: "E503",
    title: "no such filter",
    explanation: "Filters are those of minijinja.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{{ phone | uper }}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// No such test.
pub static TEST: Code = Code {
    id: "E504",
    title: "no such test",
    explanation: "Tests are those of minijinja.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{% if phone is defind %}{{ phone }}{% endif %}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// No such function.
pub static FUNCTION: Code = Code {
    id: "E505",
    title: "no such function",
    explanation: "Functions are those of minijinja; values are computed in the policy, not in templates.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{{ days_since(known_since) }}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// No such part.
pub static ATTRIBUTE: Code = Code {
    id: "E506",
    title: "no such part",
    explanation: "A segment, tier or quadrant has `title` and, where declared, `data.…`; other values are plain. An event has `id`, `customer`, `at` and its fields.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nname = \"{{ phone.title }}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// There is no event.
pub static EVENT: Code = Code {
    id: "E507",
    title: "there is no event",
    explanation: "A payload speaks of `event` where every table that fires it does so for events.",
    example: "[customer.fields]\nphone = \"text\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_call.payload]\nticket = \"{{ event.ticket }}\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};
