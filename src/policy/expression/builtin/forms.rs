//! Calls with rules of their own: their arguments are names or fixed texts, settled when the policy
//! is loaded.

/// A form for the reference.
#[derive(Debug)]
pub struct Form {
    /// As called.
    pub name: &'static str,
    /// How it is called.
    pub signature: &'static str,
    /// What it takes, in order.
    pub takes: &'static str,
    /// What it gives.
    pub returns: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// When it is missing.
    pub missing: &'static str,
    /// Calls with their values: in them `pyramid` is a tier where the customer rose from "ordinary" to
    /// "secondary", below "key", at noon of 28 February 2027 in Shanghai, the file's column 金额
    /// says 12.50, and the touch's action is tagged "care", and 120 of the ledger `points` lapse
    /// in ten days.
    pub examples: &'static [(&'static str, &'static str)],
}

/// Every form.
pub static FORMS: &[Form] = &[
    Form {
        name: "date",
        signature: "date(\"2027-01-31\")",
        takes: "text in quotes",
        returns: "date",
        summary: "A day of the calendar, checked when the policy is loaded.",
        missing: "never",
        examples: &[("date(\"2027-01-31\") - date(\"2027-01-01\")", "30")],
    },
    Form {
        name: "at_least",
        signature: "at_least(tier, \"level\")",
        takes: "an ordered tier, one of its levels in quotes",
        returns: "bool",
        summary: "Whether the customer is at this level of an ordered tier or above.",
        missing: "never: false for a customer in no level",
        examples: &[("at_least(pyramid, \"secondary\")", "true"), ("at_least(pyramid, \"key\")", "false")],
    },
    Form {
        name: "since",
        signature: "since(segment, tier or quadrant)",
        takes: "a segment, tier or quadrant",
        returns: "time",
        summary: "When the customer took the present place.",
        missing: "where no place was ever recorded",
        examples: &[("since(pyramid)", "2027-02-28T04:00:00Z"), ("days_since(since(pyramid)) < 1", "true")],
    },
    Form {
        name: "previous",
        signature: "previous(segment, tier or quadrant)",
        takes: "a segment, tier or quadrant",
        returns: "bool or choice",
        summary: "The place the customer had before the present one.",
        missing: "where there was none",
        examples: &[("previous(pyramid)", "ordinary")],
    },
    Form {
        name: "expiring",
        signature: "expiring(ledger, days)",
        takes: "a ledger that says `expires`, a number",
        returns: "number",
        summary: "What is in the ledger now and lapses within so many days, if nothing takes it out before.",
        missing: "where the number of days is",
        examples: &[("expiring(points, 30)", "120"), ("expiring(points, 7)", "0")],
    },
    Form {
        name: "tagged",
        signature: "tagged(\"tag\")",
        takes: "text in quotes",
        returns: "bool",
        summary: "Over the event `touch`: whether the touch's action has this tag.",
        missing: "never",
        examples: &[("tagged(\"care\")", "true"), ("tagged(\"sales\")", "false")],
    },
    Form {
        name: "col",
        signature: "col(\"column\")",
        takes: "text in quotes",
        returns: "text",
        summary: "A column of the file a source reads, whatever its name.",
        missing: "where the cell is empty",
        examples: &[("number(col(\"金额\"))", "12.5")],
    },
];
