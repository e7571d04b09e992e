//! Problems of what tables say together.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[
    &UNKNOWN_REFERENCE,
    &AMBIGUOUS,
    &LOOP,
    &DISABLED,
    &TARGET_MISSING,
    &TARGET,
    &TARGET_TYPE,
    &TARGET_TWICE,
    &TAKE,
    &SAME,
    &NOT_ASCENDING,
    &NEEDS_BY,
    &SAME_NAME,
    &DATA_DIFFERS,
    &CHANNEL_KIND,
    &SHARED_PATH,
    &COLUMN,
    &EVALUATE,
    &GUARD_KIND,
    &NO_WINDOW,
    &RESERVES,
    &KEPT_TOO_SHORT,
    &DOES_NOT_MOVE,
    &UNREACHABLE,
    &UNUSED_ACTION,
    &UNUSED_CHANNEL,
    &UNUSED_VALUE,
    &NOBODY_ENTERS,
    &EMPTY_CELLS,
    &NEVER_FIRES,
    &WORKED_HOLIDAY,
    &GUARDS_NOTHING,
    &NEVER_FITS,
    &LOOKS_BACK_FOR_GOOD,
    &ANCHOR,
    &NEEDS_DATE,
    &CYCLES_OVERLAP,
];

/// Nothing of that name.
pub static UNKNOWN_REFERENCE: Code = Code {
    id: "E401",
    title: "nothing of that name",
    explanation: "The table names another (an event, a field, a channel, an action, a trigger) that is not declared.",
    example: "[event.order.fields]\namount = \"number\"\n[metric.orders]\nevent = \"ordr\"\ntake = \"count\"\n",
};

/// The event's or the customer's.
pub static AMBIGUOUS: Code = Code {
    id: "E402",
    title: "the event's or the customer's",
    explanation: "Over an event, both the event's fields and the customer's values are used bare; a name in both is written `event.x` or `customer.x`. Every event has an `id`, as every customer has.",
    example: "[customer.fields]\nregion = \"text\"\n[event.order.fields]\nregion = \"text\"\n[metric.orders_north]\nevent = \"order\"\ntake = \"count\"\nwhere = 'region == \"north\"'\n",
};

/// Values use each other in a loop.
pub static LOOP: Code = Code {
    id: "E403",
    title: "values use each other in a loop",
    explanation: "Each value is found after all it uses; a loop has no first.",
    example: "[score.first]\nvalue = 'second + 1'\n[score.second]\nvalue = 'first + 1'\n",
};

/// Uses what is disabled.
pub static DISABLED: Code = Code {
    id: "E404",
    title: "uses what is disabled",
    explanation: "A table with `enabled = false` is checked but left out, so nothing that counts can use it.",
    example: "[score.size]\nvalue = '1'\nenabled = false\n[segment.large]\nwhen = 'size > 3'\n",
};

/// Nothing fills a required target.
pub static TARGET_MISSING: Code = Code {
    id: "E405",
    title: "nothing fills a required target",
    explanation: "Rows of customers need `id`; rows of events need `at` and, unless the event happens to everyone, `customer`.",
    example: "[event.order.fields]\namount = \"number\"\n[source.orders]\ninto = \"event.order\"\npath = \"inbox/orders*.csv\"\ncolumns = { customer = \"CustomerID\", amount = \"Amount\" }\n",
};

/// No such target.
pub static TARGET: Code = Code {
    id: "E406",
    title: "no such target",
    explanation: "A source fills `id`, `customer`, `at` and the declared fields of what its rows become.",
    example: "[customer.fields]\nphone = \"text\"\n[source.people]\ninto = \"customer\"\npath = \"inbox/people.csv\"\ncolumns = { id = \"ID\", phon = \"Phone\" }\n",
};

/// The expression gives another type.
pub static TARGET_TYPE: Code = Code {
    id: "E407",
    title: "the expression gives another type",
    explanation: "It must give the target's type; only for `at` is text read as a column would be.",
    example: "[customer.fields]\nborn = \"date\"\n[source.people]\ninto = \"customer\"\npath = \"inbox/people.csv\"\ncolumns = { id = \"ID\", born = { value = 'number(Year)' } }\n",
};

/// A target is filled twice.
pub static TARGET_TWICE: Code = Code {
    id: "E408",
    title: "a target is filled twice",
    explanation: "Each target has one origin.",
    example: "[customer.fields]\nphone = \"text\"\n[source.people]\ninto = \"customer\"\npath = \"inbox/people.csv\"\ncolumns = { id = \"ID\", phone = \"Phone\" }\nconstants = { phone = \"none\" }\n",
};

/// `take` can't be made of this type.
pub static TAKE: Code = Code {
    id: "E409",
    title: "`take` can't be made of this type",
    explanation: "`sum`, `mean` and `median` are made of numbers, `min` and `max` of numbers, dates and times.",
    example: "[event.visit.fields]\nmood = \"text\"\n[metric.mean_mood]\nevent = \"visit\"\ntake = \"mean\"\nof = 'mood'\n",
};

/// The two fields are of different types.
pub static SAME: Code = Code {
    id: "E410",
    title: "the two fields are of different types",
    explanation: "`same` compares a field of the event with that of the one that follows.",
    example: "[event.complaint.fields]\nticket = \"text\"\n[event.answer.fields]\nticket = \"number\"\n[metric.open]\nevent = \"complaint\"\ntake = \"count\"\nunless = \"answer\"\nsame = \"ticket\"\n",
};

/// Shares are cumulative.
pub static NOT_ASCENDING: Code = Code {
    id: "E411",
    title: "shares are cumulative",
    explanation: "Each level's share includes the levels above it, so shares of a kind grow from the top downwards.",
    example: "[score.size]\nvalue = '1'\n[tier.pyramid]\nby = 'size'\nlevels = [{ name = \"key\", top = \"20%\" }, { name = \"next\", top = \"5%\" }, { name = \"rest\" }]\n",
};

/// Nothing to go by.
pub static NEEDS_BY: Code = Code {
    id: "E412",
    title: "nothing to go by",
    explanation: "`top` and `holds` rank customers by the tier's `by`.",
    example: "[tier.pyramid]\nlevels = [{ name = \"key\", top = \"20%\" }, { name = \"rest\" }]\n",
};

/// Two levels or cells of one name.
pub static SAME_NAME: Code = Code {
    id: "E413",
    title: "two levels or cells of one name",
    explanation: "The places of a class are told apart by name.",
    example: "[tier.pyramid]\nlevels = [{ name = \"key\", when = 'is_known(id)' }, { name = \"key\" }]\n",
};

/// Data of different types.
pub static DATA_DIFFERS: Code = Code {
    id: "E414",
    title: "data of different types",
    explanation: "A key of `data` has one type at all places of its class, because expressions are typed.",
    example: "[tier.pyramid]\nlevels = [{ name = \"key\", when = 'is_known(id)', data = { visits = 12 } }, { name = \"rest\", data = { visits = \"none\" } }]\n",
};

/// Not exactly one way out.
pub static CHANNEL_KIND: Code = Code {
    id: "E415",
    title: "not exactly one way out",
    explanation: "The sub-table says which kind of channel it is.",
    example: "[channel.crm]\ntitle = \"CRM\"\n",
};

/// Two channels share a path.
pub static SHARED_PATH: Code = Code {
    id: "E416",
    title: "two channels share a path",
    explanation: "What two channels wrote into one file could not be told apart after a crash.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[channel.visits.file]\npath = \"out/./calls.jsonl\"\n",
};

/// Nothing fills a column.
pub static COLUMN: Code = Code {
    id: "E417",
    title: "nothing fills a column",
    explanation: "Columns of a CSV file are taken from the payload, then from `id`, `customer`, `action` and `due`.",
    example: "[channel.calls.file]\npath = \"out/calls.csv\"\ncolumns = [\"customer\", \"reason\"]\n[action.care_call]\nchannel = \"calls\"\npayload = { why = \"late\" }\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n",
};

/// This can't be evaluated.
pub static EVALUATE: Code = Code {
    id: "E418",
    title: "this can't be evaluated",
    explanation: "A schedule evaluates \"everything\", or segments, tiers, quadrants and triggers by name.",
    example: "[schedule.daily]\ncron = \"0 9 * * *\"\nevaluate = [\"all\"]\n",
};

/// Its changes are not kept.
pub static DOES_NOT_MOVE: Code = Code {
    id: "E430",
    title: "its changes are not kept",
    explanation: "A trigger's `moves` names a segment, tier or quadrant, or a customer field of text or choice: the history of those is kept. What a number does is said by a segment.",
    example: "[customer.fields]\nstaff = \"number\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.grown]\nmoves = \"staff\"\nactions = [\"care_call\"]\n",
};

/// A level nobody comes to.
pub static UNREACHABLE: Code = Code {
    id: "W401",
    title: "a level nobody comes to",
    explanation: "A level without `top`, `holds` and `when` takes all who are left; what stands below it is never reached. Nor is a level whose condition holds only for those whom the levels above have taken.",
    example: "[tier.pyramid]\nlevels = [{ name = \"all\" }, { name = \"rest\" }]\n",
};

/// Nothing fires an action.
pub static UNUSED_ACTION: Code = Code {
    id: "W402",
    title: "nothing fires an action",
    explanation: "An action that no trigger names never goes out.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n",
};

/// No action goes out by a channel.
pub static UNUSED_CHANNEL: Code = Code {
    id: "W403",
    title: "no action goes out by a channel",
    explanation: "A channel that no action names is never used.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n",
};

/// Nothing uses a value.
pub static UNUSED_VALUE: Code = Code {
    id: "W404",
    title: "a value nothing uses",
    explanation: "No expression and no payload speaks of this metric, ledger or score. Where it is there for people who look at it, the tag `report` says so.",
    example: "[event.order.fields]\namount = \"number\"\n[metric.orders]\nevent = \"order\"\ntake = \"count\"\n",
};

/// `leave_when` contradicts `when`.
pub static NOBODY_ENTERS: Code = Code {
    id: "W405",
    title: "a segment nobody enters",
    explanation: "Who meets `when` meets `leave_when` as well, and a customer who would leave at once doesn't enter. `leave_when` says when somebody who is in leaves; it should fail for those who have just come in.",
    example: "[customer.fields]\nquiet_days = \"number\"\n[segment.lapsing]\nwhen = 'quiet_days > 90'\nleave_when = 'quiet_days > 30'\n",
};

/// A split outside the range.
pub static EMPTY_CELLS: Code = Code {
    id: "W406",
    title: "cells nobody comes to",
    explanation: "The split lies outside what the coordinate can be, so all customers are on one side of it.",
    example: "[customer.fields]\nvalue = \"number\"\nfit = { type = \"number\", min = 0, max = 1 }\n[quadrant.selection]\nx = { value = 'value', split = \"median\" }\ny = { value = 'fit', split = 80 }\ntop_right = { name = \"focus\" }\nbottom_right = { name = \"moment\" }\ntop_left = { name = \"passive\" }\nbottom_left = { name = \"let_go\" }\n",
};

/// `audience` excludes `when`.
pub static NEVER_FIRES: Code = Code {
    id: "W407",
    title: "a trigger that never fires",
    explanation: "Nobody in the audience can meet `when`, or no change is as `from`, `to` and `direction` say.",
    example: "[customer.fields]\norders = \"number\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.first]\nwhen = 'orders == 1'\naudience = 'orders > 3'\nactions = [\"care_call\"]\n",
};

/// A make-up day on a holiday.
pub static WORKED_HOLIDAY: Code = Code {
    id: "W408",
    title: "a day both holiday and make-up day",
    explanation: "The day is worked, since make-up days win over holidays. One of the two lists is likely wrong.",
    example: "[calendar.cn]\nholidays = [\"2027-02-08\"]\nworkdays = [\"2027-02-08\"]\n",
};

/// A guard that is asked about nothing.
pub static GUARDS_NOTHING: Code = Code {
    id: "W409",
    title: "a guard that is asked about nothing",
    explanation: "No action is allowed by `channels`, `actions` and `tags` all at once, so the guard never holds anything back.",
    example: "[channel.mail.file]\npath = \"out/mail.jsonl\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[action.care_mail]\nchannel = \"mail\"\ntags = [\"care\"]\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\", \"care_mail\"]\n[guard.consent]\nchannels = [\"calls\"]\ntags = [\"care\"]\n[guard.consent.block]\nwhen = 'id == \"\"'\n",
};

/// An action that never finds a place.
pub static NEVER_FITS: Code = Code {
    id: "W410",
    title: "an action that never finds a place",
    explanation: "Its `effort` is more than all the places of a capacity, so its touches wait until they expire.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\neffort = 5\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n[guard.people.capacity]\nmax = 3\n",
};

/// A ledger for good, over events that are not kept so.
pub static LOOKS_BACK_FOR_GOOD: Code = Code {
    id: "W411",
    title: "a ledger that neither fades nor lapses over events that are not kept for good",
    explanation: "What was put in or taken out by events older than `retain` keeps them no longer counts, so the balance changes on the day they go.",
    example: "[settings]\nretain = { events = \"5y\" }\n[event.order.fields]\namount = \"number\"\n[ledger.points]\ntags = [\"report\"]\n[[ledger.points.entry]]\non = \"order\"\namount = 'amount'\n",
};

/// Not exactly one kind of guard.
pub static GUARD_KIND: Code = Code {
    id: "E419",
    title: "not exactly one kind of guard",
    explanation: "The sub-table says which kind of guard it is.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n[guard.consent]\ntitle = \"Consent\"\n",
};

/// Hours that never open, or always are.
pub static NO_WINDOW: Code = Code {
    id: "E420",
    title: "hours without a window",
    explanation: "`from` and `until` must differ: a window is open from the one until the other, over midnight where `until` comes earlier in the day.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n[guard.night.hours]\nfrom = \"09:00\"\nuntil = \"09:00\"\n",
};

/// More places are kept than there are.
pub static RESERVES: Code = Code {
    id: "E421",
    title: "more places are kept than there are",
    explanation: "The shares of `reserve` are parts of the same places.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n[guard.people.capacity]\nmax = 20\nreserve = [{ when = 'id > \"m\"', share = \"60%\" }, { when = 'id > \"x\"', share = \"50%\" }]\n",
};

/// What is looked back on is not kept so long.
pub static KEPT_TOO_SHORT: Code = Code {
    id: "E422",
    title: "not kept as long as it is looked back on",
    explanation: "What `retain` lets go can't be counted: a window longer than it would silently count less.",
    example: "[settings]\nretain = { events = \"1y\" }\n[event.order.fields]\namount = \"number\"\n[metric.orders]\nevent = \"order\"\ntake = \"count\"\nwithin = \"365d\"\nbefore = \"365d\"\ntags = [\"report\"]\n",
};

/// A cadence counts from dates and times.
pub static ANCHOR: Code = Code {
    id: "E440",
    title: "nothing to count from",
    explanation: "The times of a cadence count from its enrolments, from a date or a time, or from days of a calendar.",
    example: "[customer.fields]\nborn_in = \"number\"\n[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.card]\nchannel = \"calls\"\n[cadence.birthday]\nanchor = 'born_in'\nrepeat = \"yearly\"\nstep = [{ id = \"card\", action = \"card\" }]\n",
};

/// Only a date can be come before.
pub static NEEDS_DATE: Code = Code {
    id: "E441",
    title: "this needs a date to count from",
    explanation: "`before` and `yearly` go with a date or time that is known beforehand, not with an enrolment.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.card]\nchannel = \"calls\"\n[cadence.birthday]\nanchor = \"enrolment\"\nstep = [{ id = \"card\", before = \"3d\", action = \"card\" }]\n",
};

/// A step in the next cycle.
pub static CYCLES_OVERLAP: Code = Code {
    id: "W440",
    title: "a step in the next cycle",
    explanation: "The step is further from the start of its cycle than `repeat`, so it comes when the next cycle has begun, between the steps of that one. Each cycle still has each step once.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.card]\nchannel = \"calls\"\n[cadence.care]\nrepeat = \"30d\"\nstep = [{ id = \"card\", after = \"45d\", action = \"card\" }]\n",
};
