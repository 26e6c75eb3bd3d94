//! How the OpenAPI documents of the services say in which ways a call can be refused: lists of status and reason, given
//! once and named by every route that they hold for.

use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::MEDIA_TYPE;

/// An answer that is a [`crate::Problem`].
#[must_use]
pub fn problem(description: &str) -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}

/// Names lists of problems, to stand among the `responses` of a route.
#[macro_export]
macro_rules! documented_problems {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $description:literal,)* })*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl ::utoipa::IntoResponses for $name {
            fn responses()
            -> ::std::collections::BTreeMap<String, ::utoipa::openapi::RefOr<::utoipa::openapi::Response>> {
                [$(($status.to_owned(), $crate::documented::problem($description).into()),)*].into()
            }
        }
    )*};
}
