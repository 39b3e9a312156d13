//! What a tool's arguments must look like, as an admin has written it: JSON Schema.
//!
//! **Invariant:** however hostile a schema, it costs no more than its length: what it refers
//! to is written out first, up to a limit, and the engine never meets a reference.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use super::answer::given;
use crate::domain::HttpTool;

/// What is wrong with the JSON Schema of a tool's arguments, if anything is.
/// Nothing is ever fetched for it.
pub fn check_parameters(tool: &HttpTool) -> Option<String> {
    let wrong = validator(tool).err()?;
    Some(format!("this is no JSON Schema that can be used: {wrong}"))
}

/// Arguments that the schema allows. What is wrong is said without the schema's
/// values and the caller's.
pub(super) fn fitting(tool: &HttpTool, arguments: &str) -> Result<Map<String, Value>, String> {
    let value: Value = serde_json::from_str(given(arguments))
        .map_err(|_| "the arguments are not JSON".to_owned())?;
    let fault = |fault: jsonschema::ValidationError<'_>| {
        format!("{} at {}", fault.masked(), fault.instance_path())
    };
    validator(tool)?.validate(&value).map_err(fault)?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("the arguments are not a JSON object".to_owned())
        }
    }
}

fn validator(tool: &HttpTool) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(&tool.parameters).map_err(|e| e.to_string())?;
    let mut writer = Writer {
        root: &schema,
        left: MAX_VALUES,
    };
    let mut whole = writer.write(&schema, 0)?;
    if let Some(members) = whole.as_object_mut() {
        close(members);
    }
    // This engine takes no longer for a hostile text than for another.
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(&whole).map_err(|error| error.to_string())
}

/// Values of a schema whose references are written out.
const MAX_VALUES: usize = 4_096;
/// How deep they may lie in each other.
const MAX_DEPTH: usize = 64;

/// Writes a schema out: in the place of each reference what it refers to.
struct Writer<'a> {
    root: &'a Value,
    left: usize,
}

impl Writer<'_> {
    fn write(&mut self, value: &Value, depth: usize) -> Result<Value, String> {
        let left = self.left.checked_sub(1);
        let left = left.filter(|_| depth <= MAX_DEPTH);
        self.left = left.ok_or("it is too large, or refers to itself")?;
        match value {
            Value::Array(values) => {
                let written = values.iter().map(|value| self.write(value, depth + 1));
                written.collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(members) => self.write_members(members, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn write_members(
        &mut self,
        members: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, String> {
        let (mut written, mut referred) = (Map::new(), None);
        for (name, value) in members {
            match (name.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    let root = self.root;
                    let target = reference.strip_prefix('#');
                    let target = target.and_then(|pointer| root.pointer(pointer));
                    let target = target.ok_or("a $ref leads to no place in it")?;
                    referred = Some(self.write(target, depth + 1)?);
                }
                ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                    return Err(format!("{name} cannot be used: use $ref"));
                }
                // Nothing refers to them any more.
                ("$defs" | "definitions", Value::Object(_)) if depth == 0 => {}
                _ => {
                    written.insert(name.clone(), self.write(value, depth + 1)?);
                }
            }
        }
        if let Some(referred) = referred {
            let more = written.remove("allOf").map(|all| json!({ "allOf": all }));
            let all = [referred].into_iter().chain(more).collect();
            written.insert("allOf".to_owned(), all);
        }
        Ok(Value::Object(written))
    }
}

/// Whoever names arguments, and says nothing of others, wants no others.
fn close(members: &mut Map<String, Value>) {
    const SAID: [&str; 3] = [
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
    ];
    const NAMED_ELSEWHERE: [&str; 9] = [
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "dependencies",
    ];
    let has = |name: &&str| members.contains_key(*name);
    if !members.contains_key("properties") || SAID.iter().any(has) {
        return;
    }
    let word = if NAMED_ELSEWHERE.iter().any(has) {
        "unevaluatedProperties"
    } else {
        "additionalProperties"
    };
    members.insert(word.to_owned(), Value::Bool(false));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::HttpMethod;

    fn tool(parameters: &Value) -> HttpTool {
        HttpTool {
            name: "look".to_owned(),
            description: String::new(),
            url: "https://shop.example.com/".to_owned(),
            method: HttpMethod::Post,
            parameters: parameters.to_string(),
            headers: Vec::new(),
            timeout: Duration::from_secs(1),
            max_bytes: 1_024,
        }
    }

    fn fits(parameters: &Value, arguments: &Value) -> bool {
        fitting(&tool(parameters), &arguments.to_string()).is_ok()
    }

    #[test]
    fn h5_a_schema_that_doubles_with_each_reference_is_refused_at_once() {
        let mut defs = Map::new();
        for n in 0..60 {
            let next = json!({"$ref": format!("#/$defs/a{}", n + 1)});
            defs.insert(format!("a{n}"), json!({"allOf": [next, next]}));
        }
        defs.insert("a60".to_owned(), json!({"type": "object"}));
        let hostile = json!({"type": "object", "$defs": defs,
            "properties": {"x": {"$ref": "#/$defs/a0"}}});
        for hostile in [
            hostile,
            json!({"type": "object", "properties": {"x": {"$ref": "#"}}}),
            json!({"type": "object", "$ref": "#"}),
            json!({"type": "object", "$ref": "#/properties/none"}),
            json!({"type": "object", "$ref": "https://evil.example/x"}),
            json!({"type": "object", "$dynamicRef": "#x"}),
        ] {
            let refused = check_parameters(&tool(&hostile)).unwrap();
            assert!(refused.len() < 200, "{refused}");
            assert!(!fits(&hostile, &json!({"x": {}})));
        }
    }

    #[test]
    fn h5_the_first_fault_is_enough() {
        let falses = vec![Value::Bool(false); 1_000];
        let hostile = json!({"type": "object",
            "properties": {"x": {"items": {"allOf": falses}}}});
        let arguments = json!({"x": vec![0; 5_000]}).to_string();
        let fault = fitting(&tool(&hostile), &arguments).unwrap_err();
        assert!(fault.len() < 100, "{fault}");
    }

    #[test]
    fn what_a_schema_refers_to_counts() {
        let order = json!({"type": "object", "properties": {
            "order": {"$ref": "#/$defs/order", "description": "which one"}},
            "$defs": {"order": {"type": "object", "required": ["number"],
                "properties": {"number": {"$ref": "#/$defs/number"}}},
                "number": {"type": "integer"}}});
        assert_eq!(check_parameters(&tool(&order)), None);
        assert!(fits(&order, &json!({"order": {"number": 7}})));
        assert!(!fits(&order, &json!({"order": {"number": "7"}})));
        assert!(!fits(&order, &json!({"order": {}})));
        let both = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/small",
            "allOf": [{"minimum": 2}]}}, "$defs": {"small": {"maximum": 5}}});
        for (n, fit) in [(1, false), (3, true), (6, false)] {
            assert_eq!(fits(&both, &json!({"n": n})), fit, "{n}");
        }
    }

    #[test]
    fn h4_arguments_that_nobody_named_are_refused_unless_that_was_said() {
        let named = json!({"type": "object", "properties": {"number": {}}});
        assert!(fits(&named, &json!({"number": 1})));
        assert!(!fits(&named, &json!({"number": 1, "account": 7})));
        let elsewhere = json!({"type": "object", "properties": {"number": {}},
            "anyOf": [{"properties": {"day": {}}}]});
        assert!(fits(&elsewhere, &json!({"number": 1, "day": 2})));
        assert!(!fits(&elsewhere, &json!({"number": 1, "account": 7})));
        let open = json!({"type": "object", "properties": {"number": {}},
            "additionalProperties": true});
        assert!(fits(&open, &json!({"number": 1, "account": 7})));
        assert!(fits(&json!({"type": "object"}), &json!({"account": 7})));
        assert!(!fits(&json!({"type": "object"}), &json!([7])));
    }
}
