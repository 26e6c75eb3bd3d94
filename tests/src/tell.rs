//! Telling whoever reads a failed test what went before; the test runner shows it below the failure.

/// Says a line, or several.
#[expect(clippy::print_stdout, reason = "the test runner keeps it, and shows it when the test fails")]
pub fn tell(what: impl std::fmt::Display) {
    println!("{what}");
}
