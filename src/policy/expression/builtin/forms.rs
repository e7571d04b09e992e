//! Calls with rules of their own: their arguments are names or fixed texts, settled when the policy
//! is loaded.

/// A form for the reference.
#[derive(Debug)]
pub struct Form {
    /// As called.
    pub name: &'static str,
    /// How it is called.
    pub signature: &'static str,
    /// What it gives.
    pub returns: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// When it is missing.
    pub missing: &'static str,
    /// Calls that need no policy, with their values.
    pub examples: &'static [(&'static str, &'static str)],
}

/// Every form.
pub static FORMS: &[Form] = &[
    Form {
        name: "date",
        signature: "date(\"2027-01-31\")",
        returns: "date",
        summary: "A day of the calendar, checked when the policy is loaded.",
        missing: "never",
        examples: &[("date(\"2027-01-31\") - date(\"2027-01-01\")", "30")],
    },
    Form {
        name: "at_least",
        signature: "at_least(tier, \"level\")",
        returns: "bool",
        summary: "Whether the customer is at this level of an ordered tier or above.",
        missing: "never: false for a customer in no level",
        examples: &[],
    },
    Form {
        name: "since",
        signature: "since(segment, tier or quadrant)",
        returns: "time",
        summary: "When the customer took the present place.",
        missing: "where no place was ever recorded",
        examples: &[],
    },
    Form {
        name: "previous",
        signature: "previous(segment, tier or quadrant)",
        returns: "bool or choice",
        summary: "The place the customer had before the present one.",
        missing: "where there was none",
        examples: &[],
    },
    Form {
        name: "col",
        signature: "col(\"column\")",
        returns: "text",
        summary: "A column of the file a source reads, whatever its name.",
        missing: "where the cell is empty",
        examples: &[],
    },
];
