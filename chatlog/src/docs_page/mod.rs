//! The page at `/docs`: the API's own document as HTML, rendered once at start. It needs no script and nothing from
//! elsewhere, so it works without internet, under the strictest content policy, and in a text browser.

mod schema;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// The page's style, a file of its own so that the content policy needs no exception.
pub const STYLE: &str = include_str!("style.css");

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Renders an `OpenAPI` document.
#[must_use]
pub fn render(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n</head>\n<body>\n<header>\n<h1>{title} <small>{}</small></h1>\n\
         {}\n<p>The same for programs: <a href=\"/openapi.json\">openapi.json</a></p>\n</header>\n",
        text(&document["info"]["version"]),
        prose(&document["info"]["description"]),
    );
    let groups = by_tag(document);
    contents(&mut page, &groups);
    page.push_str("<main>\n");
    for (tag, operations) in &groups {
        let _ = writeln!(page, "<h2 id=\"tag-{0}\">{0}</h2>", escape(tag));
        for operation in operations {
            operation.render(&mut page);
        }
    }
    page.push_str("<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = writeln!(
            page,
            "<details id=\"schema-{0}\"><summary><code>{0}</code></summary>\n{1}</details>",
            escape(name),
            schema::render(schema)
        );
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    /// Parameters of the path come before those of the operation.
    parameters: Vec<&'a Value>,
    value: &'a Value,
}

/// Operations by their first tag, in the order of paths.
fn by_tag(document: &Value) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut groups: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(value) = item.get(method) else { continue };
            let parameters =
                [&item["parameters"], &value["parameters"]].into_iter().filter_map(Value::as_array).flatten();
            let tag = value["tags"][0].as_str().unwrap_or("other");
            let parameters = parameters.collect();
            groups.entry(tag).or_default().push(Operation { path, method, parameters, value });
        }
    }
    groups
}

fn contents(page: &mut String, groups: &BTreeMap<&str, Vec<Operation<'_>>>) {
    page.push_str("<nav>\n<ul>\n");
    for (tag, operations) in groups {
        let _ = writeln!(page, "<li><a href=\"#tag-{0}\">{0}</a>\n<ul>", escape(tag));
        for operation in operations {
            let _ = writeln!(page, "<li><a href=\"#{}\">{}</a></li>", operation.anchor(), operation.name());
        }
        page.push_str("</ul></li>\n");
    }
    page.push_str("<li><a href=\"#schemas\">Schemas</a></li>\n</ul>\n</nav>\n");
}

impl Operation<'_> {
    fn anchor(&self) -> String {
        let path: String = self.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("{}{path}", self.method)
    }

    fn name(&self) -> String {
        format!("<b class=\"{0}\">{0}</b> <code>{1}</code>", self.method, escape(self.path))
    }

    fn render(&self, page: &mut String) {
        let _ = writeln!(
            page,
            "<details id=\"{}\" open>\n<summary>{} {}</summary>\n{}",
            self.anchor(),
            self.name(),
            text(&self.value["summary"]),
            prose(&self.value["description"]),
        );
        if self.value["security"].as_array().is_some_and(|ways| !ways.is_empty()) {
            page.push_str("<p class=\"security\">Needs an access token: <code>Authorization: Bearer …</code>, or a session cookie</p>\n");
        }
        self.render_parameters(page);
        for (media_type, body) in self.value["requestBody"]["content"].as_object().into_iter().flatten() {
            let _ = writeln!(
                page,
                "<h3>Body <small>{}</small></h3>\n{}\n{}",
                escape(media_type),
                prose(&self.value["requestBody"]["description"]),
                schema::render(&body["schema"])
            );
        }
        self.render_responses(page);
        page.push_str("</details>\n");
    }

    fn render_parameters(&self, page: &mut String) {
        if self.parameters.is_empty() {
            return;
        }
        page.push_str("<h3>Parameters</h3>\n<table>\n");
        for parameter in &self.parameters {
            let required = if parameter["required"] == true { " <em>required</em>" } else { "" };
            let _ = writeln!(
                page,
                "<tr><td><code>{}</code>{required}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                schema::type_of(&parameter["schema"]),
                prose(&parameter["description"]),
            );
        }
        page.push_str("</table>\n");
    }

    fn render_responses(&self, page: &mut String) {
        page.push_str("<h3>Answers</h3>\n<table>\n");
        for (status, response) in self.value["responses"].as_object().into_iter().flatten() {
            let contents = response["content"].as_object().into_iter().flatten();
            let types: Vec<String> = contents
                .map(|(media_type, body)| {
                    format!("{} <small>{}</small>", schema::type_of(&body["schema"]), escape(media_type))
                })
                .collect();
            let _ = writeln!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(status),
                prose(&response["description"]),
                types.join("<br>"),
            );
        }
        page.push_str("</table>\n");
    }
}

/// A string of the document, safe to stand in HTML; empty for anything else.
fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

/// A description: paragraphs at empty lines, and code between backticks.
fn prose(value: &Value) -> String {
    let Some(description) = value.as_str().filter(|description| !description.trim().is_empty()) else {
        return String::new();
    };
    let code = |paragraph: &str| -> String {
        let parts = paragraph.split('`').enumerate();
        parts.map(|(i, part)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
    };
    let paragraphs = description.split("\n\n").map(|paragraph| format!("<p>{}</p>", code(&escape(paragraph.trim()))));
    paragraphs.collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "info": {"title": "T <1>", "version": "1", "description": "First `a<b`.\n\nSecond."},
            "paths": {"/v1/rooms/{room}": {
                "parameters": [{"name": "room", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}],
                "get": {
                    "tags": ["rooms"], "summary": "A room", "security": [{"bearer": []}],
                    "responses": {"200": {"description": "Found", "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Room"}}}}}
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["name"],
                        "properties": {"name": {"type": "string", "maxLength": 80}}}}}},
                    "responses": {}
                }
            }},
            "components": {"schemas": {"Room": {"type": "object", "properties": {
                "members": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}}}}}
        })
    }

    #[test]
    fn every_operation_and_schema_is_there_and_can_be_linked_to() {
        let page = render(&document());
        for part in [
            "id=\"get-v1-rooms--room-\"",
            "id=\"tag-rooms\"",
            "id=\"schema-Room\"",
            "href=\"#schema-Room\"",
            "href=\"#schema-Member\"",
            "<em>required</em>",
            "at most 80 characters",
            "Authorization: Bearer",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere_and_text_stays_text() {
        let page = render(&document());
        assert!(page.contains("T &lt;1&gt;") && page.contains("<code>a&lt;b</code>"));
        for forbidden in ["<script", "http://", "https://", " style=", " onclick="] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn an_empty_document_is_a_page_too() {
        assert!(render(&json!({})).contains("</html>"));
    }
}
