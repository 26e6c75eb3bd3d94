//! Session cookies: their names, how they are read, how they are set (pure).
//!
//! - access: `HttpOnly`, for every path, as long as the token lives;
//! - refresh: `HttpOnly`, for the one path that takes it. `__Host-` would want the path `/`, so it is `__Secure-`;
//! - csrf: what scripts of the same origin read and send back as a header.
//!
//! Where cookies are secure, only the prefixed names are read: a page of a sibling domain, or one by plain HTTP, cannot
//! plant one.

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
    /// The access token.
    pub access: &'a str,
    /// Seconds that it lives.
    pub access_seconds: i64,
    /// The refresh token.
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
        let secure = if self.secure { "; Secure" } else { "" };
        let hidden = if hidden { "; HttpOnly" } else { "" };
        let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Strict{secure}{hidden}");
        HeaderValue::try_from(cookie).ok()
    }
}

/// A cookie by its name; none where there are two, of which one must be somebody else's.
fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(found, value)| *found == name && !value.is_empty()).map(|(_, value)| value);
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
                "__Host-chatlog-access=a; Path=/; Max-Age=600; SameSite=Strict; Secure; HttpOnly",
                "__Secure-chatlog-refresh=r; Path=/v1/sessions/refresh; Max-Age=99; SameSite=Strict; Secure; HttpOnly",
                "__Host-chatlog-csrf=c; Path=/; Max-Age=99; SameSite=Strict; Secure",
            ]
        );
        assert_eq!(PLAIN.keep(&kept)[0], "chatlog-access=a; Path=/; Max-Age=600; SameSite=Strict; HttpOnly");
        assert_eq!(PLAIN.forget()[0], "chatlog-access=; Path=/; Max-Age=0; SameSite=Strict; HttpOnly");
    }
}
