//! Queues, items, assignments and score configs.

use pretty_assertions::{assert_eq, assert_ne};
use serde_json::{Value, json};

use super::{empty, ids, sample};

#[tokio::test]
async fn queues_are_created_read_and_listed_newest_first() {
    let server = empty();
    let config = server.numeric().await;
    let queue = server.post("/annotation-queues", json!({"name": "One", "scoreConfigIds": [config]})).await;
    assert_eq!(queue["description"], Value::Null);
    assert_eq!(queue["scoreConfigIds"], json!([config]));
    let id = queue["id"].as_str().unwrap();
    assert!(id.len() == 25 && id.starts_with('c'), "{id}");
    assert_eq!(server.get(&format!("/annotation-queues/{id}")).await, queue);
    let body = json!({"name": "one", "description": "d", "scoreConfigIds": [config, config]});
    let second = server.post("/annotation-queues", body.clone()).await;
    let list = server.get("/annotation-queues?limit=1").await;
    assert_eq!(list["data"], json!([second]));
    assert_eq!(list["meta"], json!({"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}));
    let (status, refused) = server.call("POST", "/annotation-queues", body).await;
    let wanted = json!({"message": "A queue with this name already exists.", "error": "InvalidRequestError"});
    assert_eq!((status, refused), (400, wanted));
    // That a config is missing is told before that the name is taken.
    for name in ["x", "one"] {
        let body = json!({"name": name, "scoreConfigIds": ["no"]});
        let message = "At least one of the score config IDs cannot be found for the given project.";
        let wanted = json!({"message": message, "error": "InvalidRequestError"});
        assert_eq!(server.call("POST", "/annotation-queues", body).await, (400, wanted), "{name}");
    }
    assert_eq!(server.get(&format!("/annotation-queues/{id}?queueId=other")).await, queue);
    let (status, missing) = server.call("GET", "/annotation-queues/no", Value::Null).await;
    let wanted = json!({"message": "Annotation queue not found", "error": "LangfuseNotFoundError"});
    assert_eq!((status, missing), (404, wanted));
}

#[tokio::test]
async fn items_are_added_completed_reopened_and_removed() {
    let server = empty();
    let config = server.numeric().await;
    let queue = server.post("/annotation-queues", json!({"name": "q", "scoreConfigIds": [config]})).await;
    let items = format!("/annotation-queues/{}/items", queue["id"].as_str().unwrap());
    let object = json!({"objectId": "t-1", "objectType": "TRACE"});
    let first = server.post(&format!("{items}?page=2&limit=1&status=COMPLETED"), object.clone()).await;
    assert_eq!(server.call("POST", &format!("{items}?page=0"), object.clone()).await.0, 400);
    let second = server.post(&items, object).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!((&first["status"], &first["completedAt"]), (&json!("PENDING"), &json!(null)));
    let path = format!("{items}/{}", first["id"].as_str().unwrap());

    let done = server.call("PATCH", &path, json!({"status": "COMPLETED"})).await.1;
    assert_eq!((&done["status"], &done["completedAt"]), (&json!("COMPLETED"), &done["updatedAt"]));
    let again = server.call("PATCH", &path, json!({"status": "COMPLETED"})).await.1;
    assert!(again["completedAt"].as_str() > done["completedAt"].as_str());
    assert_eq!(server.call("PATCH", &path, json!({})).await, (200, again.clone()));
    let open = server.call("PATCH", &path, json!({"status": "PENDING"})).await.1;
    assert_eq!((&open["status"], &open["completedAt"]), (&json!("PENDING"), &again["completedAt"]));
    assert_eq!(server.get(&path).await, open);

    let body = json!({"objectId": "o", "objectType": "OBSERVATION", "status": "COMPLETED"});
    let third = server.post(&items, body).await;
    let list = server.get(&items).await;
    assert_eq!(ids(&list), [&third, &second, &first].map(|item| item["id"].as_str().unwrap()));
    let completed = server.get(&format!("{items}?status=COMPLETED&limit=1&queueId=other")).await;
    assert_eq!(completed["data"], json!([third]));
    assert_eq!(completed["meta"]["totalItems"], 1);

    let deleted = json!({"success": true, "message": "Annotation queue item deleted successfully"});
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (200, deleted));
    let gone = json!({"message": "Annotation queue item not found", "error": "LangfuseNotFoundError"});
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (404, gone.clone()));
    assert_eq!(server.call("PATCH", &path, json!({"status": "PENDING"})).await, (404, gone));
    let (status, missing) = server.call("GET", "/annotation-queues/no/items/x", Value::Null).await;
    assert_eq!((status, missing["message"].as_str()), (404, Some("Annotation queue not found")));
}

#[tokio::test]
async fn people_are_assigned_to_queues() {
    let server = sample();
    let path = "/annotation-queues/queue-support/assignments";
    let project = server.get("/projects").await["data"][0]["id"].clone();
    let body = json!({"userId": "user-ada"});
    let wanted = json!({"userId": "user-ada", "projectId": project, "queueId": "queue-support"});
    for _ in 0..2 {
        assert_eq!(server.post(path, body.clone()).await, wanted);
    }
    assert_eq!(server.call("POST", path, json!({"userId": "nobody"})).await.0, 404);
    for _ in 0..2 {
        assert_eq!(server.call("DELETE", path, body.clone()).await, (200, json!({"success": true})));
    }
    assert_eq!(server.call("DELETE", &format!("{path}?userId=x"), body).await.0, 400);
}

#[tokio::test]
async fn score_configs_are_created_and_changed() {
    let server = empty();
    let numeric = server.numeric().await;
    let path = format!("/score-configs/{numeric}");
    let config = server.get(&path).await;
    assert_eq!((&config["minValue"], &config["maxValue"]), (&json!(0), &json!(5)));
    assert_eq!((&config["categories"], &config["isArchived"]), (&json!(null), &json!(false)));
    let boolean = server.post("/score-configs", json!({"name": "safe", "dataType": "BOOLEAN"})).await;
    let pair = json!([{"label": "True", "value": 1}, {"label": "False", "value": 0}]);
    assert_eq!(boolean["categories"], pair);
    let (status, changed) = server.call("PATCH", &path, json!({"isArchived": true, "maxValue": 7})).await;
    assert_eq!((status, &changed["isArchived"], &changed["maxValue"]), (200, &json!(true), &json!(7)));
    assert_eq!(server.get("/score-configs?foo=1&limit=1").await["data"], json!([boolean]));

    let empty = "Request body cannot be empty. At least one field must be provided for update.";
    let (status, answer) = server.call("PATCH", &path, json!({"dataType": "TEXT"})).await;
    assert_eq!((status, answer["error"][0]["message"].as_str()), (400, Some(empty)));
    let (status, answer) =
        server.call("PATCH", &path, json!({"categories": [{"label": "a", "value": 1}]})).await;
    let message = "Invalid input: expected undefined, received array";
    assert_eq!((status, answer), (400, json!({"message": message, "error": "InvalidRequestError"})));
    assert_eq!(server.call("PATCH", &path, json!({"minValue": 9})).await.0, 400);
    let boolean = format!("/score-configs/{}", boolean["id"].as_str().unwrap());
    let (status, same) = server.call("PATCH", &boolean, json!({"categories": pair, "maxValue": 1})).await;
    assert_eq!((status, &same["categories"], &same["maxValue"]), (200, &pair, &json!(1)));
    let text = server.post("/score-configs", json!({"name": "note", "dataType": "TEXT"})).await;
    let text = format!("/score-configs/{}", text["id"].as_str().unwrap());
    let number = "Invalid input: expected undefined, received number";
    for (path, change, message) in [
        (
            &boolean,
            json!({"categories": []}),
            "Boolean data type must have exactly 2 categories., Invalid input",
        ),
        (&text, json!({"minValue": 0, "maxValue": 1}), format!("{number}, {number}").as_str()),
    ] {
        let wanted = json!({"message": message, "error": "InvalidRequestError"});
        assert_eq!(server.call("PATCH", path, change).await, (400, wanted));
    }
    assert_eq!(server.call("PATCH", &path, json!({"description": null})).await.0, 400);
    assert_eq!(server.call("GET", "/score-configs/no", Value::Null).await.0, 404);
}

#[tokio::test]
async fn totals_follow_items_that_come_change_and_go() {
    let server = empty();
    let config = server.numeric().await;
    let queue = server.post("/annotation-queues", json!({"name": "q", "scoreConfigIds": [config]})).await;
    let items = format!("/annotation-queues/{}/items", queue["id"].as_str().unwrap());
    let totals = async || {
        let mut totals = Vec::new();
        for status in ["", "&status=PENDING", "&status=COMPLETED"] {
            let page = server.get(&format!("{items}?limit=1{status}")).await;
            totals.push(page["meta"]["totalItems"].as_u64().unwrap());
        }
        totals
    };
    assert_eq!(totals().await, [0, 0, 0]);
    let item = server.post(&items, json!({"objectId": "a", "objectType": "TRACE"})).await;
    server.post(&items, json!({"objectId": "b", "objectType": "TRACE", "status": "COMPLETED"})).await;
    assert_eq!(totals().await, [2, 1, 1]);
    let item = format!("{items}/{}", item["id"].as_str().unwrap());
    for (status, wanted) in [("COMPLETED", [2, 0, 2]), ("COMPLETED", [2, 0, 2]), ("PENDING", [2, 1, 1])] {
        server.call("PATCH", &item, json!({"status": status})).await;
        assert_eq!(totals().await, wanted);
    }
    server.call("DELETE", &item, Value::Null).await;
    assert_eq!(totals().await, [1, 0, 1]);
}
