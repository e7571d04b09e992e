//! Which files there are, and their columns.

use std::fmt::Arguments;
use std::ops::Range;

/// A kind of file: one row for each thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sheet {
    /// New customers.
    Customers,
    /// Orders and cancellations.
    Invoices,
    /// The main lines of invoices.
    Lines,
    /// Those who have not ordered yet, as colleagues rate them.
    Prospects,
    /// What colleagues know of customers, and what of it changes.
    Profiles,
    /// Incoming payments.
    Payments,
    /// Answers to surveys.
    Surveys,
    /// Complaints.
    Complaints,
    /// Answers to complaints.
    Answers,
    /// What came of calls.
    Contacts,
    /// Questions about products.
    Enquiries,
    /// Suggestions.
    Suggestions,
    /// Offers by rivals.
    Rivals,
    /// Changes of our terms for a customer.
    Terms,
    /// Points spent.
    Redemptions,
    /// Promotions and events of customers.
    Occasions,
    /// Colleagues who leave.
    Staff,
    /// News of products, prices, rivals, and of ourselves.
    Market,
}

impl Sheet {
    /// All, in the order in which their files should arrive.
    pub const ALL: [Self; 18] = [
        Self::Customers,
        Self::Invoices,
        Self::Lines,
        Self::Prospects,
        Self::Profiles,
        Self::Payments,
        Self::Surveys,
        Self::Complaints,
        Self::Answers,
        Self::Contacts,
        Self::Enquiries,
        Self::Suggestions,
        Self::Rivals,
        Self::Terms,
        Self::Redemptions,
        Self::Occasions,
        Self::Staff,
        Self::Market,
    ];

    /// What its files' names begin with, and their first line.
    #[must_use]
    pub const fn name_and_columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Customers => ("customers", "CustomerID,Country"),
            Self::Invoices => ("invoices", "InvoiceNo,CustomerID,InvoiceDate,Country,Lines,Quantity,Amount"),
            Self::Lines => ("lines", "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID"),
            Self::Prospects => (
                "prospects",
                "CustomerID,Country,Source,AccountManager,Distinct,Foresight,Developing,Adaptive,Finance,Prudence,\
                 PriceFocus,SelfReliance,Patience,Suppliers",
            ),
            Self::Profiles => (
                "profiles",
                "CustomerID,OptedOut,Contact,Phone,Birthday,Anniversary,AccountManager,Personality,Preference,\
                 Taboo,Source,Purpose,Margin,Wallet,RivalShare,MainSupplier,Capability,Customisation,PriceFocus,\
                 ContractEnd,Integrations,Partnership,Trade,Need,WantedProduct,WantedPrice",
            ),
            Self::Payments => ("payments", "PaymentNo,CustomerID,PaidAt,Amount,Method,DaysLate"),
            Self::Surveys => {
                ("surveys", "SurveyNo,CustomerID,AnsweredAt,Product,Service,Society,Recommend,Staff")
            }
            Self::Complaints => ("complaints", "Ticket,CustomerID,ReceivedAt,Cause,Severity"),
            Self::Answers => ("answers", "AnswerNo,CustomerID,AnsweredAt,Ticket"),
            Self::Contacts => ("contacts", "CallNo,CustomerID,CalledAt,Result,Minutes"),
            Self::Enquiries => ("enquiries", "EnquiryNo,CustomerID,AskedAt,Product,Fit,Urgent"),
            Self::Suggestions => ("suggestions", "SuggestionNo,CustomerID,MadeAt,Adopted"),
            Self::Rivals => ("rivals", "OfferNo,CustomerID,HeardAt,Rival,Outcome"),
            Self::Terms => ("terms", "ChangeNo,CustomerID,ChangedAt,Change"),
            Self::Redemptions => ("redemptions", "RedemptionNo,CustomerID,RedeemedAt,Points"),
            Self::Occasions => ("occasions", "OccasionNo,CustomerID,ToldAt,Kind,TakesPlace"),
            Self::Staff => ("staff", "NoticeNo,LeavesAt,Staff"),
            Self::Market => ("market", "NewsNo,ToldAt,What,Product,Price,Rival"),
        }
    }
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The local minute since 1970-01-01 in which it happened.
    pub minute: i64,
    /// Which file it belongs to.
    pub sheet: Sheet,
    /// Its cells, without the end of the line.
    pub text: String,
}

/// Keeps the rows of a window.
#[derive(Debug)]
pub struct Rows {
    window: Range<i64>,
    rows: Vec<Row>,
}

impl Rows {
    /// For what happens in these local minutes.
    #[must_use]
    pub const fn new(window: Range<i64>) -> Self {
        Self { window, rows: Vec::new() }
    }

    /// The minute before which everything is wanted.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.window.end
    }

    /// Takes a row if it falls into the window.
    pub fn add(&mut self, minute: i64, sheet: Sheet, cells: Arguments<'_>) {
        if self.window.contains(&minute) {
            self.rows.push(Row { minute, sheet, text: cells.to_string() });
        }
    }

    /// All taken, in order of time, then as they came.
    #[must_use]
    pub fn in_order(mut self) -> Vec<Row> {
        self.rows.sort_by_key(|row| row.minute);
        self.rows
    }
}
