//! Whether a client that was written for one document of the API can go on with another.
//!
//! What only adds passes: paths, operations, answers, optional parameters and fields, words of an enumeration. What takes
//! something away from a client does not, in either direction: what it sends must still be taken, what it reads must still
//! be there. Pure functions of two documents.

use std::collections::BTreeSet;

use serde_json::Value;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
/// Keywords that say how large a value may be at most, and at least.
const AT_MOST: [&str; 5] = ["maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum"];
const AT_LEAST: [&str; 5] = ["minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum"];
/// Keywords of which any change may take something away.
const FIXED: [&str; 3] = ["format", "pattern", "const"];
/// Schemas may contain themselves.
const DEEPEST: usize = 12;

/// Who writes a value: it decides what narrowing it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Client,
    Server,
}

/// What would break, one line each; empty where nothing does.
pub fn breaks(published: &Value, today: &Value) -> Vec<String> {
    let mut found = Compared { published, today, breaks: Vec::new() };
    for (path, item) in members(&published["paths"]) {
        for method in METHODS {
            let Some(was) = item.get(method) else { continue };
            let name = format!("{} {path}", method.to_uppercase());
            match today["paths"][path].get(method) {
                Some(is) => found.operation(&name, was, is),
                None => found.say(&name, "is gone"),
            }
        }
    }
    found.breaks
}

struct Compared<'a> {
    published: &'a Value,
    today: &'a Value,
    breaks: Vec<String>,
}

impl<'a> Compared<'a> {
    fn say(&mut self, place: &str, what: &str) {
        self.breaks.push(format!("{place} {what}"));
    }

    fn operation(&mut self, name: &str, was: &'a Value, is: &'a Value) {
        if open(was) && !open(is) {
            self.say(name, "wants credentials now");
        }
        self.parameters(name, was, is);
        let (before, after) = (&was["requestBody"], &is["requestBody"]);
        if after["required"] == true && before["required"] != true {
            self.say(name, "needs a body now");
        }
        self.contents(&format!("{name}: body"), &before["content"], &after["content"], Writer::Client);
        for (status, response) in members(&was["responses"]) {
            match is["responses"].get(status) {
                Some(now) => {
                    let place = format!("{name}: {status}");
                    self.contents(&place, &response["content"], &now["content"], Writer::Server);
                }
                // What goes well is what clients wait for; a problem fewer harms nobody.
                None if status.starts_with('2') => self.say(name, &format!("does not answer {status} any more")),
                None => {}
            }
        }
    }

    fn parameters(&mut self, name: &str, was: &'a Value, is: &'a Value) {
        let of = |operation: &'a Value| operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for before in of(was) {
            let place = format!("{name}: parameter {}", text(&before["name"]));
            match of(is).iter().find(|after| same(before, after)) {
                Some(after) => {
                    if after["required"] == true && before["required"] != true {
                        self.say(&place, "is required now");
                    }
                    self.schema(&place, (&before["schema"], &after["schema"]), Writer::Client, 0);
                }
                None => self.say(&place, "is gone"),
            }
        }
        for after in of(is).iter().filter(|after| after["required"] == true) {
            if !of(was).iter().any(|before| same(before, after)) {
                self.say(&format!("{name}: parameter {}", text(&after["name"])), "is new and required");
            }
        }
    }

    fn contents(&mut self, place: &str, was: &'a Value, is: &'a Value, writer: Writer) {
        for (kind, before) in members(was) {
            match is.get(kind) {
                Some(after) => self.schema(place, (&before["schema"], &after["schema"]), writer, 0),
                None => self.say(place, &format!("is not {kind} any more")),
            }
        }
    }

    fn schema(&mut self, place: &str, (was, is): (&'a Value, &'a Value), writer: Writer, depth: usize) {
        let (was, is) = (resolve(self.published, was), resolve(self.today, is));
        if depth > DEEPEST || !was.is_object() {
            return;
        }
        if !is.is_object() {
            return self.say(place, "has no schema any more");
        }
        self.choices(place, was, is, writer, depth);
        self.words(place, was, is, writer);
        self.bounds(place, was, is, writer);
        for keyword in FIXED.into_iter().filter(|keyword| was.get(keyword) != is.get(keyword)) {
            // A client may rely on what it reads having a form, and on what it sends needing none.
            let taken_away = match writer {
                Writer::Client => is.get(keyword).is_some(),
                Writer::Server => was.get(keyword).is_some(),
            };
            if taken_away {
                self.say(place, &format!("has another {keyword}"));
            }
        }
        if let Some(before) = was.get("items") {
            self.schema(&format!("{place}[]"), (before, &is["items"]), writer, depth + 1);
        }
        if let Some(before) = was.get("additionalProperties").filter(|schema| schema.is_object()) {
            self.schema(&format!("{place}.*"), (before, &is["additionalProperties"]), writer, depth + 1);
        }
        self.fields(place, was, is, writer, depth);
    }

    fn fields(&mut self, place: &str, was: &'a Value, is: &'a Value, writer: Writer, depth: usize) {
        for (name, before) in members(&was["properties"]) {
            let place = format!("{place}.{name}");
            match is["properties"].get(name) {
                Some(after) => self.schema(&place, (before, after), writer, depth + 1),
                None => self.say(&place, "is gone"),
            }
        }
        let (before, after) = (list(&was["required"]), list(&is["required"]));
        match writer {
            Writer::Client => {
                for name in after.difference(&before) {
                    self.say(&format!("{place}.{name}"), "must be sent now");
                }
            }
            Writer::Server => {
                for name in before.difference(&after) {
                    self.say(&format!("{place}.{name}"), "may be missing now");
                }
            }
        }
    }

    /// Types and words: a client must still be able to send each, and must not be sent types that it does not know.
    fn words(&mut self, place: &str, was: &Value, is: &Value, writer: Writer) {
        let (before, after) = (types(was), types(is));
        let lost = match writer {
            Writer::Client => !after.is_empty() && !after.is_superset(&before),
            Writer::Server => !before.is_empty() && !before.is_superset(&after),
        };
        if lost || (before.is_empty() && !after.is_empty() && writer == Writer::Client) {
            self.say(place, &format!("was {before:?}, is {after:?}"));
        }
        let (before, after) = (list(&was["enum"]), list(&is["enum"]));
        if before.is_empty() {
            if !after.is_empty() && writer == Writer::Client {
                self.say(place, "takes certain words only");
            }
            return;
        }
        for word in before.difference(&after).filter(|_| !after.is_empty()) {
            self.say(place, &format!("has no word {word} any more"));
        }
    }

    /// What a client sends may be as large as before; what it reads is no larger.
    fn bounds(&mut self, place: &str, was: &Value, is: &Value, writer: Writer) {
        for (keywords, upper) in [(AT_MOST, true), (AT_LEAST, false)] {
            for keyword in keywords {
                let (before, after) = (was[keyword].as_f64(), is[keyword].as_f64());
                let (Some(bound), other) = (match writer {
                    Writer::Client => (after, before),
                    Writer::Server => (before, after),
                }) else {
                    continue;
                };
                // A bound where there was none, or one that is passed.
                if other.is_none_or(|other| if upper { other > bound } else { other < bound }) {
                    let show = |bound: Option<f64>| bound.map_or_else(|| "none".to_owned(), |bound| bound.to_string());
                    self.say(place, &format!("has another {keyword}: {} before, {} now", show(before), show(after)));
                }
            }
        }
    }

    /// Each of the forms that a value had must still be one of its forms.
    fn choices(&mut self, place: &str, was: &'a Value, is: &'a Value, writer: Writer, depth: usize) {
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let forms = |schema: &'a Value| schema[keyword].as_array().map(Vec::as_slice).unwrap_or_default();
            for (n, before) in forms(was).iter().enumerate() {
                let still = forms(is).iter().any(|after| {
                    let mut tried = Compared { published: self.published, today: self.today, breaks: Vec::new() };
                    tried.schema(place, (before, after), writer, depth + 1);
                    tried.breaks.is_empty()
                });
                if !still {
                    self.say(place, &format!("has lost, or changed, form {n} of its {keyword}"));
                }
            }
            if forms(was).is_empty() && !forms(is).is_empty() && writer == Writer::Client {
                self.say(place, &format!("must be of certain forms now ({keyword})"));
            }
        }
    }
}

/// Whether an operation asks for no credentials.
fn open(operation: &Value) -> bool {
    operation["security"].as_array().is_none_or(Vec::is_empty)
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null),
        None => schema,
    }
}

fn types(schema: &Value) -> BTreeSet<String> {
    match &schema["type"] {
        Value::String(one) => BTreeSet::from([one.clone()]),
        several => several.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn list(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
