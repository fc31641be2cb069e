//! Members, roles, SCIM and what else the organization's key opens.

use axum::body::Body;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Options, Seed};

use super::{Server, basic, seeded};

/// A server and the organization's way in.
pub fn organized(seed: Seed, options: Options) -> (Server, String) {
    let (workspace, dir) = seeded(seed);
    let keys = workspace.organization_credentials();
    let server = Server { _dir: dir, ..Server::of(workspace, options) };
    (server, basic(&keys.public_key, &keys.secret_key))
}

/// One call with the organization's key.
pub async fn call(server: &Server, auth: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let reply = server.send(method, &format!("/api/public{path}"), Some(auth), body).await;
    (reply.status, reply.json())
}

fn sample() -> (Server, String) {
    organized(Seed::Sample, Options::default())
}

#[tokio::test]
async fn roles_are_listed_changed_and_taken() {
    let (server, auth) = sample();
    let members = "/organizations/memberships";
    let (status, list) = call(&server, &auth, "GET", members, Value::Null).await;
    let ada = json!({"userId": "user-ada", "role": "OWNER", "email": "ada@tillwerk.example", "name": "Ada Lindqvist"});
    assert_eq!((status, &list["memberships"][0]), (200, &ada));
    assert_eq!(list["memberships"].as_array().unwrap().len(), 3);

    let change = json!({"userId": "user-mira", "role": "NONE"});
    let (status, changed) = call(&server, &auth, "PUT", members, change).await;
    assert_eq!((status, &changed["role"]), (200, &json!("NONE")));
    let queue = server.get("/annotation-queues?limit=1").await["data"][0]["id"].as_str().unwrap().to_owned();
    let assign = async |user: &str| {
        server
            .call("POST", &format!("/annotation-queues/{queue}/assignments"), json!({"userId": user}))
            .await
            .0
    };
    assert_eq!((assign("user-mira").await, assign("user-jonas").await), (404, 200));

    let project = server.get("/projects").await["data"][0]["id"].as_str().unwrap().to_owned();
    let overrides = format!("/projects/{project}/memberships");
    assert_eq!(call(&server, &auth, "GET", &overrides, Value::Null).await.1, json!({"memberships": []}));
    let raise = json!({"userId": "user-mira", "role": "VIEWER"});
    assert_eq!(call(&server, &auth, "PUT", &overrides, raise).await.0, 200);
    assert_eq!(assign("user-mira").await, 200);
    assert_eq!(call(&server, &auth, "DELETE", &overrides, json!({"userId": "user-mira"})).await.0, 200);
    assert_eq!(assign("user-mira").await, 404);

    let gone = call(&server, &auth, "DELETE", members, json!({"userId": "user-jonas"})).await;
    assert_eq!(gone, (200, json!({"message": "Membership deleted successfully", "userId": "user-jonas"})));
    assert_eq!(assign("user-jonas").await, 404);
    let (status, _) = call(&server, &auth, "DELETE", members, json!({"userId": "user-jonas"})).await;
    assert_eq!(status, 200, "again");
}

#[rstest]
#[case("PUT", json!({}), 400)]
#[case("PUT", json!({"userId": "user-ada", "role": "KING"}), 400)]
#[case("PUT", json!({"userId": "nobody", "role": "ADMIN"}), 404)]
#[case("DELETE", json!([]), 400)]
#[case("PATCH", json!({}), 405)]
#[tokio::test]
async fn errors_have_the_organizations_envelope(
    #[case] method: &str,
    #[case] body: Value,
    #[case] status: u16,
) {
    let (server, auth) = sample();
    let (found, answer) = call(&server, &auth, method, "/organizations/memberships", body).await;
    assert_eq!(found, status, "{answer}");
    assert!(answer["error"].is_string() && answer.get("message").is_none(), "{answer}");
    assert_eq!(answer["error"] == "Invalid request body", status == 400, "{answer}");
}

#[tokio::test]
async fn the_projects_key_opens_nothing_here() {
    let (server, _) = organized(Seed::Empty, Options::default());
    let refusal = "Invalid API key. Organization-scoped API key required for this operation.";
    let of_organization = json!({"error": refusal});
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
    let of_scim = json!({"schemas": schemas, "detail": refusal, "status": 403});
    for (path, wanted) in [
        ("/organizations/memberships", &of_organization),
        ("/organizations/projects", &of_organization),
        ("/organizations/apiKeys", &of_organization),
        ("/projects/any/memberships", &of_organization),
        ("/scim/Users", &of_scim),
        ("/scim/Users/any", &of_scim),
        ("/scim/Schemas", &of_scim),
    ] {
        assert_eq!(&server.call("GET", path, Value::Null).await, &(403, wanted.clone()), "{path}");
    }
    let exports = "Organization-scoped API key required for this operation.";
    let wanted = json!({"message": exports, "error": "ForbiddenError"});
    assert_eq!(server.call("GET", "/integrations/blob-storage", Value::Null).await, (403, wanted));
}

#[tokio::test]
async fn the_organizations_projects_and_keys_are_shown_without_secrets() {
    let (server, auth) = sample();
    let (_, projects) = call(&server, &auth, "GET", "/organizations/projects", Value::Null).await;
    let project = &projects["projects"][0];
    let keys: Vec<_> = project.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "name", "metadata", "createdAt", "updatedAt"]);
    assert_eq!(project["createdAt"], json!("2026-11-18T11:06:40.000Z"));
    let (_, listed) = call(&server, &auth, "GET", "/organizations/apiKeys", Value::Null).await;
    let key = &listed["apiKeys"][0];
    let shown = key["displaySecretKey"].as_str().unwrap();
    assert!(shown.starts_with("sk-lf-...") && shown.len() == 13, "{shown}");
    let own = format!("/projects/{}/apiKeys", project["id"].as_str().unwrap());
    let (_, listed) = call(&server, &auth, "GET", &own, Value::Null).await;
    let key = &listed["apiKeys"][0];
    assert_eq!(key["publicKey"], json!(server.keys.public_key));
    assert!(!listed.to_string().contains(&server.keys.secret_key));
    let bare = |message: &str| json!({"message": message});
    let foreign = call(&server, &auth, "GET", "/projects/other/apiKeys", Value::Null).await;
    assert_eq!(foreign, (404, bare("Project not found or you don't have access to it")));
    let posted = call(&server, &auth, "POST", &own, Value::Null).await;
    assert_eq!(posted, (405, bare("Method Not Allowed")));
    let foreign = call(&server, &auth, "GET", "/projects/other/memberships", Value::Null).await;
    assert_eq!(foreign, (404, json!({"error": "Project not found or does not belong to this organization"})));
}

#[tokio::test]
async fn identity_providers_find_and_add_people() {
    let (server, auth) = sample();
    let (status, list) = call(&server, &auth, "GET", "/scim/Users?startIndex=2&count=1", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(list["Resources"][0]["id"], "user-jonas");
    let filter = "/scim/Users?filter=userName%20eq%20%22ADA@tillwerk.example%22";
    let (_, found) = call(&server, &auth, "GET", filter, Value::Null).await;
    let ada = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "user-ada",
        "userName": "ada@tillwerk.example", "name": {"formatted": "Ada Lindqvist"},
        "emails": [{"primary": true, "value": "ada@tillwerk.example", "type": "work"}],
        "meta": {"resourceType": "User"},
    });
    assert_eq!(found["Resources"], json!([ada]));

    let new = json!({"userName": "New@tillwerk.example", "name": {"formatted": "New"}, "roles": ["MEMBER"]});
    let (status, made) = call(&server, &auth, "POST", "/scim/Users", new.clone()).await;
    assert_eq!((status, &made["userName"]), (201, &json!("new@tillwerk.example")));
    let (_, again) = call(&server, &auth, "POST", "/scim/Users", new).await;
    let taken = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": "User with this userName already exists", "status": 409,
    });
    assert_eq!(again, taken);
    let path = format!("/scim/Users/{}", made["id"].as_str().unwrap());
    assert_eq!(call(&server, &auth, "GET", &path, Value::Null).await.1["meta"]["resourceType"], "User");
}

#[rstest]
#[case("startIndex=-9223372036854775808", 3)]
#[case("startIndex=x&count=0", 3)]
#[case("count=-1", 0)]
#[case("startIndex=9999999999", 0)]
#[case("filter=nonsense", 3)]
#[tokio::test]
async fn odd_pages_of_people_are_pages(#[case] query: &str, #[case] wanted: usize) {
    let (server, auth) = sample();
    let (status, list) = call(&server, &auth, "GET", &format!("/scim/Users?{query}"), Value::Null).await;
    assert_eq!((status, list["Resources"].as_array().unwrap().len()), (200, wanted), "{list}");
}

#[rstest]
#[case("GET", "/scim/Users/nobody", json!(null), 404, "User not found")]
#[case("POST", "/scim/Users", json!({}), 400, "userName is required")]
#[case("POST", "/scim/Users", json!({"userName": "a", "roles": ["KING"]}), 400, "Invalid roles provided: [\"KING\"], must be one of OWNER, ADMIN, MEMBER, VIEWER, NONE")]
#[case("PUT", "/scim/Users", json!({}), 405, "Method not allowed")]
#[tokio::test]
async fn scim_errors_have_their_own_envelope(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] detail: &str,
) {
    let (server, auth) = sample();
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
    let wanted = json!({"schemas": schemas, "detail": detail, "status": status});
    assert_eq!(call(&server, &auth, method, path, body).await, (status, wanted));
}

#[rstest]
#[case("/scim/ServiceProviderConfig", "authenticationSchemes")]
#[case("/scim/ResourceTypes", "Resources")]
#[case("/scim/Schemas", "Resources")]
#[tokio::test]
async fn scim_describes_itself(#[case] path: &str, #[case] list: &str) {
    let (server, auth) = sample();
    let (status, answer) = call(&server, &auth, "GET", path, Value::Null).await;
    assert_eq!((status, answer[list].as_array().unwrap().len()), (200, 1));
}

#[rstest]
#[case("/health?failIfDatabaseUnavailable=true", 200)]
#[case("/health?failIfNoRecentEvents=false", 200)]
#[case("/health?failIfNoRecentEvents=true", 503)]
#[tokio::test]
async fn health_looks_at_what_it_is_asked_to(#[case] path: &str, #[case] status: u16) {
    let server = super::empty();
    let reply = server.send("GET", &format!("/api/public{path}"), None, Body::empty()).await;
    assert_eq!((reply.status, &reply.json()["version"]), (status, &json!("4.16.0")));
}
