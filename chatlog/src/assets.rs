//! What is built in `web/` for browsers, compiled into the program, so that nothing has to be installed beside it. A program
//! that was compiled before it was built has no assets.

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Dist;

/// The answer to a request for the file `web/dist/{path}`; none where there is no such file.
///
/// Browsers keep it and ask each time whether it is still the same: a later program has other bytes under this name. `{path}.gz`
/// beside it is what those get who take it, so that nothing is compressed while it is asked for.
#[must_use]
pub fn response(path: &str, request: &HeaderMap) -> Option<Response> {
    let file = Dist::get(path)?;
    let compressed = Dist::get(&format!("{path}.gz"));
    let etag = etag(&file)?;
    let known = request.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&etag));
    let mut headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-cache"))]);
    headers.typed_insert(etag);
    if compressed.is_some() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if known {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(CONTENT_TYPE, content_type(&file)?);
    let body = match compressed {
        Some(compressed) if accepts_gzip(request) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            compressed.data
        }
        _ => file.data,
    };
    Some((headers, Body::from(body)).into_response())
}

/// Weak, because the same file travels compressed, too.
fn etag(file: &EmbeddedFile) -> Option<ETag> {
    let hash = u128::from_be_bytes(*file.metadata.sha256_hash().first_chunk()?);
    format!("W/\"{hash:032x}\"").parse().ok()
}

fn content_type(file: &EmbeddedFile) -> Option<HeaderValue> {
    let media_type = file.metadata.mimetype();
    let charset = if media_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    HeaderValue::try_from(format!("{media_type}{charset}")).ok()
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let accepts = |value| accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]));
        for value in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "br", "identity, gzip;q=0", "gzip;q=0.000, br"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
