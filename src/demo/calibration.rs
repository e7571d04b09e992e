//! What the world is calibrated on, as constants.
//!
//! Measured on Online Retail: Chen, D. (2015), UCI Machine Learning Repository, doi 10.24432/C5BW33,
//! CC BY 4.0; 22,190 invoices of 4,372 customers over 373 days, 2010-12-01 to 2011-12-09, one row per
//! invoice. "Placed" means not cancelled: 18,536 invoices of 4,339 customers. Parameters that cannot
//! be read off were fitted so that the measured figures come out; the tests of
//! [`world`](super::world) hold them to that.

/// Days that the measured period spans.
pub const PERIOD_DAYS: f64 = 373.0;

/// Share of customers who were customers before the period began. Fitted to the share who first order
/// in its first month (20.4 %) and in its first half (62.6 %).
pub const FOUNDERS: f64 = 0.30;

/// How much of their own gap, at most, customers from before let pass until their first order of the
/// period. Fitted with [`FOUNDERS`].
pub const FOUNDER_WAIT: f64 = 1.6;

/// Mean of the logarithm of the customers' own gaps between orders, in days. Fitted, with
/// [`GAP_DEVIATION`] and the chance to leave, to orders per customer: mean 4.27, 34.4 % one, median 2,
/// upper quartile 5, top tenth 9, top hundredth 30.
pub const GAP_MEAN: f64 = 4.36;

/// Standard deviation, between customers, of the logarithm of their own gap. See [`GAP_MEAN`].
pub const GAP_DEVIATION: f64 = 0.99;

/// Standard deviation of the logarithm of one customer's gaps: a mean coefficient of variation of 0.69
/// over the 330 customers with ten orders or more.
pub const GAP_WITHIN: f64 = 0.62;

/// Share of orders followed by another within two hours. Fitted to the share of gaps under a day: 10.5 %,
/// most of them that short.
pub const SAME_DAY: f64 = 0.075;

/// The chance to leave for good after an order, as a logit: its mean, its deviation between
/// customers, and how it grows with a deviation of the own gap. Fitted to days since the last order:
/// quartiles 17, 50, 141, top tenth 262.
pub const LEAVE_LOGIT: [f64; 3] = [-2.9, 2.29, 0.53];

/// Mean of the logarithm of amounts of placed orders in pounds: between the mean measured, 5.58, and that
/// of the median of 303 pounds, 5.71, since small amounts are more than a log-normal has.
pub const AMOUNT_MEAN: f64 = 5.65;

/// Standard deviation, between customers, of the logarithm of their usual amount: what the variance of all
/// amounts (1.07²) leaves beside [`AMOUNT_WITHIN`].
pub const AMOUNT_BETWEEN: f64 = 0.62;

/// Standard deviation of the logarithm of one customer's amounts, over customers with five orders or more.
pub const AMOUNT_WITHIN: f64 = 0.87;

/// Mean and standard deviation of the logarithm of lines on an order (median 15, top tenth 48).
pub const LINES: [f64; 2] = [2.52, 1.16];

/// Correlation of the logarithms of lines and amount.
pub const LINES_WITH_AMOUNT: f64 = 0.54;

/// Mean and standard deviation of the logarithm of pounds per piece.
pub const PRICE: [f64; 2] = [0.685, 0.68];

/// Chance that a cancellation follows an order. Fitted to 3,654 cancellations among 22,190 invoices, 16.5 %:
/// some fall beyond the period. Customers differ: each has a chance between none and twice this (36 % of
/// customers have any).
pub const CANCELLED: f64 = 0.21;

/// Mean and standard deviation of the logarithm of a cancellation's amount over the customer's usual one.
pub const CANCELLED_PART: [f64; 2] = [-2.96, 1.43];

/// Longest time between an order and its cancellation, in days. Assumed: invoices do not tell.
pub const CANCELLED_WITHIN: f64 = 30.0;

/// Share of orders by weekday from Monday: none on Saturdays.
pub const WEEKDAYS: [f64; 7] = [0.154, 0.172, 0.186, 0.218, 0.153, 0.0, 0.117];

/// Share of orders by local hour from midnight.
pub const HOURS: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.002, 0.030, 0.075, 0.120, 0.123, 0.169, 0.142, 0.123, 0.110, 0.059,
    0.029, 0.009, 0.008, 0.001, 0.0, 0.0, 0.0,
];

/// Orders a day by month from January, over the mean of the year: the autumn before Christmas is the season.
pub const MONTHS: [f64; 12] = [0.64, 0.72, 0.86, 0.77, 1.01, 0.93, 0.86, 0.83, 1.18, 1.25, 1.78, 1.17];

/// Share of customers by country; the 23 rarer countries (together 4 %) are left out.
pub const COUNTRIES: [(&str, f64); 14] = [
    ("United Kingdom", 0.9035),
    ("Germany", 0.0217),
    ("France", 0.0199),
    ("Spain", 0.0069),
    ("Belgium", 0.0053),
    ("Switzerland", 0.0046),
    ("Portugal", 0.0043),
    ("Italy", 0.0034),
    ("Finland", 0.0027),
    ("Norway", 0.0023),
    ("Austria", 0.0021),
    ("Denmark", 0.0021),
    ("Australia", 0.0021),
    ("Netherlands", 0.0021),
];
