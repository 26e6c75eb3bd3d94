//! Session cookies: their names, how they are read, how they are set (pure).
//!
//! - access: `HttpOnly`, for every path, as long as the token lives;
//! - refresh: `HttpOnly`, for the one path that takes it. `__Host-` would want the path `/`, so it is `__Secure-`;
//! - csrf: what scripts of the same origin read and send back as a header.
//!
//! Where cookies are secure, only the prefixed names are read: a page of a sibling domain, or one by plain HTTP, cannot
//! plant one.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::settings::CookieSettings;

/// The one path that the refresh cookie is sent to.
pub const REFRESH_PATH: &str = "/v1/sessions/refresh";

/// The cookies of this platform.
#[derive(Clone, Copy, Debug)]
pub struct Jar {
    secure: bool,
}

/// What a browser is given to keep.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub access: &'a str,
    /// Seconds that it lives.
    pub access_seconds: i64,
    pub refresh: &'a str,
    /// Seconds that it lives.
    pub refresh_seconds: i64,
    /// What scripts send back as `X-CSRF-Token`.
    pub csrf: &'a str,
}

impl Jar {
    /// As the settings say.
    #[must_use]
    pub fn new(settings: &CookieSettings) -> Self {
        Self { secure: settings.cookie_secure }
    }

    /// The access token that a browser sent.
    #[must_use]
    pub fn access(self, headers: &HeaderMap) -> Option<&str> {
        find(headers, self.names().0)
    }

    /// The refresh token that a browser sent.
    #[must_use]
    pub fn refresh(self, headers: &HeaderMap) -> Option<&str> {
        find(headers, self.names().1)
    }

    /// The headers `Set-Cookie` that begin a session, or go on with it.
    #[must_use]
    pub fn keep(self, kept: &Kept<'_>) -> Vec<HeaderValue> {
        let (access, refresh, csrf) = self.names();
        [
            self.cookie(access, kept.access, "/", kept.access_seconds, true),
            self.cookie(refresh, kept.refresh, REFRESH_PATH, kept.refresh_seconds, true),
            self.cookie(csrf, kept.csrf, "/", kept.refresh_seconds, false),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The headers `Set-Cookie` that end it.
    #[must_use]
    pub fn forget(self) -> Vec<HeaderValue> {
        self.keep(&Kept { access: "", access_seconds: 0, refresh: "", refresh_seconds: 0, csrf: "" })
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        if self.secure {
            ("__Host-chatlog-access", "__Secure-chatlog-refresh", "__Host-chatlog-csrf")
        } else {
            ("chatlog-access", "chatlog-refresh", "chatlog-csrf")
        }
    }

    fn cookie(self, name: &str, value: &str, path: &str, seconds: i64, hidden: bool) -> Option<HeaderValue> {
        let cookie = Cookie::build((name, value))
            .path(path)
            .max_age(Duration::seconds(seconds))
            .same_site(SameSite::Strict)
            .secure(self.secure)
            .http_only(hidden);
        HeaderValue::try_from(cookie.build().to_string()).ok()
    }
}

/// A cookie by its name; none where there are two, of which one must be somebody else's.
fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let cookies = values.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let mut found = cookies.filter(|cookie| cookie.name() == name).filter_map(|cookie| cookie.value_raw());
    let mut found = found.by_ref().filter(|value| !value.is_empty());
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: Jar = Jar { secure: true };
    const PLAIN: Jar = Jar { secure: false };

    fn sent(cookies: &'static [&'static str]) -> HeaderMap {
        cookies.iter().map(|cookie| (COOKIE, HeaderValue::from_static(cookie))).collect()
    }

    #[test]
    fn cookies_are_found_by_name() {
        assert_eq!(SECURE.access(&sent(&["a=b; __Host-chatlog-access=x.y; c=d"])), Some("x.y"));
        assert_eq!(SECURE.access(&sent(&["a=b", "__Host-chatlog-access=x=y"])), Some("x=y"));
        assert_eq!(SECURE.refresh(&sent(&["__Secure-chatlog-refresh=r"])), Some("r"));
        assert_eq!(PLAIN.access(&sent(&["chatlog-access=x"])), Some("x"));
        for not in
            [&[][..], &["a=b"], &["__Host-chatlog-access="], &["__Host-chatlog-access"], &["x__Host-chatlog-access=x"]]
        {
            assert_eq!(SECURE.access(&sent(not)), None, "{not:?}");
        }
    }

    #[test]
    fn a_cookie_that_another_page_could_have_planted_counts_for_nothing() {
        assert_eq!(SECURE.access(&sent(&["chatlog-access=x"])), None);
        assert_eq!(PLAIN.access(&sent(&["chatlog-access=x; chatlog-access=y"])), None);
    }

    #[test]
    fn what_is_kept_says_for_whom_and_how_long() {
        let kept = Kept { access: "a", access_seconds: 600, refresh: "r", refresh_seconds: 99, csrf: "c" };
        assert_eq!(
            SECURE.keep(&kept),
            [
                "__Host-chatlog-access=a; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=600",
                "__Secure-chatlog-refresh=r; HttpOnly; SameSite=Strict; Secure; Path=/v1/sessions/refresh; Max-Age=99",
                "__Host-chatlog-csrf=c; SameSite=Strict; Secure; Path=/; Max-Age=99",
            ]
        );
        assert_eq!(PLAIN.keep(&kept)[0], "chatlog-access=a; HttpOnly; SameSite=Strict; Path=/; Max-Age=600");
        assert_eq!(PLAIN.forget()[0], "chatlog-access=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    }
}
