//! Two texts compared line by line, as `diff -u` does.

use std::fmt::Write;

/// Unchanged lines shown around what changed.
const CONTEXT: usize = 3;
/// More pairs of lines than this are not compared one by one.
const MOST_PAIRS: usize = 4_000_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit<'t> {
    Keep(&'t str),
    Remove(&'t str),
    Add(&'t str),
}

/// The difference of two texts; empty where there is none.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let edits = edits(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let mut out = String::new();
    if edits.iter().all(|edit| matches!(edit, Edit::Keep(_))) {
        if old != new {
            // Writing to a string never fails.
            let _ = writeln!(out, "--- {name}\n+++ {name}\n(only the ends of lines or of the file)");
        }
        return out;
    }
    let _ = writeln!(out, "--- {name}\n+++ {name}");
    let changed: Vec<usize> = edits
        .iter()
        .enumerate()
        .filter(|(_, edit)| !matches!(edit, Edit::Keep(_)))
        .map(|(at, _)| at)
        .collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for at in changed {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(edits.len()));
        match hunks.last_mut() {
            Some((_, last)) if start <= *last => *last = end,
            _ => hunks.push((start, end)),
        }
    }
    for (start, end) in hunks {
        hunk(&mut out, &edits, start, end);
    }
    out
}

fn hunk(out: &mut String, edits: &[Edit<'_>], start: usize, end: usize) {
    let (before, from) = edits.split_at(start);
    let (shown, _) = from.split_at(end - start);
    let olds = |edits: &[Edit<'_>]| edits.iter().filter(|edit| !matches!(edit, Edit::Add(_))).count();
    let news = |edits: &[Edit<'_>]| edits.iter().filter(|edit| !matches!(edit, Edit::Remove(_))).count();
    let first = |lines: usize, shown: usize| if shown == 0 { lines } else { lines + 1 };
    let _ = writeln!(
        out,
        "@@ -{},{} +{},{} @@",
        first(olds(before), olds(shown)),
        olds(shown),
        first(news(before), news(shown)),
        news(shown)
    );
    for edit in shown {
        let _ = match edit {
            Edit::Keep(line) => writeln!(out, " {line}"),
            Edit::Remove(line) => writeln!(out, "-{line}"),
            Edit::Add(line) => writeln!(out, "+{line}"),
        };
    }
}

/// The fewest edits that make one list of lines the other.
fn edits<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Edit<'t>> {
    let same = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (head, old) = old.split_at(same);
    let (_, new) = new.split_at(same);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, end) = old.split_at(old.len() - tail);
    let (new, _) = new.split_at(new.len() - tail);
    let mut edits: Vec<Edit<'t>> = head.iter().map(|line| Edit::Keep(line)).collect();
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        edits.extend(old.iter().map(|line| Edit::Remove(line)));
        edits.extend(new.iter().map(|line| Edit::Add(line)));
    } else {
        edits.extend(between(old, new));
    }
    edits.extend(end.iter().map(|line| Edit::Keep(line)));
    edits
}

/// By the longest common part, whose lengths are counted from the end.
fn between<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Edit<'t>> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let of = |common: &[u32], row: usize, column: usize| {
        common.get(row * width + column).copied().unwrap_or_default()
    };
    for (row, one) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            let length = if one == other {
                of(&common, row + 1, column + 1) + 1
            } else {
                of(&common, row + 1, column).max(of(&common, row, column + 1))
            };
            if let Some(cell) = common.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let mut edits = Vec::with_capacity(old.len() + new.len());
    let (mut row, mut column) = (0, 0);
    loop {
        match (old.get(row), new.get(column)) {
            (Some(one), Some(other)) if one == other => {
                edits.push(Edit::Keep(one));
                (row, column) = (row + 1, column + 1);
            }
            (Some(one), other)
                if other.is_none() || of(&common, row + 1, column) >= of(&common, row, column + 1) =>
            {
                edits.push(Edit::Remove(one));
                row += 1;
            }
            (_, Some(other)) => {
                edits.push(Edit::Add(other));
                column += 1;
            }
            _ => return edits,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Edit, edits, unified};

    #[test]
    fn a_difference_reads_as_diff_would_say_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nE2\nf\ng\nh\n";
        assert_eq!(
            unified("x", old, new),
            "--- x\n+++ x\n@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+E\n+E2\n f\n g\n h\n"
        );
        assert_eq!(unified("x", old, old), "");
        assert_eq!(unified("x", "", "a\n"), "--- x\n+++ x\n@@ -0,0 +1,1 @@\n+a\n");
        assert!(unified("x", "a\r\n", "a\n").contains("ends of lines"));
    }

    proptest! {
        #[test]
        fn the_edits_make_one_text_the_other(
            old in prop::collection::vec("[ab]{0,1}", 0..12), new in prop::collection::vec("[ab]{0,1}", 0..12)
        ) {
            let (old, new): (Vec<&str>, Vec<&str>) =
                (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
            let edits = edits(&old, &new);
            let left: Vec<&str> = edits
                .iter()
                .filter_map(|edit| match edit { Edit::Keep(line) | Edit::Remove(line) => Some(*line), Edit::Add(_) => None })
                .collect();
            let right: Vec<&str> = edits
                .iter()
                .filter_map(|edit| match edit { Edit::Keep(line) | Edit::Add(line) => Some(*line), Edit::Remove(_) => None })
                .collect();
            prop_assert_eq!(left, old);
            prop_assert_eq!(right, new);
        }
    }
}
