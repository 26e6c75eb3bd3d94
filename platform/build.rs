//! A new migration is compiled in: the macro that reads them does not notice new files by itself.

#[expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]
fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
