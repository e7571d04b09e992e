//! Where each character of a decoded TOML string stands in the file.

use std::ops::Range;

/// The bytes of `literal` (a TOML string with its quotes) that the bytes `part` of `decoded` (the
/// text it stands for) come from. The whole literal where that can't be told.
pub(crate) fn locate(literal: &str, decoded: &str, part: &Range<usize>) -> Range<usize> {
    locations(literal, decoded).and_then(|places| within(&places, part)).unwrap_or(0..literal.len())
}

/// One decoded character: where it begins in the decoded text, and its bytes in the literal.
struct Location {
    decoded: usize,
    literal: Range<usize>,
}

fn within(places: &[Location], part: &Range<usize>) -> Option<Range<usize>> {
    let last = places.last()?;
    let first = places.partition_point(|place| place.decoded < part.start);
    let start = places.get(first).map_or(last.literal.end, |place| place.literal.start);
    if part.is_empty() {
        return Some(start..start);
    }
    let after = places.partition_point(|place| place.decoded < part.end);
    let end = places.get(after.checked_sub(1)?)?.literal.end;
    Some(start..end.max(start))
}

fn locations(literal: &str, decoded: &str) -> Option<Vec<Location>> {
    let (quote, escapes) = if literal.starts_with("\"\"\"") {
        (3, true)
    } else if literal.starts_with("'''") {
        (3, false)
    } else if literal.starts_with('"') {
        (1, true)
    } else if literal.starts_with('\'') {
        (1, false)
    } else {
        return None;
    };
    let mut at = quote;
    if quote == 3 {
        let inner = literal.get(at..)?;
        at += if inner.starts_with('\n') {
            1
        } else if inner.starts_with("\r\n") {
            2
        } else {
            0
        };
    }
    let mut places = Vec::with_capacity(decoded.len());
    for (offset, character) in decoded.char_indices() {
        if escapes && quote == 3 {
            at = skip_continuations(literal, at);
        }
        let length = if escapes && literal.get(at..)?.starts_with('\\') {
            escape_length(literal.get(at + 1..)?)?
        } else if literal.get(at..)?.starts_with(character) {
            character.len_utf8()
        } else {
            return None;
        };
        places.push(Location { decoded: offset, literal: at..at + length });
        at += length;
    }
    Some(places)
}

/// Past every `\` at the end of a line with the blank space after it.
fn skip_continuations(literal: &str, mut at: usize) -> usize {
    while let Some(rest) = literal.get(at..).and_then(|rest| rest.strip_prefix('\\')) {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let is_continuation = rest.get(..blank).is_some_and(|blank| blank.contains('\n'));
        if !is_continuation {
            break;
        }
        at += 1 + blank;
    }
    at
}

/// How long an escape is, its backslash included.
fn escape_length(after: &str) -> Option<usize> {
    Some(match after.chars().next()? {
        'x' => 4,
        'u' => 6,
        'U' => 10,
        _ => 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(literal: &str, word: &str) -> String {
        let file = format!("x = {literal}");
        let table: toml::Table = file.parse().unwrap();
        let decoded = table["x"].as_str().unwrap();
        let start = decoded.find(word).unwrap();
        literal.get(locate(literal, decoded, &(start..start + word.len()))).unwrap().to_owned()
    }

    #[test]
    fn a_part_of_each_kind_of_string_is_found() {
        assert_eq!(part("'orders > 3'", "> 3"), "> 3");
        assert_eq!(part(r#""tone == \"warm\" && x""#, "&& x"), "&& x");
        assert_eq!(part(r#""tone == \"warm\" && x""#, "\"warm\""), r#"\"warm\""#);
        assert_eq!(part(r#""\u5173\u7cfb == 客户""#, "客户"), "客户");
        assert_eq!(part(r#""\u5173\u7cfb == 客户""#, "系"), r"\u7cfb");
        assert_eq!(part("'''\n客户 == \"a\"\n && b'''", "b"), "b");
        assert_eq!(part("\"\"\"\r\norders \\\n     > 3\"\"\"", "> 3"), "> 3");
        assert_eq!(part("\"\"\"a \\\n\n  \\\n b\\tc\"\"\"", "b\tc"), "b\\tc");
    }

    #[test]
    fn what_is_no_string_is_taken_whole() {
        assert_eq!(locate("orders", "orders", &(1..2)), 0..6);
        assert_eq!(locate("''", "", &(0..0)), 0..2);
    }
}
