//! JSON Merge Patch: what to change in a document, written as a document.

use serde_json::{Map, Value};

/// Changes `target` as `patch` says: null removes, objects merge, the rest
/// replaces. Obeys RFC 7396, <https://www.rfc-editor.org/rfc/rfc7396>.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge_patch(members.entry(name.as_str()).or_insert(Value::Null), change);
        }
    }
}
