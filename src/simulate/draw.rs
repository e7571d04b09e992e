//! A drawing of what a simulation counted, as SVG that stands by itself: no fonts, scripts or styles from elsewhere.

mod panel;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use self::panel::{Panel, Series, Shape, escaped};
use super::{Day, Figures, Span};

/// Pixels of the whole.
const WIDTH: f64 = 960.0;
/// Room above the first panel for the title.
const HEAD: f64 = 64.0;
/// The height of a panel with its title and axis.
const PANEL: f64 = 260.0;
/// Series that get a colour of their own; the rest are one.
const SERIES: usize = 7;

/// Touches by action, capacities and what waits, and where customers stand, over time.
#[must_use]
pub fn draw(figures: &Figures, span: Span) -> String {
    let spans = figures.by_span(span);
    let mut panels = vec![touches(&spans, span)];
    if spans.iter().any(|day| day.waiting.values().any(|touches| *touches > 0)) {
        panels.push(waiting(&spans));
    }
    if !figures.rooms.is_empty() {
        panels.push(capacity(figures, &spans));
    }
    panels.extend(standing(figures, &spans));
    let height = HEAD + PANEL * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui, 'Helvetica Neue', Arial, sans-serif\" \
         font-size=\"12\" fill=\"#333333\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let (first, last) = (spans.first(), figures.days.last());
    let from = first.map(|day| day.date.to_string()).unwrap_or_default();
    let to = last.map(|day| day.date.to_string()).unwrap_or_default();
    let how = if figures.told.is_some() { "history replayed" } else { "no new data" };
    let title = format!("{from} to {to}");
    let detail = format!("{} customers, {how}, {}", figures.customers, figures.timezone);
    let _ = writeln!(
        svg,
        "<title>{}</title>\n<text x=\"24\" y=\"30\" font-size=\"18\" font-weight=\"600\">{}</text>\n\
         <text x=\"24\" y=\"50\" fill=\"#666666\">{}</text>",
        escaped(&title),
        escaped(&title),
        escaped(&detail)
    );
    let labels: Vec<String> = spans.iter().map(|day| day.date.to_string()).collect();
    for (index, panel) in panels.iter().enumerate() {
        panel.write(&mut svg, &labels, (WIDTH, PANEL), HEAD + PANEL * index as f64);
    }
    svg.push_str("</svg>\n");
    svg
}

fn touches(spans: &[Day], span: Span) -> Panel {
    let mut actions: BTreeMap<&Arc<str>, f64> = BTreeMap::new();
    for (kind, touches) in spans.iter().flat_map(|day| &day.queued) {
        *actions.entry(&kind.action).or_default() += *touches as f64;
    }
    let series = actions.keys().map(|action| {
        let of = |day: &Day| {
            let own = day.queued.iter().filter(|(kind, _)| kind.action == **action);
            own.map(|(_, touches)| *touches).sum::<u64>() as f64
        };
        Series { name: action.to_string(), values: spans.iter().map(of).collect() }
    });
    let per = match span {
        Span::Day => "day",
        Span::Week => "week",
        Span::Month => "month",
    };
    Panel {
        title: format!("Touches queued per {per}, by action"),
        shape: Shape::Stacked,
        series: greatest(series.collect()),
        percent: false,
    }
}

fn waiting(spans: &[Day]) -> Panel {
    let mut guards: Vec<&Arc<str>> = spans.iter().flat_map(|day| day.waiting.keys()).collect();
    guards.sort_unstable();
    guards.dedup();
    let series = guards.into_iter().map(|guard| {
        let of = |day: &Day| day.waiting.get(guard).copied().unwrap_or(0) as f64;
        let name = if guard.is_empty() { "not asked yet" } else { guard };
        Series { name: name.to_owned(), values: spans.iter().map(of).collect() }
    });
    Panel {
        title: "Touches that wait at the end, by guard".to_owned(),
        shape: Shape::Stacked,
        series: greatest(series.collect()),
        percent: false,
    }
}

fn capacity(figures: &Figures, spans: &[Day]) -> Panel {
    let series = figures.rooms.iter().enumerate().map(|(index, room)| {
        let share = |day: &Day| {
            let used = figures.use_of(index, std::slice::from_ref(day));
            if used.there > 0.0 { 100.0 * used.taken / used.there } else { 0.0 }
        };
        Series { name: room.guard.to_string(), values: spans.iter().map(share).collect() }
    });
    let mut series: Vec<Series> = series.collect();
    series.truncate(SERIES);
    Panel {
        title: "Places taken of those there were, by capacity".to_owned(),
        shape: Shape::Lines,
        series,
        percent: true,
    }
}

fn standing(figures: &Figures, spans: &[Day]) -> Option<Panel> {
    let by = figures.by.as_ref()?;
    let names = figures.places.iter().map(|place| &**place).chain(["in none"]);
    let series = names.enumerate().map(|(index, name)| {
        let of = |day: &Day| day.standing.get(index).copied().unwrap_or(0) as f64;
        Series { name: name.to_owned(), values: spans.iter().map(of).collect() }
    });
    let series = series.filter(|series| series.values.iter().any(|value| *value > 0.0));
    Some(Panel {
        title: format!("Customers by {by}"),
        shape: Shape::Stacked,
        series: greatest(series.collect()),
        percent: false,
    })
}

/// As many series as have colours: the rest, the least of them, as one.
fn greatest(series: Vec<Series>) -> Vec<Series> {
    if series.len() <= SERIES + 1 {
        return series;
    }
    let mut order: Vec<usize> = (0..series.len()).collect();
    let total = |index: &usize| series.get(*index).map_or(0.0, |series| series.values.iter().sum::<f64>());
    order.sort_by(|one, other| total(other).total_cmp(&total(one)));
    let rest = order.split_off(SERIES);
    let (mut kept, mut others) = (Vec::new(), Series { name: "others".to_owned(), values: Vec::new() });
    for (index, series) in series.into_iter().enumerate() {
        if rest.contains(&index) {
            others.values.resize(series.values.len(), 0.0);
            for (sum, value) in others.values.iter_mut().zip(&series.values) {
                *sum += value;
            }
        } else {
            kept.push(series);
        }
    }
    kept.push(others);
    kept
}
