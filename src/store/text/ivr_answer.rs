//! What a flow keeps of the JSON that another machine answers.

use serde_json::Value;

use crate::domain::Pii;
use crate::routing::ivr::Field;

/// The values of fields in a body, by variable; none if it is no JSON. What is
/// not there, and what is neither a text, a number nor a truth, is nothing.
pub fn kept_of(body: &[u8], fields: &[Field]) -> Option<Vec<(String, Pii<String>)>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    Some(kept_of_json(&answer, fields))
}

/// The same of JSON that has been read.
pub fn kept_of_json(answer: &Value, fields: &[Field]) -> Vec<(String, Pii<String>)> {
    let fields = fields.iter();
    fields
        .map(|field| {
            let value = match answer.pointer(&field.pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Bool(truth)) => truth.to_string(),
                Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
            };
            (field.variable.clone(), Pii::new(value))
        })
        .collect()
}
