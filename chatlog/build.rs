//! Has the program compiled again when the files that it takes in (`src/assets.rs`) have changed.

use std::path::Path;

fn main() {
    // What is not there counts as changed at every build; the folder around it changes when it is made.
    let built = Path::new("../web/dist");
    let watched = if built.is_dir() { built } else { Path::new("../web") };
    println!("cargo::rerun-if-changed={}", watched.display());
}
