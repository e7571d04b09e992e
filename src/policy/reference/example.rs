//! The examples of the reference, one for each kind of table. All together they are one policy set, which `tests/shipped.rs` loads and runs.

/// By kind; `function` has its own beside its script.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "settings",
        r#"[settings]
timezone = "Asia/Shanghai"
refresh  = "1d"
retain   = { events = "5y", history = "2y" }
"#,
    ),
    (
        "customer",
        r#"[customer.fields]
name            = "text"
phone           = { type = "text", personal = true }
account_manager = "text"
birthday        = "date"
zone            = { type = "text", description = "Where the customer lives, as in \"Asia/Tokyo\"" }
opted_out       = { type = "bool", default = false }
capability      = { type = "number", min = 0, max = 1, description = "How well we can meet the customer's needs" }
"#,
    ),
    (
        "event",
        r#"[event.order.fields]
amount = { type = "number", unit = "CNY" }
status = { type = "choice", of = ["paid", "cancelled"] }

[event.complaint.fields]
ticket   = "text"
cause    = "text"
severity = "number"

[event.complaint_answered.fields]
ticket = "text"

[event.contract.fields]
ends = "date"

[event.staff_left]                   # concerns whom `where` picks
everyone = true
[event.staff_left.fields]
staff = "text"
"#,
    ),
    (
        "source",
        r#"[source.orders]
into        = "event.order"
path        = "inbox/orders*.csv"
time_format = "%Y-%m-%d %H:%M"
when        = 'CustomerID != ""'
constants   = { status = "paid" }
[source.orders.columns]
id       = "InvoiceNo"
customer = "CustomerID"
at       = "InvoiceDate"
amount   = { value = 'number(Quantity) * number(UnitPrice)' }
"#,
    ),
    (
        "metric",
        r#"[metric.orders]
event = "order"
take  = "count"
where = 'status == "paid"'

[metric.revenue_12m]
event  = "order"
take   = "sum"
of     = 'amount'
where  = 'status == "paid"'
within = "365d"

[metric.days_since_order]
event = "order"
take  = "days_since_last"

[metric.order_gap]
event = "order"
take  = "median_gap_days"

[metric.open_complaints]
event  = "complaint"
take   = "count"
unless = "complaint_answered"
same   = "ticket"
"#,
    ),
    (
        "ledger",
        r#"[ledger.goodwill]                    # fades
half_life = "90d"
[[ledger.goodwill.entry]]
on     = "touch"
where  = 'tagged("care")'
amount = '2'
[[ledger.goodwill.entry]]
on     = "complaint"
amount = '-5'

[ledger.points]                      # lapses
expires = "365d"
[[ledger.points.entry]]
on     = "order"
amount = 'amount / 10'
"#,
    ),
    (
        "score",
        r"[score.lateness]
value = 'days_since_order / order_gap'

[score.value_rank]
rank  = 'revenue_12m'
among = 'orders > 0'
",
    ),
    (
        "segment",
        r#"[segment.lapsing]
when        = 'orders >= 3 && lateness > 2'
leave_when  = 'lateness < 1'
enter_after = "7d"
data        = { tone = "warm" }

[segment.lighthouse]
when = 'capability > 0.8'
best = { count = 20, by = 'revenue_12m' }
"#,
    ),
    (
        "tier",
        r#"[tier.pyramid]
title  = "Customer pyramid · 客户金字塔"
by     = 'revenue_12m'
among  = 'orders > 0'
levels = [
  { name = "key",       top = "1%",    title = "关键客户", data = { visits = 12 } },
  { name = "secondary", top = "20%",   data = { visits = 4 } },
  { name = "ordinary",  holds = "95%", data = { visits = 1 } },
  { name = "small",     data = { visits = 0 } },
]
fall_after = "90d"
"#,
    ),
    (
        "quadrant",
        r#"[quadrant.selection]
x = { value = 'value_rank', split = 0.8,      label = "Customer value" }
y = { value = 'capability', split = "median", label = "Match of our abilities with the need", margin = 0.05 }
top_right    = { name = "focus",   title = "重点选择", data = { strategy = "invest and keep" } }
bottom_right = { name = "moment",  title = "择机选择", data = { strategy = "wait" } }
top_left     = { name = "passive", title = "消极选择", data = { strategy = "hold" } }
bottom_left  = { name = "let_go",  title = "放弃选择", data = { strategy = "serve at low cost" } }
"#,
    ),
    (
        "channel",
        r#"[channel.crm.webhook]
url     = "${CRM_URL}"
secret  = "${CRM_SECRET}"
headers = { "x-team" = "care" }
rate    = "20/s"
retry   = { first = "5s", factor = 3, max = "6h", attempts = 12 }

[channel.call_list.file]
path    = "out/calls-{date}.csv"
columns = ["due", "customer", "name", "reason"]
[channel.call_list.payload]
name = "{{ name }}"
"#,
    ),
    (
        "action",
        r#"[action.care_call]
channel  = "call_list"
tags     = ["human", "care"]
priority = 'revenue_12m'
effort   = 2
expires  = "3d"
[action.care_call.payload]
reason = "{{ because.title }}: {{ days_since_order | round }} days without an order; {{ selection.data.strategy }}"

[action.message]
channel = "crm"
tags    = ["care"]
[action.message.payload]
why   = "{{ because.title }} {{ because.step }}"
visit = "{{ pyramid.data.visits }} visits a year"
tone  = "{{ lapsing.data.tone }}"

[action.answer]
channel = "crm"
[action.answer.payload]
ticket = "{{ event.ticket }}"
open   = "{{ open_complaints }}"
"#,
    ),
    (
        "cadence",
        r#"[cadence.care_611]                   # from the day a customer comes into the audience
title     = "611 care programme · 611工程"
audience  = 'at_least(pyramid, "secondary") && !opted_out'
repeat    = "90d"
stagger   = "14d"
stop_when = 'open_complaints > 0'
reenter   = "30d"
[[cadence.care_611.step]]
id     = "message_1"
after  = "7d"
action = "message"
[[cadence.care_611.step]]
id     = "call"
after  = "45d"
at     = "09:30"
action = "care_call"
when   = 'is_known(phone)'

[cadence.birthday]                   # by a date of the customer's
anchor = 'birthday'
repeat = "yearly"
[[cadence.birthday.step]]
id     = "card"
before = "3d"
action = "message"

[cadence.renewal]                    # once for each event, by a date of it
on     = "contract"
anchor = "ends"
[[cadence.renewal.step]]
id     = "offer"
before = "30d"
action = "care_call"

[cadence.greeting]                   # by the days of a calendar
anchor = "cn.spring_festival"
[[cadence.greeting.step]]
id     = "wish"
action = "message"
"#,
    ),
    (
        "trigger",
        r#"[trigger.lapsing]                    # when it becomes true
when     = 'lapsing'
audience = 'at_least(pyramid, "secondary")'
cause    = "natural"
severity = "high"
cooldown = "30d"
actions  = ["care_call"]

[trigger.overdrawn]
when    = 'goodwill < 0'
actions = ["care_call"]

[trigger.points_lapse]
when    = 'expiring(points, 30) > 100'
actions = ["message"]

[trigger.complaint]                  # for each such event
on      = "complaint"
where   = 'severity >= 3'
actions = ["answer"]

[trigger.again]                      # for the third alike
on      = "complaint"
times   = 3
same    = "cause"
within  = "90d"
actions = ["care_call"]

[trigger.unanswered]                 # when no answer follows in time
on      = "complaint"
unless  = "complaint_answered"
same    = "ticket"
within  = "48h"
actions = ["care_call"]

[trigger.manager_left]               # one event, many customers
on      = "staff_left"
where   = 'staff == account_manager'
actions = ["care_call"]

[trigger.demoted]                    # when a place changes
moves     = "pyramid"
direction = "down"
actions   = ["care_call"]

[trigger.favoured]
moves   = "lighthouse"
to      = ["true"]
actions = ["message"]
"#,
    ),
    (
        "guard",
        r#"[guard.consent.block]
when = 'opted_out'

[guard.control]
channels = ["crm"]
[guard.control.holdout]
share = "5%"
salt  = "2027h1"

[guard.night]
channels = ["crm"]
[guard.night.hours]
from     = "09:00"
until    = "20:00"
calendar = "cn"
timezone = 'zone'

[guard.weekly]
actions = ["message"]
[guard.weekly.cap]
max    = 2
per    = "7d"
effect = "wait"

[guard.people]
tags = ["human"]
[guard.people.capacity]
max     = 20
by      = 'account_manager'
first   = 'value_rank'
reserve = [ { when = 'pyramid == "key"', share = "80%" } ]

[guard.many.blast_radius]
share = "5%"
count = 1000
"#,
    ),
    (
        "schedule",
        r#"[schedule.workday_mornings]
cron     = "0 9 * * Mon-Fri"
catch_up = "latest"

[schedule.at_once]
on       = ["complaint"]
evaluate = ["trigger.complaint", "trigger.again"]
"#,
    ),
    (
        "calendar",
        r#"[calendar.cn]
holidays = ["2027-02-08", "2027-02-09"]
workdays = ["2027-02-07"]
days     = { spring_festival = ["2027-02-06", "2028-01-26"] }
"#,
    ),
];

/// The example of a kind.
pub(super) fn of(kind: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::policy::kind::KINDS;

    #[test]
    fn every_kind_has_an_example() {
        for kind in KINDS {
            assert!(kind.name == "function" || of(kind.name).is_some(), "{}", kind.name);
        }
    }
}
