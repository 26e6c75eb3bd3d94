//! The files that follow from the code, shared by the program that writes them and the tests that compare them.

#![expect(dead_code, reason = "each test uses a part of it")]

pub mod compare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use event_schema::event::EventType;
use event_schema::record::{DecodeError, Record};
use event_schema::topics::Topic;
use event_schema::{Event, asyncapi, record, reference, samples, schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// How to make generated files again.
pub const GENERATE: &str = "run `cargo run -p event-schema --example generate`";

/// The folder of generated documents.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/generated")
}

/// The folder under which lies what never changes: golden records, published schemas, and the list of their digests.
pub fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What lies there, by path.
pub fn read_frozen() -> io::Result<Files> {
    let mut all = Files::new();
    for folder in ["golden", "published"] {
        let files = read_all(&frozen().join(folder))?;
        all.extend(files.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)));
    }
    Ok(all)
}

/// The list of their digests.
pub fn read_manifest() -> io::Result<String> {
    match fs::read_to_string(frozen().join(MANIFEST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// The name of that list.
pub const MANIFEST: &str = "FROZEN";

/// Text by path below a folder.
pub type Files = BTreeMap<String, String>;

fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("JSON");
    text.push('\n');
    text
}

/// What belongs into `docs/generated`, as today's code makes it.
pub fn generated_docs() -> Files {
    let mut files: Files =
        today().into_iter().map(|(name, schema)| (format!("schemas/{name}.json"), pretty(&schema))).collect();
    files.insert("asyncapi.json".to_owned(), pretty(&asyncapi::document()));
    files.insert("events.md".to_owned(), reference::markdown());
    files
}

/// Today's schema of every value and of the headers, by name with version.
pub fn today() -> BTreeMap<String, Value> {
    let values = EventType::ALL.iter().map(|of| (of.name().to_owned(), schema::value(*of)));
    values.chain([("headers.v1".to_owned(), schema::headers())]).collect()
}

/// The golden file of every sample.
pub fn golden() -> Files {
    let golden = |sample: samples::Sample| {
        let record = record::encode(&sample.event).expect("a sample can be written");
        (golden_path(&sample), Golden::of(&record).to_text())
    };
    samples::all().into_iter().map(golden).collect()
}

/// What is to be published: schemas of today that differ from the newest published of their version, as a further
/// revision of it (`chat.message.posted.v1.r2.schema.json`).
pub fn to_publish(frozen: &Files) -> Files {
    let published =
        |(path, text): (&String, &String)| Some((path.strip_prefix("published/")?.to_owned(), text.clone()));
    let published: Files = frozen.iter().filter_map(published).collect();
    let mut new = Files::new();
    for (name, schema) in today() {
        let file = match newest_published(&published, &name) {
            None => format!("{name}.schema.json"),
            Some(newest)
                if compare::plain(&serde_json::from_str(&newest).expect("JSON")) == compare::plain(&schema) =>
            {
                continue;
            }
            Some(_) => {
                let revisions = published.keys().filter(|file| published_name(file) == name).count();
                format!("{name}.r{}.schema.json", revisions + 1)
            }
        };
        new.insert(format!("published/{file}"), pretty(&schema));
    }
    new
}

/// What a schema that is to be published would break of its earlier revisions.
pub fn breaks_published(frozen: &Files, path: &str, text: &str) -> Vec<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let earlier = frozen.iter().filter(|(other, _)| published_name(other) == published_name(path));
    earlier.flat_map(|(_, earlier)| compare::breaks(&parse(earlier), &parse(text))).collect()
}

/// The name with version (`chat.message.posted.v1`) of a published file.
pub fn published_name(file: &str) -> &str {
    let name = file.trim_end_matches(".schema.json");
    name.rsplit_once(".r").filter(|(_, revision)| revision.parse::<u32>().is_ok()).map_or(name, |(name, _)| name)
}

/// The newest published schema of a name with version.
pub fn newest_published(published: &Files, name: &str) -> Option<String> {
    let revisions = published.iter().filter(|(file, _)| published_name(file) == name);
    revisions.max_by_key(|(file, _)| (file.len(), *file)).map(|(_, text)| text.clone())
}

/// Where the golden file of a sample lies.
pub fn golden_path(sample: &samples::Sample) -> String {
    format!("golden/{}/{}.json", sample.event.payload.event_type().name(), sample.name)
}

/// Every file below a folder, sorted by path.
pub fn read_all(folder: &Path) -> io::Result<Files> {
    fn walk(root: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                walk(root, &path, files)?;
            } else {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }
    let mut files = Files::new();
    if folder.is_dir() {
        walk(folder, folder, &mut files)?;
    }
    Ok(files)
}

/// The list of digests of files.
pub fn manifest(files: &Files) -> String {
    let line = |(path, text): (&String, &String)| format!("{}  {path}\n", blake3::hash(text.as_bytes()).to_hex());
    files.iter().map(line).collect()
}

/// A record as it lies in the log, as a file.
#[derive(Deserialize)]
pub struct Golden {
    /// The key.
    pub key: String,
    /// The headers; their order means nothing.
    pub headers: BTreeMap<String, String>,
    /// The value, byte for byte.
    pub value: Box<RawValue>,
}

impl Golden {
    /// A record as a golden file.
    pub fn of(record: &Record) -> Self {
        let value = String::from_utf8(record.value.clone()).expect("UTF-8");
        Self {
            key: record.key.clone(),
            headers: record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            value: RawValue::from_string(value).expect("JSON"),
        }
    }

    /// The file's text. The value stays on one line, as it was written.
    pub fn to_text(&self) -> String {
        let headers = pretty(&self.headers).trim_end().replace('\n', "\n  ");
        format!(
            "{{\n  \"key\": {},\n  \"headers\": {headers},\n  \"value\": {}\n}}\n",
            Value::from(&*self.key),
            self.value
        )
    }

    /// Reads it as a projector would.
    pub fn decode(&self) -> Result<Event, DecodeError> {
        let name = self.headers["ce_type"].rsplit_once(".v").map_or("", |(name, _)| name);
        let topic = EventType::from_base_name(name).map_or(Topic::Rooms, EventType::topic);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_bytes())));
        record::decode(topic, Some(self.key.as_bytes()), headers, Some(self.value.get().as_bytes()))
    }
}
