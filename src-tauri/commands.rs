//! What the pages may ask; each command has a permission of its own (`build.rs`, `capabilities/`).

use evergrant_core::command::{Problem, Reply};

use crate::backend;

/// Every account with its facts, never with its tokens.
#[tauri::command]
pub async fn accounts() -> Result<Reply, Problem> {
    backend::accounts().await
}
