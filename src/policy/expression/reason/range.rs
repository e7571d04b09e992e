//! Ranges of numbers, of dates as day numbers and of times as milliseconds.
//!
//! What is computed of ranges always holds every number that the same computation may give.

/// The numbers between two ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The lower end.
    pub low: f64,
    /// Whether the lower end itself is left out.
    pub low_open: bool,
    /// The upper end.
    pub high: f64,
    /// Whether the upper end itself is left out.
    pub high_open: bool,
    /// Whether only whole numbers are meant.
    pub whole: bool,
    /// Single numbers left out.
    except: Vec<f64>,
}

impl Range {
    /// Every number.
    #[must_use]
    pub const fn all() -> Self {
        Self::between(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// Both ends included.
    #[must_use]
    pub const fn between(low: f64, high: f64) -> Self {
        Self { low, low_open: false, high, high_open: false, whole: false, except: Vec::new() }
    }

    /// One number.
    #[must_use]
    pub fn point(number: f64) -> Self {
        Self { whole: number.fract() == 0.0, ..Self::between(number, number) }
    }

    /// From a number upwards.
    #[must_use]
    pub const fn from(low: f64) -> Self {
        Self::between(low, f64::INFINITY)
    }

    /// Only the whole numbers of it.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }.tidy()
    }

    /// No number at all.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::between(f64::INFINITY, f64::NEG_INFINITY)
    }

    /// Whether it holds no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low > self.high || (self.low >= self.high && (self.low_open || self.high_open))
    }

    /// The only number it holds.
    #[must_use]
    pub fn only(&self) -> Option<f64> {
        (self.low >= self.high && !self.is_empty()).then_some(self.low)
    }

    /// Whether it holds a number.
    #[must_use]
    pub fn contains(&self, number: f64) -> bool {
        !self.intersect(&Self::point(number)).is_empty()
    }

    /// Whether a number is one of the ends.
    #[must_use]
    pub fn ends_at(&self, number: f64) -> bool {
        [self.low, self.high].contains(&number)
    }

    /// Whether it has an upper and a lower end.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// In words: `is from 0 to 1`, `is at least 0`.
    #[must_use]
    pub fn described(&self) -> String {
        let (low, high) = (self.low, self.high);
        let what = if self.whole { "a whole number " } else { "" };
        match (low.is_finite(), high.is_finite()) {
            (true, true) if self.high_open => format!("is {what}from {low} up to but not {high}"),
            (true, true) => format!("is {what}from {low} to {high}"),
            (true, false) => format!("is at least {low}"),
            (false, true) => format!("is at most {high}"),
            (false, false) => "is any number".to_owned(),
        }
    }

    /// The numbers of both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut met = self.clone().above(other.low, other.low_open).below(other.high, other.high_open);
        met.whole = self.whole || other.whole;
        met.except.extend(&other.except);
        met.tidy()
    }

    /// The least range with the numbers of either.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        let low = self.low.min(other.low);
        let high = self.high.max(other.high);
        let open = |end: f64, own: f64, is_open: bool| ![own].contains(&end) || is_open;
        Self {
            low,
            low_open: open(low, self.low, self.low_open) && open(low, other.low, other.low_open),
            high,
            high_open: open(high, self.high, self.high_open) && open(high, other.high, other.high_open),
            whole: self.whole && other.whole,
            except: Vec::new(),
        }
    }

    /// Those above an end.
    #[must_use]
    pub fn above(mut self, low: f64, open: bool) -> Self {
        if low > self.low {
            (self.low, self.low_open) = (low, open);
        } else if low >= self.low {
            self.low_open |= open;
        }
        self.tidy()
    }

    /// Those below an end.
    #[must_use]
    pub fn below(mut self, high: f64, open: bool) -> Self {
        if high < self.high {
            (self.high, self.high_open) = (high, open);
        } else if high <= self.high {
            self.high_open |= open;
        }
        self.tidy()
    }

    /// All but one number.
    #[must_use]
    pub fn without(mut self, number: f64) -> Self {
        self.except.push(number);
        self.tidy()
    }

    /// Draws the ends in to what they can be.
    fn tidy(mut self) -> Self {
        if self.whole {
            let up = |low: f64, open: bool| if open { low.floor() + 1.0 } else { low.ceil() };
            if self.low.is_finite() {
                (self.low, self.low_open) = (up(self.low, self.low_open), false);
            }
            if self.high.is_finite() {
                (self.high, self.high_open) = (-up(-self.high, self.high_open), false);
            }
        }
        for _ in 0..self.except.len() {
            let is_left_out = |end: f64| self.except.contains(&end);
            let (low, high) = (is_left_out(self.low), is_left_out(self.high));
            match (self.whole, low, high) {
                (_, false, false) => break,
                (true, ..) => {
                    self.low += f64::from(u8::from(low));
                    self.high -= f64::from(u8::from(high));
                }
                (false, ..) => {
                    self.low_open |= low;
                    self.high_open |= high;
                    break;
                }
            }
        }
        self
    }

    /// The range of what a monotone step makes of the ends, which are then included.
    #[must_use]
    pub fn stepped(&self, step: impl Fn(f64) -> f64) -> Self {
        if self.is_empty() { Self::nothing() } else { Self::between(step(self.low), step(self.high)) }
    }

    /// `-x`.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self {
            low: -self.high,
            low_open: self.high_open,
            high: -self.low,
            high_open: self.low_open,
            whole: self.whole,
            except: self.except.iter().map(|number| -number).collect(),
        }
    }

    /// `x + y`.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.computed(other, Self::between(self.low + other.low, self.high + other.high))
    }

    /// `x * y`.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.computed(other, corners(self, other, |x, y| if x == 0.0 || y == 0.0 { 0.0 } else { x * y }))
    }

    /// `x / y`, where that is a number.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let quotient = |x: f64, y: f64| if x.is_infinite() && y.is_infinite() { 0.0 } else { x / y };
        let divided = if other.low > 0.0 || other.high < 0.0 {
            corners(self, other, quotient)
        } else if other.low >= 0.0 && self.low >= 0.0 {
            Self::from(quotient(self.low, other.high).max(0.0))
        } else if other.low >= 0.0 && self.high <= 0.0 {
            Self::between(f64::NEG_INFINITY, 0.0)
        } else {
            Self::all()
        };
        Self { whole: false, ..self.clone() }.computed(other, divided)
    }

    /// `x % y`, where that is a number.
    #[must_use]
    pub fn modulo(&self, other: &Self) -> Self {
        let most = other.low.abs().max(other.high.abs());
        let mut left = Self { low_open: true, high_open: true, ..Self::between(-most, most) };
        if self.low >= 0.0 {
            (left.low, left.low_open) = (0.0, false);
        }
        if self.high <= 0.0 {
            (left.high, left.high_open) = (0.0, false);
        }
        self.computed(other, left)
    }

    /// Whole where both operands are, nothing where one is, anything where the ends can't be told.
    fn computed(&self, other: &Self, range: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::nothing();
        }
        let range = if range.low.is_nan() || range.high.is_nan() { Self::all() } else { range };
        let whole = self.whole && other.whole;
        Self { whole, ..range }.tidy()
    }
}

/// The range of an operation that is monotone in both operands.
fn corners(left: &Range, right: &Range, operation: impl Fn(f64, f64) -> f64) -> Range {
    let ends =
        [(left.low, right.low), (left.low, right.high), (left.high, right.low), (left.high, right.high)];
    let values = ends.map(|(x, y)| operation(x, y));
    if values.iter().any(|value| value.is_nan()) {
        return Range::all();
    }
    Range::between(
        values.into_iter().fold(f64::INFINITY, f64::min),
        values.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_ranges_hold_whole_numbers_only() {
        assert!(Range::all().whole().above(2.0, true).below(3.0, true).is_empty());
        assert_eq!(Range::from(0.0).whole().without(0.0).low.to_bits(), 1_f64.to_bits());
        assert!(Range::point(2.5).intersect(&Range::all().whole()).is_empty());
        assert!(!Range::all().above(2.0, true).below(3.0, true).is_empty());
    }

    #[test]
    fn a_number_left_out_opens_the_end() {
        assert!(Range::point(3.0).without(3.0).is_empty());
        assert!(!Range::between(3.0, 4.0).without(3.0).contains(3.0));
        assert!(!Range::between(0.0, 4.0).without(3.0).contains(3.0));
    }

    #[test]
    fn arithmetic_holds_every_result() {
        let (a, b) = (Range::between(-2.0, 3.0), Range::between(0.5, 4.0));
        let some = [-2.0, -0.3, 0.0, 1.7, 3.0];
        let others = [0.5, 1.0, 3.9, 4.0];
        for (x, y) in some.into_iter().flat_map(|x| others.map(|y| (x, y))) {
            assert!(a.plus(&b).contains(x + y) && a.times(&b).contains(x * y));
            assert!(a.over(&b).contains(x / y) && a.modulo(&b).contains(x % y));
            assert!(a.plus(&b.negated()).contains(x - y));
        }
        assert!(Range::point(1.0).over(&Range::point(2.0)).contains(0.5));
        assert!(Range::from(0.0).over(&Range::from(0.0)).low.abs() < f64::EPSILON);
        assert_eq!(Range::all().times(&Range::point(0.0)), Range::between(0.0, 0.0));
    }
}
