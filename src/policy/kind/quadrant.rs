//! `[quadrant.NAME]`: one of four cells.

use std::sync::Arc;

use super::data::RawData;
use super::{share, tier};
use crate::policy::codes;
use crate::policy::compiled::{Axis, Cell, Quadrant, Split};
use crate::policy::expression::{Expected, reason};
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Scope, Seen, check_form};
use crate::policy::raw::{At, Content, Entry, Form, Key, Part, Reader, form, key, takes};

/// Keys of `[quadrant.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("x", form::table(&AXIS_PART), "The axis from left to right.").needed(),
    key("y", form::table(&AXIS_PART), "The axis from bottom to top.").needed(),
    key("top_right", form::table(&CELL_PART), "A cell.").needed(),
    key("bottom_right", form::table(&CELL_PART), "A cell.").needed(),
    key("top_left", form::table(&CELL_PART), "A cell.").needed(),
    key("bottom_left", form::table(&CELL_PART), "A cell.").needed(),
];

/// Where an axis is split.
const SPLIT: Form = Form::Either(&[
    Form::Number(form::ANY),
    Form::Words(&["mean", "median"]),
    Form::Matching(r"top \s*[0-9]{1,3}(\.[0-9]{0,4})?\s*%\s*"),
]);

/// Keys of an axis.
pub(crate) static AXIS: &[Key] = &[
    key("value", form::NUMBER_EXPRESSION, "The coordinate; missing: no cell.").needed(),
    key(
        "split",
        takes("number, \"mean\", \"median\" or \"top 20%\"", SPLIT),
        "Where it is split; at the split counts as right or top.",
    )
    .needed(),
    key("label", form::TEXT, "For people."),
    key(
        "margin",
        takes("number", Form::Number(form::from(0.0))),
        "A customer changes side only when past the split by this much. Default 0.",
    ),
];

/// An axis of a quadrant.
static AXIS_PART: Part = Part { title: "x, y", keys: AXIS, constraints: &[] };

/// Keys of a cell.
pub(crate) static CELL: &[Key] = &[
    key("name", form::NAME, "As expressions say it.").needed(),
    key("title", form::TEXT, "For people; the name where absent."),
    key("data", form::DATA, "Known in this cell, as `NAME.data.KEY`."),
];

/// A cell of a quadrant.
static CELL_PART: Part = Part { title: "a cell", keys: CELL, constraints: &[] };

/// In order of place.
const CELLS: [&str; 4] = ["top_right", "bottom_right", "top_left", "bottom_left"];

/// As written.
#[derive(Debug)]
pub(crate) struct RawQuadrant {
    x: Option<RawAxis>,
    y: Option<RawAxis>,
    cells: [Option<RawCell>; 4],
}

#[derive(Debug)]
struct RawAxis {
    value: Option<Formula>,
    split: Option<At<Split>>,
    label: String,
    margin: f64,
}

#[derive(Debug)]
struct RawCell {
    name: Option<At<String>>,
    title: String,
    data: RawData,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawQuadrant {
    let axis = |key| reader.required(key, reader.table(key)).map(|axis| read_axis(&axis));
    let (x, y) = (axis("x"), axis("y"));
    let cells = CELLS.map(|key| reader.required(key, reader.table(key)).map(|cell| read_cell(&cell)));
    tier::names_differ(cells.iter().flatten().filter_map(|cell| cell.name.as_ref()), reader.sink);
    RawQuadrant { x, y, cells }
}

fn read_axis(reader: &Reader<'_>) -> RawAxis {
    let margin = reader.number("margin");
    if let Some(margin) = margin.as_ref().filter(|margin| margin.value < 0.0) {
        reader.sink.problem(&codes::table::OUT_OF_RANGE, &margin.place, "`margin` can't be below 0").report();
    }
    RawAxis {
        value: reader.required("value", Formula::read(reader, "value")),
        split: reader.required("split", split(reader)),
        label: reader.text("label").map(|label| label.value).unwrap_or_default(),
        margin: margin.map_or(0.0, |margin| margin.value),
    }
}

fn split(reader: &Reader<'_>) -> Option<At<Split>> {
    let entry = reader.entry("split")?;
    let split = read_split(reader, entry)?;
    Some(At { value: split, place: entry.node.place.clone() })
}

fn read_split(reader: &Reader<'_>, entry: &Entry) -> Option<Split> {
    let Content::Text(text) = &entry.node.content else {
        if matches!(entry.node.content, Content::Integer(_) | Content::Float(_)) {
            return reader.number("split").map(|split| Split::At(split.value));
        }
        reader.wrong(entry, "a number, \"mean\", \"median\" or \"top 20%\"");
        return None;
    };
    match text.as_str() {
        "mean" => return Some(Split::Mean),
        "median" => return Some(Split::Median),
        _ => {}
    }
    let found = text.strip_prefix("top ").and_then(share::parse);
    if found.is_none() {
        reader
            .sink
            .problem(&codes::table::NOT_A_WORD, &entry.node.place, format!("`{text}` is no split"))
            .help("a number, \"mean\", \"median\" or \"top 20%\"")
            .report();
    }
    found.map(Split::Top)
}

fn read_cell(reader: &Reader<'_>) -> RawCell {
    RawCell {
        name: reader.required("name", reader.text("name")).filter(|name| check_form(name, reader.sink)),
        title: reader.text("title").map(|title| title.value).unwrap_or_default(),
        data: RawData::read(reader),
    }
}

impl RawQuadrant {
    /// The names of its cells; `None` where some are in error.
    pub(crate) fn places(&self) -> Option<Arc<[Arc<str>]>> {
        self.cells
            .iter()
            .map(|cell| cell.as_ref()?.name.as_ref().map(|name| Arc::from(name.value.as_str())))
            .collect()
    }

    /// What its cells carry.
    pub(crate) fn data(&self) -> Vec<&RawData> {
        self.cells.iter().flatten().map(|cell| &cell.data).collect()
    }

    /// Its expressions.
    pub(crate) fn formulas(&self) -> Vec<&Formula> {
        self.x.iter().chain(&self.y).flat_map(|axis| &axis.value).collect()
    }

    /// Checks it.
    pub(crate) fn check(&self, class: usize, context: Context<'_>) -> Option<Quadrant> {
        let x = self.x.as_ref().map(|axis| axis.check(context));
        let y = self.y.as_ref().map(|axis| axis.check(context));
        let [top_right, bottom_right, top_left, bottom_left] = &self.cells;
        let cell = |cell: &Option<RawCell>| cell.as_ref().and_then(RawCell::compiled);
        if let (Some(Some(axis)), Some(raw)) = (&x, &self.x) {
            raw.warn_one_sided(axis, [top_left, bottom_left], [top_right, bottom_right], context);
        }
        if let (Some(Some(axis)), Some(raw)) = (&y, &self.y) {
            raw.warn_one_sided(axis, [bottom_left, bottom_right], [top_left, top_right], context);
        }
        Some(Quadrant {
            class,
            x: x??,
            y: y??,
            cells: [cell(top_right)?, cell(bottom_right)?, cell(top_left)?, cell(bottom_left)?],
        })
    }
}

impl RawAxis {
    fn check(&self, context: Context<'_>) -> Option<Axis> {
        let value = self.value.as_ref()?.check(context, Scope::Customer, &Expected::Number)?;
        let split = self.split.as_ref()?;
        Some(Axis { value, split: split.value, label: self.label.clone(), margin: self.margin })
    }
}

impl RawAxis {
    /// Reports a split that nobody is below, or nobody above.
    fn warn_one_sided(
        &self,
        axis: &Axis,
        below: [&Option<RawCell>; 2],
        above: [&Option<RawCell>; 2],
        context: Context<'_>,
    ) {
        let (Split::At(split), Some(written)) = (axis.split, &self.split) else { return };
        let names = Seen { known: context.known, scope: Scope::Customer };
        let range = reason::facts(&names, &axis.value.root, None).domain.range();
        let empty = if range.high < split {
            above
        } else if range.low >= split {
            below
        } else {
            return;
        };
        let cells: Vec<String> = empty
            .into_iter()
            .flatten()
            .filter_map(|cell| cell.name.as_ref())
            .map(|name| format!("`{}`", name.value))
            .collect();
        context
            .sink
            .problem(
                &codes::together::EMPTY_CELLS,
                &written.place,
                format!("nobody comes to {}: the coordinate {}", cells.join(" and "), range.described()),
            )
            .help("at the split counts as right or top; split within what the coordinate can be")
            .report();
    }
}

impl RawCell {
    fn compiled(&self) -> Option<Cell> {
        Some(Cell {
            name: self.name.as_ref()?.value.as_str().into(),
            title: self.title.clone(),
            data: self.data.compiled(),
        })
    }
}
