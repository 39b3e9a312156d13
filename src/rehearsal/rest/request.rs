//! A request as it came, and what was answered.

use serde_json::{Value, json};

/// A request as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestRequest {
    /// Who asked, by its own word; empty if nobody said so.
    pub user: String,
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// Names and values of the query.
    pub query: Vec<(String, String)>,
    /// Names and values of the body.
    pub form: Vec<(String, String)>,
}

impl RestRequest {
    /// The parameters, wherever this method has them.
    pub(super) fn parameters(&self) -> &[(String, String)] {
        if self.method == "POST" {
            &self.form
        } else {
            &self.query
        }
    }

    /// The value of `name`, if it says something.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters().iter().filter(|(key, _)| key == name);
        let text = found.next().map(|(_, value)| value.as_str());
        text.filter(|text| !text.is_empty())
    }

    /// The same, or `other`.
    pub(super) fn text_or(&self, name: &str, other: &str) -> String {
        self.text(name).unwrap_or(other).to_owned()
    }
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RestExchange {
    /// What was asked.
    pub request: RestRequest,
    /// The status and the JSON of the answer; none where there was none.
    pub answer: Option<(u16, Value)>,
}

impl RestExchange {
    /// Both, as one JSON object.
    pub fn to_json(&self) -> Value {
        let RestRequest {
            method,
            path,
            query,
            form,
            ..
        } = &self.request;
        let (status, body) = self.answer.clone().unzip();
        json!({
            "method": method, "path": path, "query": query, "form": form,
            "status": status, "body": body,
        })
    }
}
