//! Records that were made to do harm, or by somebody else's serializer: each is refused, and so is writing one.

use event_schema::envelope::header;
use event_schema::event::EventType;
use event_schema::record::{DecodeError, EncodeError, decode, encode};
use event_schema::topics::Key;
use event_schema::{ClientKind, Event, Payload, Text, UserId, admin, limits, message, receipt, samples, setting};
use serde_json::{Map, Value, json};

type Headers = Vec<(&'static str, Vec<u8>)>;

/// A valid record of a type, after a change of its headers, with this value.
fn read(of: EventType, value: &[u8], change: impl FnOnce(&mut Headers)) -> Result<Event, DecodeError> {
    let record = encode(&samples::full(of).expect("a sample")).expect("can be written");
    let mut headers: Headers = record.headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    change(&mut headers);
    let headers = headers.iter().map(|(name, value)| (*name, Some(value.as_slice())));
    decode(record.topic, Some(record.key.as_bytes()), headers, Some(value))
}

fn read_value(of: EventType, value: &str) -> Result<Event, DecodeError> {
    read(of, value.as_bytes(), |_| {})
}

const POSTED: &str = r#"{"content":{"format":"plain","text":"hello"}}"#;

fn read_headers(change: impl FnOnce(&mut Headers)) -> Result<Event, DecodeError> {
    read(EventType::MessagePosted, POSTED.as_bytes(), change)
}

fn set(headers: &mut Headers, name: &str, value: &[u8]) {
    headers.iter_mut().find(|(known, _)| *known == name).expect("was there").1 = value.to_vec();
}

#[track_caller]
fn assert_malformed(result: &Result<Event, DecodeError>, place: &str) {
    match result {
        Err(DecodeError::Malformed { place: found, .. }) => assert_eq!(*found, place),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_header_that_occurs_twice_has_no_meaning() {
    for name in header::ALL {
        let result = read_headers(|headers| {
            let copy = headers.iter().find(|(known, _)| *known == name).expect("was there").clone();
            headers.push(copy);
        });
        if name == header::TRACEPARENT {
            assert_eq!(result.expect("a trace spoils no event").envelope.traceparent, None);
        } else {
            assert_malformed(&result, name);
        }
    }
}

#[test]
fn a_header_of_another_form_is_malformed() {
    let long = "x".repeat(limits::ATTRIBUTE_CHARS + 1);
    let wrong: [(&str, &[u8]); 17] = [
        (header::ID, b""),
        (header::ID, b"b2d8741f4ca987ef808826558a3e4af7"),
        (header::ID, b"{b2d8741f-4ca9-87ef-8088-26558a3e4af7}"),
        (header::ID, b"\xff"),
        (header::ACTOR, b"system"),
        (header::TIME, b"2026-01-01"),
        (header::TIME, b"yesterday"),
        (header::SOURCE, b""),
        (header::SOURCE, b"/chatlog\0"),
        (header::SUBJECT, long.as_bytes()),
        (header::SUBJECT, b"a\nb"),
        (header::CLIENT, b""),
        (header::CLIENT, b"\xc0\x80"),
        (header::CONTENT_TYPE, b"application/avro"),
        (header::CONTENT_TYPE, b""),
        (header::CONTENT_TYPE, b"application/cloudevents+json; charset=UTF-8"),
        (header::TYPE, b"chat.user.registered.v1"),
    ];
    for (name, value) in wrong {
        assert_malformed(&read_headers(|headers| set(headers, name, value)), name);
    }
}

#[test]
fn another_spelling_of_a_version_is_unknown() {
    let wrong: [(&str, &[u8]); 10] = [
        (header::TYPE, b"chat.message.posted"),
        (header::TYPE, b"chat.message.posted.v"),
        (header::TYPE, b"chat.message.posted.v0"),
        (header::TYPE, b"chat.message.posted.v01"),
        (header::TYPE, b"chat.message.posted.v+1"),
        (header::TYPE, b"chat.message.posted.v99999999999"),
        (header::RULES, b"0"),
        (header::RULES, b"+1"),
        (header::RULES, b"1.0"),
        (header::SPEC_VERSION, b"2.0"),
    ];
    for (name, value) in wrong {
        let result = read_headers(|headers| set(headers, name, value));
        assert!(matches!(result, Err(DecodeError::Unknown { .. })), "{name}: {result:?}");
    }
}

#[test]
fn tolerated_headers_change_nothing() {
    let plain = read_headers(|headers| headers.retain(|(name, _)| *name != header::TRACEPARENT)).expect("an event");
    for broken in [&b""[..], b"\xff\xfe", b"00-0-0-00", b"zz"] {
        assert_eq!(read_headers(|headers| set(headers, header::TRACEPARENT, broken)).as_ref(), Ok(&plain));
    }
    let charset = b"Application/JSON; charset=utf-8";
    let again = read_headers(|headers| {
        headers.retain(|(name, _)| *name != header::TRACEPARENT);
        set(headers, header::CONTENT_TYPE, charset);
        headers.push(("ce_later", b"\xff".to_vec()));
        headers.push(("ce_later", b"twice".to_vec()));
    });
    assert_eq!(again, Ok(plain));
}

#[test]
fn a_key_has_one_spelling() {
    let record = encode(&samples::full(EventType::MessagePosted).expect("a sample")).expect("can be written");
    let headers: Vec<_> = record.headers.iter().map(|(name, value)| (*name, Some(value.as_bytes()))).collect();
    let read = |key: Option<&[u8]>| decode(record.topic, key, headers.iter().copied(), Some(&record.value));
    let upper = record.key.to_uppercase();
    for key in [None, Some(&b""[..]), Some(b"\xff"), Some(upper.as_bytes()), Some(b"general")] {
        assert_malformed(&read(key), "key");
    }
    assert!(read(Some(record.key.as_bytes())).is_ok());
}

#[test]
fn a_key_agrees_with_what_the_event_says() {
    let other = r#"{"name":"another.setting","value":1,"version":1}"#;
    assert_malformed(&read_value(EventType::SettingChanged, other), "key");
    let result = read(EventType::AdminActionTaken, br#"{"action":"x"}"#, |headers| {
        set(headers, header::ACTOR, UserId::PLATFORM.to_string().as_bytes());
    });
    assert_malformed(&result, "key");
}

#[test]
fn text_that_postgres_cannot_keep_is_malformed() {
    for text in [r"a\u0000b", r"\ud800", r"\udfff\ud800", r"\uD83D", "\0", "\u{1}"] {
        let content = format!(r#"{{"content":{{"format":"plain","text":"{text}"}}}}"#);
        assert_malformed(&read_value(EventType::MessagePosted, &content), "value");
        // Where this version does not look, a later one may.
        let skipped = format!(r#"{{"content":{{"format":"plain","text":"x"}},"later":{{"{text}":1}}}}"#);
        assert_malformed(&read_value(EventType::MessagePosted, &skipped), "value");
    }
    let bytes = b"{\"content\":{\"format\":\"plain\",\"text\":\"\xed\xa0\x80\"}}";
    assert_malformed(&read(EventType::MessagePosted, bytes, |_| {}), "value");
    // An escaped backslash before u0000 is four characters of text.
    let text = read_value(EventType::MessagePosted, r#"{"content":{"format":"plain","text":"\\u0000 \ud83d\ude00"}}"#);
    let Payload::MessagePosted(posted) = text.expect("an event").payload else { panic!("another type") };
    assert_eq!(posted.content.as_str(), Some("\\u0000 😀"));
}

#[test]
fn whole_numbers_are_whole_and_fit_everywhere() {
    for number in
        ["-1", "1.0", "1e3", "-0", "9007199254740992", "18446744073709551615", "1e400", "\"1\"", "null", "true"]
    {
        let value = format!(r#"{{"up_to_seq":{number}}}"#);
        assert_malformed(&read_value(EventType::ReadUpTo, &value), "value");
    }
    assert!(read_value(EventType::ReadUpTo, r#"{"up_to_seq":9007199254740991}"#).is_ok());
}

#[test]
fn a_field_that_occurs_twice_has_no_meaning() {
    let twice = [
        r#"{"content":{"format":"plain","text":"a"},"content":{"format":"plain","text":"b"}}"#,
        r#"{"content":{"format":"plain","format":"erased","text":"a"}}"#,
        r#"{"content":{"format":"plain","text":"a"},"later":1,"later":1}"#,
        r#"{"content":{"format":"plain","text":"a"},"later":{"x":[{"a":1,"\u0061":2}]}}"#,
        r#"{"content":{"format":"sealed","nonce":1,"nonce":2}}"#,
    ];
    for value in twice {
        assert_malformed(&read_value(EventType::MessagePosted, value), "value");
    }
}

#[test]
fn a_huge_or_deep_value_is_malformed_and_cheap() {
    let huge = format!(r#"{{"content":{{"format":"plain","text":"{}"}}}}"#, "x".repeat(limits::VALUE_BYTES));
    assert_malformed(&read_value(EventType::MessagePosted, &huge), "value");
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!(r#"{{"later":{}1{}}}"#, open.repeat(40_000), close.repeat(40_000));
        assert_malformed(&read_value(EventType::RoomArchived, &deep), "value");
    }
    // As many different names as fit: sorting them is no square.
    let names: Vec<_> = (0..20_000).map(|number| format!("\"{number:x}\":0")).collect();
    assert!(read_value(EventType::RoomArchived, &format!("{{{}}}", names.join(","))).is_ok());
}

// Derived readers also take an array of an object's fields, and `{"owner":null}` for the word `owner`.
#[test]
fn objects_are_objects_and_words_are_words() {
    let samples = samples::all();
    for sample in samples.iter().filter(|sample| sample.name == "full") {
        let of = sample.event.payload.event_type();
        let value: Value = serde_json::from_slice(&encode(&sample.event).expect("can be written").value).expect("JSON");
        for changed in disguises(&value) {
            // Free-form JSON may be anything.
            let free = matches!(of, EventType::SettingChanged | EventType::AdminActionTaken) && changed.is_object();
            if !free {
                assert_malformed(&read_value(of, &changed.to_string()), "value");
            }
        }
    }
}

/// A value with one object at a time as an array of its fields, and one text at a time as an object.
fn disguises(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(fields) => {
            all.push(fields.values().cloned().collect());
            for (name, field) in fields {
                all.extend(disguises(field).into_iter().map(|disguised| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), disguised);
                    Value::Object(fields)
                }));
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                all.extend(disguises(item).into_iter().map(|disguised| {
                    let mut items = items.clone();
                    items[place] = disguised;
                    Value::Array(items)
                }));
            }
        }
        Value::String(text) => all.push(json!({text: null})),
        _ => {}
    }
    all
}

#[test]
fn a_refusal_quotes_nothing_personal() {
    let values = [
        r#"{"content":"secret"}"#,
        r#"{"content":{"format":"plain","text":["secret"]}}"#,
        r#"{"content":{"format":"plain","text":"x"},"reply_to":"secret"}"#,
        r#"{"content":{"format":"plain","text":"x"},"client_ref":{"secret":1}}"#,
        r#"{"secret":1,"secret":2}"#,
        r#""secret""#,
    ];
    for value in values {
        let error = read_value(EventType::MessagePosted, value).expect_err("malformed");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let error = read_value(EventType::MessagePosted, "{}").expect_err("malformed");
    assert_eq!(error.to_string(), "value: missing field `content` at line 1 column 2");
}

// A writer must not be able to write what stops the readers.
#[test]
fn what_no_reader_would_take_cannot_be_written() {
    let sample = |of| samples::full(of).expect("a sample");
    let posted = |content: Text| -> Payload {
        message::Posted {
            content,
            reply_to: None,
            mentions: vec![],
            attachments: vec![],
            client_ref: None,
            original_at: None,
        }
        .into()
    };
    let with = |of, change: fn(&mut Event)| {
        let mut event = sample(of);
        change(&mut event);
        event
    };
    let message = |payload| Event { payload, ..sample(EventType::MessagePosted) };
    let deep = (0..limits::VALUE_DEPTH).fold(json!(1), |inner, _| json!([inner]));
    let deep =
        admin::ActionTaken { action: "x".into(), target: None, details: Map::from_iter([("deep".to_owned(), deep)]) };
    let refused = [
        ("NUL", message(posted(Text::Plain("a\0b".into())))),
        ("a known format in disguise", message(posted(Text::Unknown(Map::new())))),
        ("too large", message(posted(Text::Plain("x".repeat(limits::VALUE_BYTES))))),
        ("too deep", Event { payload: deep.into(), ..sample(EventType::AdminActionTaken) }),
        (
            "a large number",
            Event {
                payload: receipt::ReadUpTo { up_to_seq: limits::INTEGER + 1 }.into(),
                ..sample(EventType::ReadUpTo)
            },
        ),
        ("a name for an id", with(EventType::MessagePosted, |event| event.key = Key::Name("general".into()))),
        ("an id for a name", with(EventType::SettingChanged, |event| event.key = UserId::PLATFORM.into())),
        (
            "another setting's key",
            Event {
                payload: setting::Changed { name: "other".into(), value: json!(1), version: 1 }.into(),
                ..sample(EventType::SettingChanged)
            },
        ),
        ("another actor", with(EventType::AdminActionTaken, |event| event.envelope.actor = UserId::PLATFORM)),
        ("later rules", with(EventType::MessagePosted, |event| event.envelope.rules = 2)),
        ("no subject", with(EventType::MessagePosted, |event| event.envelope.subject.clear())),
        ("a control character", with(EventType::MessagePosted, |event| event.envelope.source.push('\n'))),
        ("no client", with(EventType::MessagePosted, |event| event.envelope.client = ClientKind::Other(String::new()))),
    ];
    for (what, event) in refused {
        assert!(encode(&event).is_err(), "{what}");
    }
    let error = encode(&message(posted(Text::Plain("x".repeat(limits::VALUE_BYTES))))).expect_err("too large");
    assert!(matches!(error, EncodeError::TooLarge { bytes } if bytes > limits::VALUE_BYTES));
    let traced = with(EventType::MessagePosted, |event| event.envelope.traceparent = Some("broken\n".into()));
    let record = encode(&traced).expect("a trace is never worth an event");
    assert!(record.headers.iter().all(|(name, _)| *name != header::TRACEPARENT));
}
