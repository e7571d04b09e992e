//! One panel: a title, axes with round numbers, columns or lines, a legend.

use std::fmt::Write as _;

/// Colours that are told apart also by those who see fewer of them (Okabe and Ito 2008), with a grey for the rest.
const COLOURS: [&str; 8] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999"];
/// Space beside the axes: left for numbers, right for the legend, above for the title, below for dates.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 190.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 36.0;
/// About how many lines a grid has, and how wide a date is.
const TICKS: f64 = 4.0;
const DATE: f64 = 92.0;
/// Letters of a name that the legend has room for.
const NAME: usize = 22;

/// What is drawn of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Columns, each series on top of the one before.
    Stacked,
    /// A line each.
    Lines,
}

/// Values over time.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

/// What a panel shows.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) shape: Shape,
    pub(super) series: Vec<Series>,
    /// Whether values are percent, of which a hundred is all.
    pub(super) percent: bool,
}

/// Where values go.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    /// The value at the upper end.
    most: f64,
    columns: usize,
}

impl Frame {
    fn height_of(&self, value: f64) -> f64 {
        if self.most > 0.0 { self.height * value / self.most } else { 0.0 }
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The width of one span of time.
    fn step(&self) -> f64 {
        self.width / self.columns.max(1) as f64
    }
}

impl Panel {
    /// Writes the panel below a height; the labels are the first days of the spans.
    pub(super) fn write(&self, svg: &mut String, labels: &[String], (width, height): (f64, f64), top: f64) {
        let tick = tick(self.most(labels.len()) / TICKS);
        let most = (self.most(labels.len()) / tick).ceil() * tick;
        let frame = Frame {
            left: LEFT,
            top: top + ABOVE,
            width: width - LEFT - RIGHT,
            height: height - ABOVE - BELOW,
            most,
            columns: labels.len(),
        };
        let title = escaped(&self.title);
        let _ = writeln!(
            svg,
            "<g>\n<text x=\"24\" y=\"{}\" font-size=\"14\" font-weight=\"600\">{title}</text>",
            top + 18.0
        );
        self.write_grid(svg, &frame, tick);
        write_dates(svg, &frame, labels);
        match self.shape {
            Shape::Stacked => self.write_columns(svg, &frame, labels),
            Shape::Lines => self.write_lines(svg, &frame),
        }
        let (left, bottom) = (frame.left, frame.bottom());
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" y1=\"{bottom}\" x2=\"{}\" y2=\"{bottom}\" stroke=\"#333333\"/>",
            left + frame.width
        );
        self.write_legend(svg, &frame);
        svg.push_str("</g>\n");
    }

    /// The greatest value that must find room.
    fn most(&self, columns: usize) -> f64 {
        if self.percent {
            return 100.0;
        }
        let at = |index: usize| self.series.iter().filter_map(move |series| series.values.get(index));
        let greatest = (0..columns).map(|index| match self.shape {
            Shape::Stacked => at(index).sum(),
            Shape::Lines => at(index).copied().fold(0.0, f64::max),
        });
        greatest.fold(1.0, f64::max)
    }

    fn write_grid(&self, svg: &mut String, frame: &Frame, tick: f64) {
        let unit = if self.percent { " %" } else { "" };
        let mut value = 0.0;
        while value <= frame.most + tick / 2.0 {
            let y = frame.bottom() - frame.height_of(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#666666\">{value}{unit}</text>",
                frame.left,
                frame.left + frame.width,
                frame.left - 8.0,
                y + 4.0
            );
            value += tick;
        }
    }

    fn write_columns(&self, svg: &mut String, frame: &Frame, labels: &[String]) {
        let gap = if frame.step() > 4.0 { 1.0 } else { 0.0 };
        let mut heights = vec![0.0; frame.columns];
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let _ = writeln!(svg, "<g fill=\"{colour}\">");
            for ((index, value), below) in series.values.iter().enumerate().zip(&mut heights) {
                let height = frame.height_of(*value);
                if height > 0.0 {
                    let _ = writeln!(
                        svg,
                        "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\"><title>{} {}: \
                         {value}</title></rect>",
                        frame.left + frame.step() * index as f64 + gap / 2.0,
                        frame.bottom() - *below - height,
                        frame.step() - gap,
                        labels.get(index).map_or("", String::as_str),
                        escaped(&series.name)
                    );
                }
                *below += height;
            }
            svg.push_str("</g>\n");
        }
    }

    fn write_lines(&self, svg: &mut String, frame: &Frame) {
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            // Steps, since each value is of a whole span of time.
            let mut path = String::new();
            for (index, value) in series.values.iter().enumerate() {
                let from = frame.left + frame.step() * index as f64;
                let y = frame.bottom() - frame.height_of(value.min(frame.most));
                let verb = if index == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{verb}{from:.2} {y:.2}H{:.2}", from + frame.step());
            }
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\">\
                 <title>{}</title></path>",
                escaped(&series.name)
            );
        }
    }

    fn write_legend(&self, svg: &mut String, frame: &Frame) {
        let x = frame.left + frame.width + 16.0;
        // What is drawn on top stands on top.
        let series: Vec<_> = self.series.iter().zip(COLOURS.iter().cycle()).collect();
        let ordered: Vec<_> = match self.shape {
            Shape::Stacked => series.into_iter().rev().collect(),
            Shape::Lines => series,
        };
        for (index, (series, colour)) in ordered.into_iter().enumerate() {
            let y = frame.top + 18.0 * index as f64;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y:.1}\" width=\"11\" height=\"11\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{:.1}\">{}</text>",
                x + 17.0,
                y + 10.0,
                escaped(&shortened(&series.name))
            );
        }
    }
}

/// The dates below: as many as there is room for.
fn write_dates(svg: &mut String, frame: &Frame, labels: &[String]) {
    let every = (DATE / frame.step()).ceil().max(1.0);
    let mut next = 0.0;
    for (index, label) in labels.iter().enumerate() {
        if (index as f64) < next {
            continue;
        }
        next += every;
        let x = frame.left + frame.step() * index as f64;
        let bottom = frame.bottom();
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{bottom}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#333333\"/>\
             <text x=\"{x:.1}\" y=\"{}\" fill=\"#666666\">{}</text>",
            bottom + 5.0,
            bottom + 19.0,
            escaped(label)
        );
    }
}

/// The round number at or above one: 1, 2 or 5 times a power of ten, and no part of a whole.
fn tick(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1.0).log10().floor());
    let found = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|tick| *tick >= least);
    found.unwrap_or(power * 10.0)
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    let start: String = name.chars().take(NAME - 1).collect();
    format!("{start}…")
}

/// Text as it stands between tags.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "round numbers are exact")]
    fn ticks_are_round_and_whole() {
        for (least, expected) in
            [(0.2, 1.0), (1.0, 1.0), (1.1, 2.0), (25.0, 50.0), (51.0, 100.0), (780.0, 1000.0)]
        {
            assert_eq!(tick(least), expected, "{least}");
        }
    }

    #[test]
    fn names_can_t_break_the_drawing() {
        assert_eq!(escaped("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
        assert_eq!(shortened("a name that is much too long"), "a name that is much t…");
    }
}
