//! How the OpenAPI documents of the services say in which ways a call can be refused: lists of status and reason, given
//! once and named by every route that they hold for.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::MEDIA_TYPE;

/// The name of the second way to prove who one is.
const COOKIE: &str = "cookie";

/// An answer that is a [`crate::Problem`].
#[must_use]
pub fn problem(description: &str) -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}

/// Says of every operation that wants an access token that the cookie may carry it, too.
pub fn with_cookies(document: &mut OpenApi) {
    let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        "__Host-chatlog-access",
        "Set by `POST /v1/sessions` with `cookies: true`; `chatlog-access` where the platform is set to plain HTTP. Whatever \
         changes something also needs the header `X-CSRF-Token`. A bearer token goes before it.",
    )));
    document.components.get_or_insert_default().add_security_scheme(COOKIE, scheme);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for security in operations.into_iter().flatten().filter_map(|operation| operation.security.as_mut()) {
            let cookie = SecurityRequirement::new(COOKIE, [] as [&str; 0]);
            if security.contains(&SecurityRequirement::new("bearer", [] as [&str; 0])) && !security.contains(&cookie) {
                security.push(cookie);
            }
        }
    }
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
