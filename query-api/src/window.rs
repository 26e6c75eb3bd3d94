//! Which messages make a page: arithmetic on seq, no I/O.
//!
//! A room's seq runs 1, 2, 3 … without gaps, and deleted messages keep their places. So once the room's last seq is
//! known, every page is a closed range of seq known before a single message is read: no row is fetched to find out
//! whether there are more, and a page cannot shift while people write. `created_at` never goes back within a room, so
//! that a range of time is a range of seq too.

/// The messages that may be shown: from what the reader may see and from `from` and `to`. Empty when `first > last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub first: i64,
    pub last: i64,
}

/// Where in the window the page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Newest,
    /// The messages next to this seq, older than it.
    Before(i64),
    /// The messages next to this seq, newer than it.
    After(i64),
    /// As many messages on both sides of this one.
    Around(i64),
}

/// One page: a closed range of seq (empty when `first > last`) and where the neighbouring pages begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The oldest message of the page.
    pub first: i64,
    /// The newest message of the page.
    pub last: i64,
    /// There are older messages, before this seq.
    pub older: Option<i64>,
    /// There are newer messages, after this seq.
    pub newer: Option<i64>,
}

/// The newest messages before a seq, read along with the room: before it is known how long the room is and what of it the
/// reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// They are older than this one.
    pub before: i64,
    pub limit: i64,
}

impl Window {
    /// Whether nothing can be shown.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// Whether a message can be shown.
    #[must_use]
    pub fn contains(self, seq: i64) -> bool {
        (self.first..=self.last).contains(&seq)
    }

    /// The page of at most `limit` messages at a place; exactly `limit` where they exist on the side asked for
    /// (around a message: on either side).
    #[must_use]
    pub fn span(self, place: Place, limit: i64) -> Span {
        let up_to = |last: i64| (self.first.max(last.saturating_sub(limit - 1)), last);
        let (first, last) = match place {
            Place::Newest => up_to(self.last),
            Place::Before(seq) => up_to(self.last.min(seq.saturating_sub(1))),
            Place::After(seq) => {
                let first = self.first.max(seq.saturating_add(1));
                (first, self.last.min(first.saturating_add(limit - 1)))
            }
            Place::Around(seq) => up_to(self.last.min(self.first.max(seq - limit / 2).saturating_add(limit - 1))),
        };
        if self.is_empty() {
            return Span { first: 1, last: 0, older: None, newer: None };
        }
        if first > last {
            // A cursor at or beyond an end of the window: everything lies on its other side.
            let beyond_the_newest = matches!(place, Place::After(_));
            return Span {
                first: 1,
                last: 0,
                older: beyond_the_newest.then_some(self.last + 1),
                newer: (!beyond_the_newest).then_some(self.first - 1),
            };
        }
        Span { first, last, older: (first > self.first).then_some(first), newer: (last < self.last).then_some(last) }
    }
}

impl Span {
    /// How many messages it holds.
    #[must_use]
    pub fn len(self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(0)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first > self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Window = Window { first: 11, last: 30 };

    fn range(place: Place, limit: i64) -> (i64, i64) {
        let span = WINDOW.span(place, limit);
        (span.first, span.last)
    }

    #[test]
    fn pages_lie_where_they_are_asked_for() {
        assert_eq!(range(Place::Newest, 5), (26, 30));
        assert_eq!(range(Place::Before(26), 5), (21, 25));
        assert_eq!(range(Place::After(12), 5), (13, 17), "adjacent to the cursor, not the newest");
        assert_eq!(range(Place::Around(20), 5), (18, 22));
        assert_eq!(range(Place::Around(20), 1), (20, 20));
    }

    #[test]
    fn around_is_full_at_both_ends() {
        assert_eq!(range(Place::Around(11), 6), (11, 16));
        assert_eq!(range(Place::Around(30), 6), (25, 30));
        assert_eq!(range(Place::Around(20), 1000), (11, 30));
    }

    #[test]
    fn beyond_an_end_everything_is_on_the_other_side() {
        assert_eq!(WINDOW.span(Place::After(30), 5).older, Some(31));
        assert_eq!(WINDOW.span(Place::Before(11), 5).newer, Some(10));
        let nothing = Window { first: 1, last: 0 };
        assert_eq!(nothing.span(Place::Newest, 5), Span { first: 1, last: 0, older: None, newer: None });
    }

    proptest! {
        #[test]
        fn no_place_leaves_the_window(
            first in 1_i64..50, length in 0_i64..50, seq: i64, limit in 1_i64..1001, form in 0..4
        ) {
            let window = Window { first, last: first + length - 1 };
            let place = match form {
                0 => Place::Newest,
                1 => Place::Before(seq),
                2 => Place::After(seq),
                _ if length > 0 => Place::Around(first + seq.rem_euclid(length)),
                _ => Place::Newest,
            };
            let span = window.span(place, limit);
            prop_assert!(span.is_empty() || (window.contains(span.first) && window.contains(span.last)));
            let expected = limit.min(length);
            match place {
                Place::Newest | Place::Around(_) => prop_assert_eq!(span.len(), usize::try_from(expected).unwrap_or(0)),
                Place::Before(_) | Place::After(_) => prop_assert!(span.len() <= usize::try_from(expected).unwrap_or(0)),
            }
            if let Place::Around(seq) = place {
                prop_assert!((span.first..=span.last).contains(&seq));
            }
        }
    }
}
