//! The person's choices in the settings file.

use serde::{Deserialize, Serialize};

/// What is chosen, or what goes without a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SettingsView {
    /// How long ahead of a sign-in's announced end the person is warned, in seconds, longest first.
    pub warn_before: Vec<i64>,
    /// How late a new post may still go out by itself, in seconds.
    pub late_limit: i64,
    /// The settings file; empty where choices are not kept.
    pub file: String,
}

/// What is to change of them; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SettingsChanges {
    /// How long ahead of a sign-in's announced end the person is warned, in seconds.
    pub warn_before: Option<Vec<i64>>,
    /// How late a new post may still go out by itself, in seconds.
    pub late_limit: Option<i64>,
}
