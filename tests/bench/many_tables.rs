//! A generated policy set of the size a large operations team has: 500 tables in 20 files, of which each uses what
//! stands in its own file and the orders.

use std::fmt::Write as _;

/// Files of the set.
pub(crate) const FILES: usize = 20;
/// Tables of each file.
pub(crate) const TABLES: usize = 25;

const SHARED: &str = r#"
[settings]
timezone = "Europe/London"
[customer.fields]
name = "text"
country = "text"
opted_out = { type = "bool", default = false }
[event.order.fields]
amount = "number"
status = { type = "choice", of = ["placed", "cancelled"] }
[event.complaint.fields]
ticket = "text"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount", status = "status" }
[channel.mail.file]
path = "out/mail-{date}.jsonl"
format = "jsonl"
[guard.consent.block]
when = 'opted_out'
[guard.seldom]
tags = ["sales"]
[guard.seldom.cap]
max = 2
per = "7d"
[guard.day.hours]
from = "00:00"
until = "23:59"
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
"#;

/// The files of the set, by name.
pub(crate) fn files() -> Vec<(String, String)> {
    let parts = (0..FILES).map(|part| (format!("part_{part:02}.toml"), file(part, 30)));
    parts.chain([("shared.toml".to_owned(), SHARED.to_owned())]).collect()
}

/// One of the files; the edit is to the days after which its customers are quiet.
pub(crate) fn file(part: usize, quiet_days: usize) -> String {
    let mut text = format!("# Part {part}\n");
    metrics(&mut text, part);
    classes(&mut text, part, quiet_days);
    actions(&mut text, part);
    text
}

/// Eight metrics, a ledger and two scores.
fn metrics(text: &mut String, part: usize) {
    let days = 30 + part * 17;
    for (name, take) in [
        ("orders", "\"count\"\nwhere = 'status == \"placed\"'".to_owned()),
        ("recent", format!("\"count\"\nwithin = \"{days}d\"")),
        ("before", format!("\"count\"\nwithin = \"{days}d\"\nbefore = \"{days}d\"")),
        ("revenue", format!("\"sum\"\nof = 'amount'\nwithin = \"{}d\"", days * 2)),
        ("largest", "\"max\"\nof = 'amount'".to_owned()),
        ("usual", "\"median\"\nof = 'amount'".to_owned()),
        ("quiet", "\"days_since_last\"".to_owned()),
        ("gap", "\"median_gap_days\"".to_owned()),
    ] {
        writeln!(text, "[metric.{name}_{part}]\nevent = \"order\"\ntake = {take}").expect("text grows");
    }
    writeln!(
        text,
        "[ledger.goodwill_{part}]\nhalf_life = \"{days}d\"\n[[ledger.goodwill_{part}.entry]]\non = \"order\"\namount = '2'\n[[ledger.goodwill_{part}.entry]]\non = \"complaint\"\namount = '-3'\n\
         [score.worth_{part}]\nvalue = 'revenue_{part} * 0.6 + largest_{part} * 0.2 + goodwill_{part} * {part}'\n\
         [score.rank_{part}]\nrank = 'worth_{part}'\namong = 'orders_{part} > 0'"
    )
    .expect("text grows");
}

/// Five segments, a tier and a quadrant.
fn classes(text: &mut String, part: usize, quiet_days: usize) {
    for (name, when) in [
        ("lapsing", format!("quiet_{part} > {quiet_days} && orders_{part} >= 2")),
        ("growing", format!("recent_{part} > before_{part}")),
        ("large", format!("largest_{part} > 4 * usual_{part}")),
        ("late", format!("quiet_{part} > 2 * gap_{part} && orders_{part} >= 3")),
        ("best", format!("rank_{part} > 0.{}", 70 + part)),
    ] {
        writeln!(text, "[segment.{name}_{part}]\nwhen = '{when}'").expect("text grows");
    }
    writeln!(
        text,
        "[tier.pyramid_{part}]\nby = 'worth_{part}'\namong = 'orders_{part} > 0'\nfall_after = \"90d\"\n\
         levels = [{{ name = \"key\", top = \"2%\" }}, {{ name = \"main\", top = \"20%\" }}, {{ name = \"other\" }}]\n\
         [quadrant.plan_{part}]\nx = {{ value = 'rank_{part}', split = 0.8 }}\ny = {{ value = 'recent_{part}', split = \"top 20%\" }}\n\
         top_right = {{ name = \"keep\" }}\nbottom_right = {{ name = \"win\" }}\ntop_left = {{ name = \"grow\" }}\nbottom_left = {{ name = \"leave\" }}"
    )
    .expect("text grows");
}

/// An action, a cadence and five triggers.
fn actions(text: &mut String, part: usize) {
    writeln!(
        text,
        "[action.write_{part}]\nchannel = \"mail\"\ntags = [\"sales\"]\npriority = 'worth_{part}'\n\
         payload = {{ text = \"{{{{ because.title }}}}: {{{{ quiet_{part} | round }}}} days, {{{{ pyramid_{part} }}}}\" }}\n\
         [cadence.care_{part}]\naudience = 'at_least(pyramid_{part}, \"main\") && plan_{part} == \"keep\"'\nrepeat = \"90d\"\nstagger = \"90d\"\n\
         [[cadence.care_{part}.step]]\nid = \"visit\"\nafter = \"1d\"\naction = \"write_{part}\""
    )
    .expect("text grows");
    for (name, when) in [
        ("lapse", format!("lapsing_{part} && !opted_out")),
        ("growth", format!("growing_{part} && pyramid_{part} == \"main\"")),
        ("size", format!("large_{part}")),
        ("late", format!("late_{part} && goodwill_{part} > 0")),
        ("prize", format!("best_{part} && plan_{part} == \"keep\"")),
    ] {
        writeln!(
            text,
            "[trigger.{name}_{part}]\nwhen = '{when}'\ncooldown = \"30d\"\nactions = [\"write_{part}\"]"
        )
        .expect("text grows");
    }
}
