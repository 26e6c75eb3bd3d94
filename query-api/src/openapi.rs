//! What the OpenAPI document says of every read alike: how it can be refused, and that it may be known already.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response, ResponseBuilder};

api_kit::documented_problems! {
    /// Every read.
    ReadProblems {
        "400": "`invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it",
        "401": "`unauthorized`: no valid token",
        "410": "`other-log`: the position is of another log",
        "429": "`too-many-requests`: wait for `Retry-After`",
        "500": "`internal`",
        "503": "`behind`: the read models have not reached the position, or are too far behind to refuse something; \
                `parked`: what would refuse it waits for an administrator; `unavailable`: try again",
    }
    /// Reads for the members of a room.
    RoomProblems {
        "403": "`forbidden`: not a member of this public channel",
        "404": "`not-found`: no such room, or none that the reader may know of",
    }
    /// What administrators do.
    AdminProblems {
        "400": "`invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it",
        "401": "`unauthorized`: no valid token",
        "403": "`forbidden`: not an administrator",
        "429": "`too-many-requests`: wait for `Retry-After`",
        "500": "`internal`",
        "503": "`unavailable`: try again",
    }
    /// Reads of one thing.
    MissingProblems {
        "404": "`not-found`: no such thing, or none that the reader may know of",
    }
}

/// Reads that can be asked for with `If-None-Match`.
pub struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new().description("The answer is what `If-None-Match` names").build();
        BTreeMap::from([("304".to_owned(), response.into())])
    }
}
