//! The published JSON Schemas, used as an outside consumer uses them: an ordinary validator, one schema a type.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

use crate::log::LogRecord;
use crate::servers::repository;

/// Where they are published.
const FOLDER: &str = "docs/generated/schemas";

/// The schema of every record's headers, as an object of strings.
const HEADERS: &str = "headers.v1";

/// Validators by `ce_type`.
pub struct Schemas(BTreeMap<String, Validator>);

impl Schemas {
    /// Reads every published schema.
    pub fn published() -> Self {
        let folder = repository().join(FOLDER);
        let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut validators = BTreeMap::new();
        for file in files {
            let path = file.expect("a file").path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
            let text = std::fs::read_to_string(&path).expect("a readable schema");
            let schema: Value = serde_json::from_str(&text).expect("JSON");
            let validator = jsonschema::draft202012::new(&schema)
                .unwrap_or_else(|error| panic!("{} is no JSON Schema: {error}", path.display()));
            validators.insert(name.to_owned(), validator);
        }
        Self(validators)
    }

    /// Panics unless a record is what its type's schema says.
    pub fn check(&self, record: &LogRecord) {
        let name = record.header("ce_type");
        let validator = self.0.get(name).unwrap_or_else(|| panic!("{FOLDER} has no schema of {name}"));
        let value: Value = serde_json::from_slice(&record.value).expect("the value is JSON");
        let headers = self.0.get(HEADERS).unwrap_or_else(|| panic!("{FOLDER} has no schema of headers"));
        let attributes = serde_json::to_value(&record.headers).expect("headers are text");
        let both = validator.validate(&value).and_then(|()| headers.validate(&attributes));
        if let Err(error) = both {
            panic!("{name}, offset {} of {:?}: {error}", record.offset, record.topic);
        }
    }
}
