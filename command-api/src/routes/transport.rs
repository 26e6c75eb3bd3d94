//! How a session reaches its client: as tokens in the body, or in cookies.

use api_kit::cookies::{Jar, Kept};
use api_kit::extract::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::login::Tokens;
use crate::accounts::sessions::LIFE;
use crate::state::App;

/// What a client proves with who it is.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// For the header `authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token does not count any more.
    expires_in: i64,
    /// To get the next pair, once, within 14 days.
    refresh_token: String,
}

/// A session that a browser keeps in cookies.
#[derive(Serialize, ToSchema)]
pub struct CookieSession {
    /// For the header `X-CSRF-Token` of every request that changes something; the same as in the cookie that scripts can read.
    csrf_token: String,
    /// Seconds until the session has to be refreshed.
    expires_in: i64,
}

/// Tokens are for the one who asked, now.
pub(super) fn begun(app: &App, tokens: Tokens, cookies: bool) -> Response {
    let no_store = [(CACHE_CONTROL, "no-store")];
    if !cookies {
        let session = Session {
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh,
        };
        return (no_store, Json(session)).into_response();
    }
    let csrf_token = app.context.csrf.token(tokens.session);
    let kept = Kept {
        access: &tokens.access,
        access_seconds: tokens.expires_in,
        refresh: &tokens.refresh,
        refresh_seconds: LIFE,
        csrf: &csrf_token,
    };
    let cookies = Jar::new(&app.context.api_settings.cookies).keep(&kept);
    let session = CookieSession { csrf_token, expires_in: tokens.expires_in };
    with_cookies((StatusCode::CREATED, no_store, Json(session)).into_response(), cookies)
}

/// A session is over: a browser that kept it forgets it.
pub(super) fn ended(app: &App, headers: &HeaderMap) -> Response {
    let jar = Jar::new(&app.context.api_settings.cookies);
    let cookies = if jar.access(headers).is_some() { jar.forget() } else { Vec::new() };
    with_cookies(StatusCode::NO_CONTENT.into_response(), cookies)
}

fn with_cookies(mut response: Response, cookies: Vec<HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
