//! The server's description of itself: an `OpenAPI` document drawn from the route tables.
//!
//! It says what the tables know: paths with their variables, methods, who may call, what kind of
//! body is read and how errors are worded. What a handler asks of a query or a body is the
//! handler's to say, in its 400s.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::Call;
use super::auth::Gate;
use super::reply::{Answer, Envelope, Reply};
use super::routes::{Class, Endpoint, Payload, Route, all};

/// `/generated/api`
pub const ROUTES: &[Route] = &[
    Route::new("/generated/api/openapi.yml", &[Endpoint::new("GET", Class::Free, yaml).gate(Gate::Open)]),
    Route::new("/generated/api/openapi.json", &[Endpoint::new("GET", Class::Free, json).gate(Gate::Open)]),
];

const ENVELOPES: [Envelope; 8] = [
    Envelope::Standard,
    Envelope::Named,
    Envelope::Bare,
    Envelope::Ingestion,
    Envelope::Coded,
    Envelope::Keys,
    Envelope::Organization,
    Envelope::Scim,
];

#[expect(clippy::unnecessary_wraps, reason = "a handler")]
fn json(_: &Connection, call: &Call) -> Answer {
    Ok(Reply::ok(document(&call.origin)))
}

/// JSON is YAML, too.
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
fn yaml(_: &Connection, call: &Call) -> Answer {
    Ok(Reply::File("text/yaml; charset=utf-8".into(), document(&call.origin).to_string().into_bytes()))
}

fn document(origin: &str) -> Value {
    let paths: Map<_, _> = all().map(|route| (route.path.to_owned(), path(route))).collect();
    let schemas: Map<_, _> = ENVELOPES.map(|e| (name(e).to_owned(), schema(e))).into_iter().collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "tracemark",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The part of the Langfuse public API that this server answers.",
        },
        "servers": [{"url": origin}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "keys": {"type": "http", "scheme": "basic", "description": "Public key and secret key."},
                "publicKey": {"type": "http", "scheme": "bearer", "description": "The public key alone."},
            },
            "schemas": schemas,
        },
    })
}

fn path(route: &Route) -> Value {
    let mut item = Map::new();
    let parameters: Vec<Value> = variables(route.path).map(parameter).collect();
    if !parameters.is_empty() {
        item.insert("parameters".into(), json!(parameters));
    }
    item.extend(route.endpoints.iter().map(|e| (e.method.to_ascii_lowercase(), operation(route, e))));
    Value::Object(item)
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn operation(route: &Route, endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route.path, endpoint.method),
        "tags": [tag(route.path)],
        "security": security(endpoint.gate),
        "responses": responses(route, endpoint),
    });
    if endpoint.is_legacy {
        operation["deprecated"] = json!(true);
        operation["description"] = json!("Belongs to the old data model: 404 in the mode events_only.");
    }
    if matches!(endpoint.method, "POST" | "PUT" | "PATCH") {
        operation["requestBody"] = json!({"content": content(endpoint.payload)});
    }
    operation
}

fn operation_id(path: &str, method: &str) -> String {
    let path = path.trim_start_matches("/api/public");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_ascii_lowercase(), |id, word| format!("{id}_{word}"))
}

/// The first word of the path that says what it is about.
fn tag(path: &str) -> &str {
    let mut words = path.trim_start_matches("/api/public").split('/');
    words.find(|word| !matches!(*word, "" | "v2" | "v3" | "unstable")).unwrap_or_default()
}

fn security(gate: Gate) -> Value {
    match gate {
        Gate::Open | Gate::Probe => json!([]),
        Gate::KeyOrPublic => json!([{"keys": []}, {"publicKey": []}]),
        Gate::Key | Gate::Projects | Gate::Organization | Gate::People => json!([{"keys": []}]),
    }
}

fn content(payload: Payload) -> Value {
    match payload {
        Payload::Json | Payload::LargeJson => json!({"application/json": {"schema": {}}}),
        Payload::File => json!({"*/*": {"schema": {"type": "string", "format": "binary"}}}),
    }
}

/// Every answer the checks before a handler may give, and what handlers share.
fn responses(route: &Route, endpoint: &Endpoint) -> Value {
    let mut found = Map::from_iter([("2XX".to_owned(), json!({"description": "Done."}))]);
    let mut refuse = |status: &str, description: &str| {
        let content = json!({"application/json": {"schema": reference(route.envelope)}});
        found.insert(status.into(), json!({"description": description, "content": content}));
    };
    refuse("400", "The query or the body is not as it has to be.");
    if !matches!(endpoint.gate, Gate::Open | Gate::Probe) {
        refuse("401", "No key, or one that is not known here.");
        refuse("403", "The key does not open this.");
    }
    refuse("404", "There is no such thing.");
    refuse("405", "The path has no such method.");
    if endpoint.class != Class::Free {
        refuse("429", "Too many requests; Retry-After says how many seconds to wait.");
    }
    Value::Object(found)
}

fn reference(envelope: Envelope) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", name(envelope))})
}

fn name(envelope: Envelope) -> &'static str {
    match envelope {
        Envelope::Standard => "Error",
        Envelope::Named => "NamedError",
        Envelope::Bare => "BareError",
        Envelope::Ingestion => "IngestionError",
        Envelope::Coded => "CodedError",
        Envelope::Keys => "KeysError",
        Envelope::Organization => "OrganizationError",
        Envelope::Scim => "ScimError",
    }
}

/// What an envelope always has, and what it may have beside that.
fn schema(envelope: Envelope) -> Value {
    let (required, others): (&[&str], &[&str]) = match envelope {
        Envelope::Standard => (&["message"], &["error"]),
        Envelope::Named => (&["error", "message"], &[]),
        Envelope::Bare | Envelope::Keys => (&["message"], &[]),
        Envelope::Ingestion => (&[], &["error", "message", "errors"]),
        Envelope::Coded => (&["message", "code"], &["details"]),
        Envelope::Organization => (&["error"], &["details"]),
        Envelope::Scim => (&["schemas", "detail", "status"], &[]),
    };
    let keys = required.iter().chain(others);
    let properties: Map<_, _> = keys.map(|key| ((*key).to_owned(), json!({}))).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn every_endpoint_is_named_with_its_variables() {
        let document = document("http://localhost:1");
        for route in all() {
            let item = &document["paths"][route.path];
            let given: Vec<&str> = variables(route.path).collect();
            let named = item["parameters"].as_array().map_or(0, Vec::len);
            assert_eq!(named, given.len(), "{}", route.path);
            let methods: Vec<String> = route.endpoints.iter().map(|e| e.method.to_lowercase()).collect();
            for method in &methods {
                assert!(item[method]["responses"].is_object(), "{method} {}", route.path);
            }
            assert_eq!(item.as_object().unwrap().len(), methods.len() + usize::from(named > 0));
        }
    }

    #[test]
    fn no_two_operations_share_an_id() {
        let document = document("http://localhost:1");
        let items = document["paths"].as_object().unwrap().values();
        let ids: Vec<&str> = items
            .flat_map(|item| item.as_object().unwrap().values())
            .filter_map(|operation| operation["operationId"].as_str())
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert_eq!(ids.len(), all().map(|route| route.endpoints.len()).sum::<usize>());
    }

    #[test]
    fn every_envelope_referred_to_is_described() {
        let document = document("http://localhost:1");
        for route in all() {
            let schema = &document["components"]["schemas"][name(route.envelope)];
            assert!(schema["required"].is_array(), "{}", route.path);
        }
    }
}
