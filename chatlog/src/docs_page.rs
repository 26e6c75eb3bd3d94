//! The page at `/docs`: Swagger UI (`web/docs/`) with the document of this origin, to read and to try calls from.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::assets;

/// Files of this origin and nothing else: no inline script, no inline style, no evaluated text, no other host.
/// `data:` is for the icons in Swagger UI's style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Chatlog API</title>\n\
    <h1>This page was not built</h1>\n\
    <p>The program was compiled without the files of <code>web/dist</code>. <code>./dev up</code> builds them and compiles the \
    program again.</p>\n\
    <p>The API's document is at <a href=\"/openapi.json\">/openapi.json</a>.</p>\n</html>\n";

/// The page and what it loads.
pub fn router() -> Router {
    Router::new().route("/docs", get(page)).route("/docs/{*path}", get(asset))
}

async fn page(request: HeaderMap) -> Response {
    under_policy(assets::response("docs/index.html", &request))
}

fn under_policy(built: Option<Response>) -> Response {
    let mut response = built.unwrap_or_else(|| Html(NOT_BUILT).into_response());
    // With "not modified", too: its headers take the place of those that the browser has kept.
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

async fn asset(Path(path): Path<String>, request: HeaderMap) -> Response {
    assets::response(&format!("docs/{path}"), &request).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_program_without_assets_says_how_to_get_them() {
        let response = under_policy(None);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY);
        let page = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("./dev up") && page.contains("/openapi.json"), "{page}");
    }
}
