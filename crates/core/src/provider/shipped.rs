//! The provider files that come with the program.

/// File name and text of each.
pub const SHIPPED: &[(&str, &str)] = &[
    (
        "providers/facebook.toml",
        include_str!("../../../../providers/facebook.toml"),
    ),
    (
        "providers/practice.toml",
        include_str!("../../../../providers/practice.toml"),
    ),
];
