//! Which messages a member of a room may see: the one rule, for whoever reads the tables.

/// The first seq that a member may see: all messages, or those since the membership began. An unknown word hides everything.
/// What comes before does not exist for the reader. Statements say it by the function `control.first_visible_seq`.
#[must_use]
pub fn first_visible_seq(history_visibility: &str, join_seq: Option<i64>, last_seq: i64) -> i64 {
    match (history_visibility, join_seq) {
        ("all", _) => 1,
        (_, Some(join_seq)) => join_seq + 1,
        (_, None) => last_seq + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_or_membership_hides() {
        assert_eq!(first_visible_seq("all", None, 9), 1);
        assert_eq!(first_visible_seq("since_join", Some(4), 9), 5);
        assert_eq!(first_visible_seq("since_join", None, 9), 10);
        assert_eq!(first_visible_seq("later_word", Some(4), 9), 5);
    }
}
