//! Prints the TypeScript types of the window's pages, for `cargo xtask types`.

fn main() {
    print!("{}", evergrant_core::typescript::file());
}
