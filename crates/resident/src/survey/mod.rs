//! What the desktop offers, for `doctor`. Nothing here is ever bad: Evergrant goes on without it.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{survey, survey_at};

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::survey;
