//! AsyncAPI.
