//! Text that people wrote, or anybody else, for a terminal.

/// The text without control characters: they would move the cursor, or worse.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// A character, or what stands for it if it is a control character.
#[must_use]
pub fn harmless(character: char) -> char {
    if character.is_control() { '\u{fffd}' } else { character }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_control_characters_are_replaced() {
        assert_eq!(super::visible("é\u{1b}[2J\u{7f}\u{85}\n🫖"), "é\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}🫖");
    }
}
