//! The so manieth event alike within a window.

use std::collections::VecDeque;

/// One event of a customer's; what it must share to be alike with another, as the caller numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// When it happened, milliseconds.
    pub at: i64,
    /// Events alike have the same; `None` is like no other.
    pub same: Option<u64>,
    /// Whether it is news to the trigger.
    pub new: bool,
}

/// Which of a customer's events, in order of (`at`, `id`), make so many alike within a window of milliseconds, and
/// are news or are made so by news: an old event can become the third by one that came in late. Each counts for
/// one occasion only: after it, counting starts anew. A function of the whole history, so that it needs no
/// memory.
#[must_use]
pub fn complete(events: &[Alike], times: u32, within: i64) -> Vec<usize> {
    let times = usize::try_from(times).unwrap_or(usize::MAX);
    let mut counted: Vec<(u64, VecDeque<Alike>)> = Vec::new();
    let mut complete = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let Some(same) = event.same else { continue };
        let position = counted.binary_search_by_key(&same, |(same, _)| *same).unwrap_or_else(|position| {
            counted.insert(position, (same, VecDeque::new()));
            position
        });
        let Some((_, alike)) = counted.get_mut(position) else { continue };
        while alike.front().is_some_and(|first| first.at <= event.at.saturating_sub(within)) {
            alike.pop_front();
        }
        alike.push_back(*event);
        if alike.len() >= times {
            if alike.iter().any(|event| event.new) {
                complete.push(index);
            }
            alike.clear();
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(list: &[(i64, u64, bool)]) -> Vec<Alike> {
        list.iter().map(|&(at, same, new)| Alike { at, same: Some(same), new }).collect()
    }

    #[test]
    fn the_third_alike_fires_and_counting_starts_anew_until_the_sixth() {
        let seven: Vec<_> = (1..=7).map(|at| (at, 1, true)).collect();
        assert_eq!(complete(&events(&seven), 3, 100), [2, 5]);
    }

    #[test]
    fn only_events_alike_count_and_a_missing_field_is_like_no_other() {
        let mixed = events(&[(1, 1, true), (2, 2, true), (3, 1, true), (4, 2, true), (5, 2, true)]);
        assert_eq!(complete(&mixed, 3, 100), [4]);
        let missing = vec![Alike { at: 1, same: None, new: true }; 5];
        assert_eq!(complete(&missing, 3, 100), Vec::<usize>::new());
    }

    #[test]
    fn all_of_them_lie_within_the_window() {
        assert_eq!(
            complete(&events(&[(0, 1, true), (50, 1, true), (100, 1, true)]), 3, 100),
            Vec::<usize>::new()
        );
        assert_eq!(complete(&events(&[(1, 1, true), (50, 1, true), (100, 1, true)]), 3, 100), [2]);
    }

    #[test]
    fn what_was_known_does_not_fire_again_unless_news_completes_it() {
        assert_eq!(
            complete(&events(&[(1, 1, false), (2, 1, false), (3, 1, false)]), 3, 100),
            Vec::<usize>::new()
        );
        assert_eq!(complete(&events(&[(1, 1, false), (2, 1, true), (3, 1, false)]), 3, 100), [2]);
    }
}
