//! A new migration is compiled in: the macro that reads them does not notice new files by itself.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
