//! The nearest valid name to one that is not.

/// The candidate nearest to `name`, where one is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let cutoff = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= cutoff)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("withn", ["within", "when"]), Some("within"));
        assert_eq!(nearest("segmnet", ["segment", "score"]), Some("segment"));
        assert_eq!(nearest("colour", ["within", "when"]), None);
    }
}
