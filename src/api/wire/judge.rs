//! Chat completions, as OpenAI's endpoint and its many imitations speak them.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::domain::Message;

/// A question to a model.
#[derive(Debug, Serialize)]
pub struct ChatBody<'a> {
    /// The model.
    pub model: &'a str,
    /// The conversation.
    pub messages: Vec<ChatMessage<'a>>,
    /// The shape of the answer, where the endpoint can keep to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<Json>,
}

/// A message of the conversation.
#[derive(Debug, Serialize)]
pub struct ChatMessage<'a> {
    role: &'a str,
    content: &'a str,
}

impl<'a> ChatBody<'a> {
    /// Asks for an answer of that shape.
    pub fn shaped(model: &'a str, messages: &'a [Message], shape: &Json) -> Self {
        let format = json!({
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": true, "schema": shape},
        });
        Self { response_format: Some(format), ..Self::plain(model, messages) }
    }

    /// Asks for any answer.
    pub fn plain(model: &'a str, messages: &'a [Message]) -> Self {
        let messages = messages.iter().map(|m| ChatMessage { role: &m.role, content: &m.content }).collect();
        Self { model, messages, response_format: None }
    }
}

/// A model's answer.
#[derive(Debug, Deserialize)]
pub struct ChatAnswer {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    message: Json,
    #[serde(default)]
    finish_reason: Option<String>,
}

impl ChatAnswer {
    /// What the model said, or why it would not.
    pub fn text(&self) -> Result<String, String> {
        let choice = self.choices.first();
        let message = choice.map_or(&Json::Null, |choice| &choice.message);
        if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.is_empty()) {
            return Err(format!("the model refused: {refusal}"));
        }
        let text = match &message["content"] {
            Json::String(text) => text.clone(),
            Json::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            _ => String::new(),
        };
        // Some endpoints keep to a shape by having the model call a tool with it.
        let called = message["tool_calls"][0]["function"]["arguments"].as_str();
        let is_cut = choice.and_then(|choice| choice.finish_reason.as_deref()) == Some("length");
        match (text.trim().is_empty(), called) {
            (false, _) => Ok(text),
            (true, Some(arguments)) => Ok(arguments.to_owned()),
            (true, None) if is_cut => Err("the model ran out of tokens before it answered".into()),
            (true, None) => Err("the model said nothing".into()),
        }
    }
}

/// The words of an endpoint that refused, if they can be found.
pub fn refusal(body: &[u8]) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let words = [&error["message"], error, &body["message"], &body["detail"]];
    words.into_iter().find_map(Json::as_str).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_said_is_found() {
        for (message, wanted) in [
            (json!({"content": "yes"}), Ok("yes".to_owned())),
            (
                json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
                Ok("ab".into()),
            ),
            (json!({"content": null, "refusal": "no"}), Err("the model refused: no".into())),
            (json!({"content": " "}), Err("the model said nothing".into())),
            (json!({"tool_calls": [{"function": {"name": "v", "arguments": "{}"}}]}), Ok("{}".into())),
        ] {
            let answer: ChatAnswer =
                serde_json::from_value(json!({"choices": [{"message": message}]})).unwrap();
            assert_eq!(answer.text(), wanted);
        }
        assert!(serde_json::from_str::<ChatAnswer>("{}").unwrap().text().is_err());
        let cut: ChatAnswer =
            serde_json::from_value(json!({"choices": [{"finish_reason": "length"}]})).unwrap();
        assert!(cut.text().unwrap_err().contains("ran out of tokens"));
    }

    #[test]
    fn the_words_of_a_refusal_are_found() {
        for (body, wanted) in [
            (r#"{"error":{"message":"bad model"}}"#, Some("bad model")),
            (r#"{"error":"bad model"}"#, Some("bad model")),
            (r#"{"detail":"bad model"}"#, Some("bad model")),
            ("<html>", None),
            ("{}", None),
        ] {
            assert_eq!(refusal(body.as_bytes()).as_deref(), wanted, "{body}");
        }
    }
}
