//! What counts as a break, and what does not.

use serde_json::{Value, json};

use super::compare::breaks;

fn published() -> Value {
    json!({
        "paths": {"/v1/things": {
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 1000}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"content": {}},
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"202": {}},
                "security": [{"bearer": []}],
            },
        }},
        "components": {"schemas": {
            "Thing": {
                "type": "object",
                "required": ["id", "kind"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "kind": {"type": "string", "enum": ["one", "other"]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "note": {"oneOf": [{"type": "null"}, {"type": "string"}]},
                },
            },
            "New": {
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": {"type": "string", "enum": ["one", "other"]},
                    "name": {"type": "string", "maxLength": 80},
                },
            },
        }},
    })
}

/// What breaks when one place of the document says something else (null: nothing).
fn changed(place: &str, value: Value) -> Vec<String> {
    let mut today = published();
    let (parent, name) = place.rsplit_once('/').expect("a place in something");
    let name = name.replace("~1", "/");
    let parent = today.pointer_mut(parent).unwrap_or_else(|| panic!("{place} is not in the document"));
    match (parent, value) {
        (Value::Object(parent), Value::Null) => drop(parent.remove(&name).expect("there is something to remove")),
        (Value::Object(parent), value) => drop(parent.insert(name, value)),
        (Value::Array(parent), value) => parent.push(value),
        _ => panic!("{place} is nothing that contains"),
    }
    breaks(&published(), &today)
}

const GET: &str = "/paths/~1v1~1things/get";
const POST: &str = "/paths/~1v1~1things/post";
const THING: &str = "/components/schemas/Thing";
const NEW: &str = "/components/schemas/New";

#[test]
fn the_same_document_breaks_nothing() {
    assert_eq!(breaks(&published(), &published()), Vec::<String>::new());
}

#[test]
fn what_only_adds_passes() {
    let additions = [
        ("/paths/~1v1~1more".to_owned(), json!({"get": {}})),
        (format!("{GET}/parameters/-"), json!({"name": "after", "in": "query", "schema": {}})),
        (format!("{GET}/responses/429"), json!({})),
        (format!("{THING}/properties/more"), json!({"type": "string"})),
        (format!("{THING}/properties/kind/enum/-"), json!("third")),
        (format!("{NEW}/properties/more"), json!({"type": "string"})),
        (format!("{NEW}/properties/kind/enum/-"), json!("third")),
        (format!("{NEW}/properties/name/maxLength"), json!(100)),
        (format!("{NEW}/required"), Value::Null),
        (format!("{THING}/required"), json!(["id", "kind", "parts"])),
        (format!("{GET}/responses/404"), Value::Null),
        (format!("{POST}/security"), json!([])),
    ];
    for (place, value) in additions {
        assert_eq!(changed(&place, value), Vec::<String>::new(), "{place}");
    }
}

#[test]
fn what_takes_away_does_not() {
    let losses = [
        ("/paths/~1v1~1things".to_owned(), Value::Null, "GET /v1/things is gone"),
        (POST.to_owned(), Value::Null, "POST /v1/things is gone"),
        (format!("{GET}/parameters"), json!([]), "parameter limit is gone"),
        (format!("{GET}/parameters/0/schema/maximum"), json!(500), "maximum: 1000 before, 500 now"),
        (format!("{GET}/parameters/0/schema/minimum"), json!(1), "minimum: none before, 1 now"),
        (format!("{GET}/parameters/0/required"), json!(true), "parameter limit is required now"),
        (
            format!("{GET}/parameters/-"),
            json!({"name": "room", "in": "query", "required": true}),
            "parameter room is new and required",
        ),
        (format!("{GET}/security"), json!([{"bearer": []}]), "wants credentials now"),
        (format!("{GET}/responses/200"), Value::Null, "does not answer 200 any more"),
        (format!("{GET}/responses/200/content"), json!({"text/csv": {}}), "is not application/json any more"),
        (format!("{THING}/properties/id"), Value::Null, "200.id is gone"),
        (format!("{THING}/properties/id/format"), json!("date"), "200.id has another format"),
        (format!("{THING}/properties/id/type"), json!(["string", "null"]), r#"200.id was {"string"}"#),
        (format!("{THING}/properties/parts/items"), json!({"type": "string"}), "200.parts[]"),
        (format!("{THING}/properties/note/oneOf"), json!([{"type": "null"}]), "form 1 of its oneOf"),
        (format!("{THING}/required"), json!(["id"]), "200.kind may be missing now"),
        (format!("{POST}/requestBody/required"), json!(true), "needs a body now"),
        (format!("{NEW}/required"), json!(["kind", "name"]), "body.name must be sent now"),
        (format!("{NEW}/properties/name"), Value::Null, "body.name is gone"),
        (format!("{NEW}/properties/name/maxLength"), json!(40), "maxLength: 80 before, 40 now"),
        (format!("{NEW}/properties/name/pattern"), json!("^a"), "body.name has another pattern"),
        (format!("{NEW}/properties/name/enum"), json!(["a"]), "body.name takes certain words only"),
        (format!("{NEW}/properties/kind/enum"), json!(["one"]), "body.kind has no word other any more"),
        (format!("{NEW}/properties/kind/type"), json!("integer"), "body.kind was"),
    ];
    for (place, value, words) in losses {
        let found = changed(&place, value);
        assert!(found.iter().any(|line| line.contains(words)), "{place}: {found:?}");
    }
}
