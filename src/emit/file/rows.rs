//! The bytes of rows and lines.

use serde_json::{Map, Value};

use crate::emit::message::Data;
use crate::model::touch::Outgoing;
use crate::policy::compiled::{File, FileFormat};

/// Why a row can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The CSV writer's.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// The JSON writer's.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// What a new file begins with; empty for JSON lines.
///
/// # Errors
/// The writer's.
pub fn header(file: &File) -> Result<Vec<u8>, RowError> {
    match file.format {
        FileFormat::Csv if !file.columns.is_empty() => {
            record(file.columns.iter().map(|name| harmless(name.clone())))
        }
        FileFormat::Csv | FileFormat::JsonLines => Ok(Vec::new()),
    }
}

/// A touch's row or line, with its end.
///
/// # Errors
/// The writer's.
pub fn row(file: &File, touch: &Outgoing) -> Result<Vec<u8>, RowError> {
    match file.format {
        FileFormat::Csv => {
            let payload = serde_json::from_str(&touch.payload)?;
            record(file.columns.iter().map(|column| harmless(cell(column, touch, &payload))))
        }
        FileFormat::JsonLines => {
            let mut line = Data::of(touch)?.to_json()?;
            line.push(b'\n');
            Ok(line)
        }
    }
}

/// A touch's row or line as text, with the header of its file in front of a row.
///
/// # Errors
/// The writer's.
pub fn preview(file: &File, touch: &Outgoing) -> Result<String, RowError> {
    let mut bytes = header(file)?;
    bytes.extend(row(file, touch)?);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(cells: impl Iterator<Item = String>) -> Result<Vec<u8>, RowError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| RowError::Csv(error.into_error().into()))
}

/// The text of a column: out of the payload, else `id customer action due`, else empty.
fn cell(column: &str, touch: &Outgoing, payload: &Map<String, Value>) -> String {
    match payload.get(column) {
        Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => match column {
            "id" => touch.id.to_string(),
            "customer" => touch.customer.to_string(),
            "action" => touch.action.to_string(),
            "due" => touch.due.to_string(),
            _ => String::new(),
        },
    }
}

/// The text with an apostrophe in front where a spreadsheet would run it as a formula. The wide forms are
/// those that spreadsheets set to Chinese or Japanese read alike.
fn harmless(text: String) -> String {
    const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(STARTS) && !is_plain_number(&text) { format!("'{text}") } else { text }
}

/// Whether the text is only a signed decimal number, as in `-5` or `+3.25`.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::testing::{file, touch};

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_row_takes_the_payload_first_then_the_touch_and_else_nothing() {
        let mut touch = touch("tch_1", "c1");
        touch.payload.insert("customer".to_owned(), "Acme, \"the\" firm".into());
        touch.payload.insert("none".to_owned(), Value::Null);
        let touch = touch.outgoing().unwrap();
        let file = file(FileFormat::Csv, &["due", "id", "customer", "amount", "none", "absent"]);
        assert_eq!(text(header(&file).unwrap()), "due,id,customer,amount,none,absent\n");
        assert_eq!(
            text(row(&file, &touch).unwrap()),
            "1970-01-01T00:00:00Z,tch_1,\"Acme, \"\"the\"\" firm\",12.5,,\n"
        );
    }

    #[test]
    fn a_line_is_the_object_of_the_webhook() {
        let touch = touch("tch_1", "c1").outgoing().unwrap();
        let file = file(FileFormat::JsonLines, &[]);
        let line = text(row(&file, &touch).unwrap());
        let body = text(crate::emit::message::body(&touch, touch.due).unwrap());
        assert!(line.ends_with("}\n") && body.contains(line.trim_end()), "{line}");
        assert!(header(&file).unwrap().is_empty());
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_made_harmless_and_numbers_stay() {
        for formula in ["=1+1", "+86 138", "-1-1", "@SUM(A1)", "\tx", "\r=1", "＝1", "--5", "-", "+1e5x"] {
            assert_eq!(harmless(formula.to_owned()), format!("'{formula}"));
        }
        for plain in ["-5", "+3.25", "-0.5", "+8613800000000", "a=b", "5", ""] {
            assert_eq!(harmless(plain.to_owned()), plain);
        }
    }
}
