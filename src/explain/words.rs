//! Terms of the policy in words.

use crate::policy::compiled::{Axis, Share, Split, ValueKind};

/// Parts of a million as a percentage.
pub(super) fn percent(share: u32) -> String {
    format!("{}%", f64::from(share) / 10_000.0)
}

/// How a level lets in by its share.
pub(super) fn share_words(share: Share) -> String {
    match share {
        Share::Top(share) => format!("top {}", percent(share)),
        Share::Holds(share) => format!("where {} is held", percent(share)),
    }
}

/// Where an axis is split.
pub(super) fn split_words(axis: &Axis) -> String {
    match axis.split {
        Split::At(split) => split.to_string(),
        Split::Mean => "mean".to_owned(),
        Split::Median => "median".to_owned(),
        Split::Top(share) => format!("top {}", percent(share)),
    }
}

/// How the figure of a cut point is found.
pub(super) fn cut_words(kind: &ValueKind, part: &str) -> String {
    match kind {
        ValueKind::Rank(rank) => format!("rank of {}", rank.of.text),
        ValueKind::Segment(segment) => segment.best.as_ref().map_or_else(String::new, |best| {
            format!("the last of the best {} by {}", best.count, best.by.text)
        }),
        ValueKind::Tier(tier) => {
            let share = tier.levels.iter().find(|level| *level.name == *part).and_then(|level| level.share);
            share.map_or_else(String::new, share_words)
        }
        ValueKind::Quadrant(quadrant) if part == "x" => split_words(&quadrant.x),
        ValueKind::Quadrant(quadrant) => split_words(&quadrant.y),
        ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_) => String::new(),
    }
}
