//! News of the market, one each Tuesday: prices fall, products are launched and run short, rivals fail, and now and then
//! we ourselves are in trouble.

use super::moment::Minute;
use super::product::{Pounds, Product};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, weekday};
use super::sheet::{Rows, Sheet};

/// Whom customers could buy from instead.
pub const RIVALS: [&str; 3] = ["Northgate", "Castle", "Fenwick"];

/// What a launched product costs, in pence.
const LAUNCH_PENCE: i64 = 1_000;
/// For how long a price that fell stays so.
const OFFER_MINUTES: i64 = 8 * 7 * DAY_MINUTES;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Price(Product, i64),
    /// The launches are counted from 1.
    Launch(u32),
    Shortage(Product),
    RivalFailed(&'static str),
    Disruption,
}

/// All news from the start of a world to some minute.
#[derive(Clone, Debug)]
pub struct Market {
    /// With the minute each is told.
    news: Vec<(i64, What)>,
}

impl Market {
    /// Between a local day and a local minute.
    #[must_use]
    pub fn new(seed: u64, start: i64, end: i64) -> Self {
        const TUESDAY: i64 = 1;
        const EIGHT: i64 = 8 * 60;
        let first = start + (TUESDAY - weekday(start)).rem_euclid(7);
        let tuesdays = (0_u32..).map(|week| (week, (first + 7 * i64::from(week)) * DAY_MINUTES + EIGHT));
        let mut launches = 0;
        let news = tuesdays.take_while(|(_, minute)| *minute < end).map(|(week, minute)| {
            let random = Random::about(seed, Topic::Market, u64::from(week));
            (minute, told(week, &mut launches, random))
        });
        Self { news: news.collect() }
    }

    /// What one of a product costs at a minute, in pence.
    #[must_use]
    pub fn price(&self, product: Product, minute: i64) -> i64 {
        let known = self.news.iter().rev().skip_while(|(told, _)| *told > minute);
        let offers = known.take_while(|(told, _)| *told > minute - OFFER_MINUTES);
        let mut fallen = offers.filter_map(|(_, what)| match what {
            What::Price(of, pence) if *of == product => Some(*pence),
            _ => None,
        });
        fallen.next().unwrap_or_else(|| product.list_pence())
    }

    /// How many products have been launched by a minute.
    #[must_use]
    pub fn launched(&self, minute: i64) -> u32 {
        let launches = self.news.iter().rev().filter_map(|(told, what)| match what {
            What::Launch(number) if *told <= minute => Some(*number),
            _ => None,
        });
        launches.max().unwrap_or_default()
    }

    /// Adds the news.
    pub fn write(&self, rows: &mut Rows) {
        for (week, &(minute, what)) in self.news.iter().enumerate() {
            let at = Minute(minute);
            let mut add = |cells| rows.add(minute, Sheet::Market, cells);
            match what {
                What::Price(product, pence) => {
                    add(format_args!("news-{week},{at},price,{product},{},", Pounds(pence)));
                }
                What::Launch(number) => {
                    let (product, price) = (launch(number), Pounds(LAUNCH_PENCE));
                    add(format_args!("news-{week},{at},launch,{product},{price},"));
                }
                What::Shortage(product) => add(format_args!("news-{week},{at},shortage,{product},,")),
                What::RivalFailed(rival) => add(format_args!("news-{week},{at},rival_failed,,,{rival}")),
                What::Disruption => add(format_args!("news-{week},{at},disruption,,,")),
            }
        }
    }
}

/// The code of a launched product: `N01`.
#[must_use]
pub fn launch(number: u32) -> String {
    format!("N{number:02}")
}

/// What a week tells, in turns of eight.
fn told(week: u32, launches: &mut u32, mut random: Random) -> What {
    match week % 8 {
        0 | 2 | 4 => {
            const BEST_SELLER: f64 = 0.3;
            const WANTED: f64 = 0.5;
            let which = random.fraction();
            let product = if which < BEST_SELLER {
                Product::best_seller(&mut random)
            } else if which < BEST_SELLER + WANTED {
                Product::wanted(&mut random)
            } else {
                Product::any(&mut random)
            };
            let left = random.between(0.6, 0.8);
            What::Price(product, whole(product.list_pence() as f64 * left))
        }
        1 | 6 => {
            *launches += 1;
            What::Launch(*launches)
        }
        3 => What::Shortage(Product::best_seller(&mut random)),
        5 => What::RivalFailed(random.one_of(&RIVALS)),
        _ => What::Disruption,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: i64 = 365 * DAY_MINUTES;

    #[test]
    fn a_price_that_fell_holds_for_eight_weeks() {
        let market = Market::new(1, 0, YEAR);
        let fell = market.news.iter().find_map(|&(minute, what)| match what {
            What::Price(product, pence) => Some((minute, product, pence)),
            _ => None,
        });
        let (minute, product, pence) = fell.unwrap();
        let part = pence as f64 / product.list_pence() as f64;
        assert!((0.6..=0.8).contains(&part), "{part}");
        assert_eq!(market.price(product, minute - 1), product.list_pence());
        assert_eq!(market.price(product, minute), pence);
        assert_ne!(market.price(product, minute + OFFER_MINUTES - 1), product.list_pence());
    }

    #[test]
    fn eight_weeks_tell_of_everything_and_a_year_launches_a_dozen_products() {
        let market = Market::new(1, 0, YEAR);
        let kinds = |wanted: fn(&What) -> bool| market.news.iter().filter(|(_, what)| wanted(what)).count();
        assert_eq!(market.news.len(), 52);
        assert_eq!(kinds(|what| *what == What::Disruption), 6);
        assert_eq!(kinds(|what| matches!(what, What::RivalFailed(_))), 6);
        assert_eq!(market.launched(YEAR), 13);
        assert_eq!(market.launched(0), 0);
    }
}
