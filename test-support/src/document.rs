//! The API's own document, for tests that must not forget a route: they ask it which operations there are, and make
//! requests of each without knowing any.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Api, send};

/// Methods that an address may have.
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "PATCH"];

/// What `/openapi.json` says.
pub struct Document(Value);

/// A method at an address.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    /// Its path, with the names of its parameters.
    pub path: String,
    /// Whether the document says that it wants a token.
    pub secured: bool,
    /// The smallest body that is of its form, if it takes one.
    pub body: Option<Value>,
}

/// What stands for each parameter of a path.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<&'static str, String>);

impl Document {
    /// Asks a running platform.
    pub async fn of(api: &Api) -> Self {
        Self(api.get("/openapi.json").await.expect(200).body)
    }

    pub fn operations(&self) -> Vec<Operation> {
        let everywhere = is_secured(&self.0["security"]).unwrap_or(false);
        let mut operations = Vec::new();
        for (path, item) in self.paths() {
            for name in METHODS {
                let Some(operation) = item.get(name.to_lowercase()) else { continue };
                let body = &operation["requestBody"]["content"]["application/json"];
                operations.push(Operation {
                    method: name.parse().expect("a method"),
                    path: path.clone(),
                    secured: is_secured(&operation["security"]).unwrap_or(everywhere),
                    body: body.get("schema").map(|schema| self.sample(schema)),
                });
            }
        }
        assert!(operations.len() > 10, "the document is nearly empty: {operations:?}");
        operations
    }

    /// Methods that an address of the document does not have, with the address.
    pub fn absent(&self) -> Vec<(Method, String)> {
        let absent = |(path, item): (&String, &Value)| {
            let absent = METHODS.into_iter().filter(|name| item.get(name.to_lowercase()).is_none());
            absent.map(|name| (name.parse().expect("a method"), path.clone())).collect::<Vec<_>>()
        };
        self.paths().into_iter().flat_map(absent).collect()
    }

    fn paths(&self) -> &serde_json::Map<String, Value> {
        self.0["paths"].as_object().expect("paths")
    }

    /// A small value of a schema: what must be there, as its examples say, else of its type.
    fn sample(&self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let found = self.0.pointer(reference.trim_start_matches('#'));
            return self.sample(found.unwrap_or_else(|| panic!("{reference} is not in the document")));
        }
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        for choice in ["enum", "examples"] {
            if let Some(first) = schema[choice].get(0) {
                return first.clone();
            }
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(first) = schema[choice].get(0) {
                return self.sample(first);
            }
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match kind {
            Some("array") if schema["minItems"].as_u64().unwrap_or(0) > 0 => json!([self.sample(&schema["items"])]),
            Some("array") => json!([]),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
            Some("boolean") => true.into(),
            Some("string") if schema["format"] == "uuid" => uuid::Uuid::nil().to_string().into(),
            Some("string") => "hello".into(),
            _ => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                // Where nothing must be there, something usually has to be.
                let first = schema["properties"].as_object().and_then(|fields| fields.keys().next()).cloned();
                let first = first.filter(|_| required.is_empty()).map(Value::from);
                let names = required.iter().chain(&first).filter_map(Value::as_str);
                names.map(|name| (name.to_owned(), self.sample(&schema["properties"][name]))).collect()
            }
        }
    }
}

/// An empty way among the ways to prove who one is means: or without any.
fn is_secured(security: &Value) -> Option<bool> {
    let ways = security.as_array()?;
    Some(!ways.is_empty() && ways.iter().all(|way| way.as_object().is_some_and(|way| !way.is_empty())))
}

impl Operation {
    /// Method and path, as lists of operations name it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Asks for it at these places, with this token if there is one.
    pub async fn call(&self, api: &Api, token: Option<&str>, places: &Places) -> Answer {
        self.call_at(api, token, &places.fill(&self.path)).await
    }

    /// Asks for it at this path.
    pub async fn call_at(&self, api: &Api, token: Option<&str>, path: &str) -> Answer {
        let mut request = api.request(self.method.clone(), path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        send(request).await
    }
}

impl Places {
    /// The same, with a value for one more parameter.
    pub fn with(mut self, parameter: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.0.insert(parameter, value.to_string());
        self
    }

    /// A path of the document with these values in it. A parameter that nobody thought of fails the test.
    pub fn fill(&self, path: &str) -> String {
        let mut filled = String::new();
        let mut rest = path;
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) = from.split_once('}').expect("a parameter ends");
            let value = self.0.get(name).unwrap_or_else(|| panic!("say in this test what {{{name}}} is, in {path}"));
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let operation =
            json!({"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}}});
        let new = json!({
            "type": "object",
            "required": ["text", "kind", "up_to", "of"],
            "properties": {
                "text": {"type": "string", "example": "hi"},
                "kind": {"enum": ["group", "channel"]},
                "up_to": {"type": "integer", "minimum": 3},
                "of": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "more": {"type": "string"},
            },
        });
        Document(json!({"paths": {"/v1/things/{thing}": {"post": operation}}, "components": {"schemas": {"New": new}}}))
    }

    #[test]
    fn a_sample_has_what_must_be_there() {
        let document = document();
        let schema = json!({"$ref": "#/components/schemas/New"});
        let sample = document.sample(&schema);
        assert_eq!(sample, json!({"text": "hi", "kind": "group", "up_to": 3, "of": ["hello"]}));
    }

    #[test]
    fn what_an_address_does_not_take_is_known() {
        let absent: Vec<_> = document().absent().into_iter().map(|(method, _)| method.to_string()).collect();
        assert_eq!(absent, ["GET", "PUT", "DELETE", "PATCH"]);
    }

    #[test]
    fn places_are_filled_in() {
        let places = Places::default().with("room", &1).with("id", "x");
        assert_eq!(places.fill("/v1/rooms/{room}/messages/{id}/edits"), "/v1/rooms/1/messages/x/edits");
    }

    #[test]
    #[should_panic(expected = "what {thing} is")]
    fn an_unknown_place_is_not_guessed() {
        let _ = Places::default().fill("/v1/things/{thing}");
    }
}
