//! Problems of single tables, keys and values.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[
    &UNKNOWN_KIND,
    &UNKNOWN_KEY,
    &MISSING_KEY,
    &WRONG_TYPE,
    &BAD_NAME,
    &RESERVED,
    &TWICE,
    &SAME_NAME,
    &BAD_DURATION,
    &CALENDAR_DURATION,
    &TIMEZONE,
    &NOT_A_WORD,
    &OUT_OF_RANGE,
    &BAD_SHARE,
    &BAD_PATH,
    &ENCODING,
    &TIME_FORMAT,
    &BAD_CRON,
    &NUMERIC_WEEKDAY,
    &BAD_URL,
    &BAD_SECRET,
    &EMPTY,
    &REPEATED,
    &EXCLUDES,
    &NO_EFFECT,
    &BAD_CONSTANT,
    &BAD_VARIABLE,
    &BAD_HEADER,
    &BAD_RATE,
    &BAD_CLOCK,
];

/// No such kind of table.
pub static UNKNOWN_KIND: Code = Code {
    id: "E201",
    title: "no such kind of table",
    explanation: "Tables are written `[kind.name]`; the kind is none of those the language has.",
    example: "[segmnt.lapsing]\nwhen = 'true'\n",
};

/// No such key.
pub static UNKNOWN_KEY: Code = Code {
    id: "E202",
    title: "no such key",
    explanation: "A key that the table does not have would be ignored, which is never what was meant.",
    example: "[segment.known]\nwhen = 'is_known(id)'\nentre_after = \"7d\"\n",
};

/// A key is missing.
pub static MISSING_KEY: Code = Code {
    id: "E203",
    title: "a key is missing",
    explanation: "The table can't do without this key.",
    example: "[score.share]\ntitle = \"Share of wallet\"\n",
};

/// A value of the wrong type.
pub static WRONG_TYPE: Code = Code {
    id: "E204",
    title: "a value of the wrong type",
    explanation: "The key takes another type of TOML value: text in quotes, a number, true or false, a list, a table.",
    example: "[segment.known]\nwhen = true\n",
};

/// This is no name.
pub static BAD_NAME: Code = Code {
    id: "E206",
    title: "this is no name",
    explanation: "Names are made of a-z, 0-9 and _ and begin with a letter. Anything else belongs in `title`.",
    example: "[segment.Lapsing]\nwhen = 'is_known(id)'\n",
};

/// This name is taken.
pub static RESERVED: Code = Code {
    id: "E207",
    title: "this name is taken",
    explanation: "The word has a meaning of its own in expressions or is kept by the engine.",
    example: "[segment.default]\nwhen = 'is_known(id)'\n",
};

/// Declared twice.
pub static TWICE: Code = Code {
    id: "E208",
    title: "declared twice",
    explanation: "A name is unique within its kind, over all files.",
    example: "# file: a.toml\n[settings]\ntimezone = \"UTC\"\n# file: b.toml\n[settings]\nrefresh = \"1d\"\n",
};

/// Two values of one name.
pub static SAME_NAME: Code = Code {
    id: "E209",
    title: "two values of one name",
    explanation: "Customer fields, metrics, scores, segments, tiers and quadrants share one namespace, because expressions use them by their bare names.",
    example: "[score.known]\nvalue = '1'\n[segment.known]\nwhen = 'is_known(id)'\n",
};

/// This is no duration.
pub static BAD_DURATION: Code = Code {
    id: "E210",
    title: "this is no duration",
    explanation: "A duration is a whole number and a unit: `30s 15m 48h 90d 12w 3mo 1y`.",
    example: "[settings]\nrefresh = \"1 day\"\n",
};

/// Months and years differ in length.
pub static CALENDAR_DURATION: Code = Code {
    id: "E211",
    title: "months and years differ in length",
    explanation: "`mo` and `y` follow the calendar; a sliding window, a half-life or a wait between attempts needs a fixed length.",
    example: "[event.order.fields]\namount = \"number\"\n[metric.orders]\nevent = \"order\"\ntake = \"count\"\nwithin = \"3mo\"\n",
};

/// No such time zone.
pub static TIMEZONE: Code = Code {
    id: "E212",
    title: "no such time zone",
    explanation: "Time zones are named as in the IANA database.",
    example: "[settings]\ntimezone = \"Asia/Peking\"\n",
};

/// Not one of the words allowed.
pub static NOT_A_WORD: Code = Code {
    id: "E213",
    title: "not one of the words allowed",
    explanation: "The key takes one of a few words.",
    example: "[event.order.fields]\namount = \"number\"\n[metric.orders]\nevent = \"order\"\ntake = \"total\"\n",
};

/// Out of range.
pub static OUT_OF_RANGE: Code = Code {
    id: "E214",
    title: "out of range",
    explanation: "The number or duration is outside what makes sense here.",
    example: "[segment.best]\nwhen = 'is_known(id)'\nbest = { count = 0, by = '1' }\n",
};

/// This is no share.
pub static BAD_SHARE: Code = Code {
    id: "E215",
    title: "this is no share",
    explanation: "Shares are percentages above 0 and up to 100, with at most four decimals.",
    example: "[score.size]\nvalue = '1'\n[tier.pyramid]\nby = 'size'\nlevels = [{ name = \"key\", top = \"120%\" }, { name = \"rest\" }]\n",
};

/// This path can't be used.
pub static BAD_PATH: Code = Code {
    id: "E216",
    title: "this path can't be used",
    explanation: "Paths are relative to the data folder and stay in it; those of sources end with .csv, .jsonl, .csv.gz or .jsonl.gz; those of channels know {date}, {month}, {action} and {channel}.",
    example: "[channel.calls.file]\npath = \"../calls.jsonl\"\n",
};

/// No such encoding.
pub static ENCODING: Code = Code {
    id: "E217",
    title: "no such encoding",
    explanation: "Encodings are named as in the WHATWG encoding standard.",
    example: "[customer.fields]\nphone = \"text\"\n[source.people]\ninto = \"customer\"\npath = \"inbox/people.csv\"\nencoding = \"chinese-5\"\ncolumns = { id = \"ID\" }\n",
};

/// This is no time format.
pub static TIME_FORMAT: Code = Code {
    id: "E218",
    title: "this is no time format",
    explanation: "Time formats are those of strftime.",
    example: "[customer.fields]\nphone = \"text\"\n[source.people]\ninto = \"customer\"\npath = \"inbox/people.csv\"\ntime_format = \"YYYY-MM-DD\"\ncolumns = { id = \"ID\" }\n",
};

/// This is no cron expression.
pub static BAD_CRON: Code = Code {
    id: "E219",
    title: "this is no cron expression",
    explanation: "Five fields (minute, hour, day of the month, month, weekday), or six with seconds in front.",
    example: "[schedule.daily]\ncron = \"0 25 * * *\"\n",
};

/// Weekdays are written by name.
pub static NUMERIC_WEEKDAY: Code = Code {
    id: "E220",
    title: "weekdays are written by name",
    explanation: "Numbers mean different days in different programs, so they are not taken.",
    example: "[schedule.workdays]\ncron = \"0 9 * * 1-5\"\n",
};

/// This is no address.
pub static BAD_URL: Code = Code {
    id: "E221",
    title: "this is no address",
    explanation: "A webhook is called at http://… or https://…, or at what a variable of the environment says.",
    example: "[channel.crm.webhook]\nurl = \"crm.example.com\"\n",
};

/// This is no webhook secret.
pub static BAD_SECRET: Code = Code {
    id: "E222",
    title: "this is no webhook secret",
    explanation: "Secrets are `whsec_` and 24 to 64 bytes in Base64, or a variable of the environment.",
    example: "[channel.crm.webhook]\nurl = \"https://crm.example.com\"\nsecret = \"hunter2\"\n",
};

/// Empty.
pub static EMPTY: Code = Code {
    id: "E223",
    title: "empty",
    explanation: "Something is needed here.",
    example: "[event.visit.fields]\nmood = { type = \"choice\", of = [] }\n",
};

/// Listed twice.
pub static REPEATED: Code = Code {
    id: "E224",
    title: "listed twice",
    explanation: "Each entry of this list counts once.",
    example: "[event.visit.fields]\nmood = { type = \"choice\", of = [\"warm\", \"cold\", \"warm\"] }\n",
};

/// Two keys that exclude each other.
pub static EXCLUDES: Code = Code {
    id: "E225",
    title: "two keys that exclude each other",
    explanation: "The table can only mean one of the two.",
    example: "[score.size]\nvalue = '1'\nrank = '1'\n",
};

/// A key without effect.
pub static NO_EFFECT: Code = Code {
    id: "E226",
    title: "a key without effect",
    explanation: "The key means nothing beside the others of its table.",
    example: "[score.size]\nvalue = '1'\namong = 'is_known(id)'\n",
};

/// A constant of another type.
pub static BAD_CONSTANT: Code = Code {
    id: "E227",
    title: "a constant of another type",
    explanation: "The constant must fit the type it stands for.",
    example: "[customer.fields]\nopted_out = { type = \"bool\", default = \"no\" }\n",
};

/// This is no variable.
pub static BAD_VARIABLE: Code = Code {
    id: "E228",
    title: "this is no variable",
    explanation: "`${NAME}` stands for a variable of the environment, in `url`, `headers` and `secret` only.",
    example: "[channel.crm.webhook]\nurl = \"https://${CRM HOST}/touch\"\n",
};

/// This header can't be set.
pub static BAD_HEADER: Code = Code {
    id: "E229",
    title: "this header can't be set",
    explanation: "Headers have the form HTTP gives them, and some are set by the engine.",
    example: "[channel.crm.webhook]\nurl = \"https://crm.example.com\"\nheaders = { \"webhook-id\" = \"1\" }\n",
};

/// This is no rate.
pub static BAD_RATE: Code = Code {
    id: "E230",
    title: "this is no rate",
    explanation: "A rate is a whole number, `/` and s, m or h.",
    example: "[channel.crm.webhook]\nurl = \"https://crm.example.com\"\nrate = \"20 per second\"\n",
};

/// This is no time of day.
pub static BAD_CLOCK: Code = Code {
    id: "E231",
    title: "this is no time of day",
    explanation: "Times of day are hours and minutes of 24 hours, as in \"09:30\"; \"24:00\" is the end of the day.",
    example: "[channel.calls.file]\npath = \"out/calls.jsonl\"\n[action.care_call]\nchannel = \"calls\"\n[trigger.late]\nwhen = 'days_since(known_since) > 90'\nactions = [\"care_call\"]\n[guard.night.hours]\nfrom = \"9am\"\nuntil = \"20:00\"\n",
};
