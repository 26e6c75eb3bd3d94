//! What the HTTP services share: problems (RFC 9457), extractors, layers and the server, access tokens and who may come in,
//! cookies and CSRF protection, rate limits, and how the OpenAPI documents speak of them.
//!
//! Start at [`ApiContext`]: the servers of [`platform`], the read models, and what a request is checked with. An extractor's
//! type is the permission ([`Caller`], [`Admin`]).

pub mod access;
pub mod admin;
pub mod admission;
pub mod auth;
pub mod caller;
pub mod context;
pub mod cookies;
pub mod csrf;
pub mod documented;
pub mod extract;
pub mod http;
pub mod outgoing;
pub mod problem;
pub mod rate;
pub mod settings;
pub mod tokens;

pub use crate::access::{Access, SessionWatch};
pub use crate::admin::Admin;
pub use crate::admission::Admission;
pub use crate::caller::Caller;
pub use crate::context::ApiContext;
pub use crate::problem::Problem;
pub use crate::rate::RateLimits;
pub use crate::settings::{ApiSettings, HttpSettings};
pub use crate::tokens::Keyring;
