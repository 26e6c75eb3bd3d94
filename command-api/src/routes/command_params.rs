//! The headers that every command takes, for the OpenAPI document.

use utoipa::IntoParams;

/// Read by [`crate::command::CommandHeaders`].
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct CommandParams {
    /// Makes a repetition the same command
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// `wait=N`: seconds to wait for the fold
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}
