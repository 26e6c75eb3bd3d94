//! Every route refuses without credentials, unless it is on the list; driven by the OpenAPI document.

use command_api::openapi::PUBLIC;

use super::given::in_shared_world;

#[test]
fn every_route_but_the_public_ones_refuses_without_credentials() {
    in_shared_world(async |world| {
        let document = serde_json::to_value(&world.api.document).expect("a document");
        let mut calls = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            calls.extend(item.as_object().expect("operations").keys().map(|method| (method.clone(), path.clone())));
        }
        assert!(calls.len() > PUBLIC.len(), "{calls:?}");
        for (method, path) in &PUBLIC {
            assert!(calls.contains(&((*method).to_owned(), (*path).to_owned())), "{method} {path} is gone");
        }
        for (method, path) in calls {
            let public = PUBLIC.contains(&(method.as_str(), path.as_str()));
            let secured = document["paths"][&path][&method]["security"].is_array();
            assert_eq!(secured, !public, "{method} {path} in the document");
            if public {
                continue;
            }
            let id = world.id().to_string();
            let place = path.replace("{room}", &id).replace("{user}", &id).replace("{id}", &id).replace("{emoji}", "x");
            for token in [None, Some("x.y.z"), Some("")] {
                let call = world.api.call(&method.to_uppercase(), &place).raw("{");
                let call = match token {
                    Some(token) => call.bearer(token),
                    None => call,
                };
                assert_eq!(call.send().await.problem(401), "unauthorized", "{method} {path}");
            }
        }
    });
}

#[test]
fn the_document_says_what_each_call_answers() {
    in_shared_world(async |world| {
        let document = serde_json::to_value(&world.api.document).expect("a document");
        let mut lines = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let answers: Vec<_> = operation["responses"].as_object().expect("answers").keys().cloned().collect();
                lines.push(format!("{} {path}: {}", method.to_uppercase(), answers.join(" ")));
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    });
}

#[test]
fn every_schema_that_is_named_is_there() {
    in_shared_world(async |world| {
        let document = serde_json::to_string(&world.api.document).expect("a document");
        let parsed: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        for rest in document.split("\"#/components/schemas/").skip(1) {
            let name = rest.split('"').next().expect("a name");
            assert!(parsed["components"]["schemas"][name].is_object(), "{name}");
        }
    });
}
