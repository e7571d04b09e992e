//! Holds answers to `openapi.json`, by as much of JSON Schema as it uses: a keyword unknown here is a failure.

use serde_json::Value;

use crate::home::Answer;

const DESCRIPTION: &str = include_str!("../../src/daemon/http/openapi.json");

/// Fails where an answer is not as described for its request, such as `GET /v1/runs?limit=2`.
pub(crate) fn check(request: &str, answer: &Answer) {
    let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let (method, target) = request.split_once(' ').unwrap();
    let path = target.split('?').next().unwrap();
    let operation =
        document["paths"].as_object().unwrap().iter().find(|(template, _)| matches(template, path));
    let operation = operation.and_then(|(_, methods)| methods.get(method.to_lowercase()));
    let response = operation.map_or(&document["components"]["responses"]["Refused"], |operation| {
        let responses = &operation["responses"];
        let exact = responses.get(answer.status.to_string());
        let class = responses.get(format!("{}XX", answer.status / 100));
        resolve(&document, exact.or(class).unwrap_or_else(|| panic!("{request}: {}", answer.status)))
    });
    let content = response["content"].as_object().unwrap();
    let (kind, described) = content.iter().next().unwrap();
    let line = answer.head.lines().find(|line| line.to_lowercase().starts_with("content-type:"));
    assert!(line.is_some_and(|line| line.contains(kind.as_str())), "{request}: {}", answer.head);
    if kind == "application/json" {
        fits(&document, &described["schema"], &answer.json(), &format!("{request} {}", answer.status));
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema.get("$ref") else { return schema };
    document.pointer(reference.as_str().unwrap().trim_start_matches('#')).unwrap()
}

fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolve(document, schema).as_object().unwrap();
    for (keyword, says) in schema {
        match keyword.as_str() {
            "type" => assert!(is_one_of(says, value), "{place}: {value} is no {says}"),
            "enum" => assert!(says.as_array().unwrap().contains(value), "{place}: {value} is none of {says}"),
            "minimum" => {
                assert!(value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap()), "{place}");
            }
            "format" => assert!(is_time(value), "{place}: {value}"),
            "required" => {
                for name in says.as_array().unwrap() {
                    assert!(value.get(name.as_str().unwrap()).is_some(), "{place}: no {name}");
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(document, says, item, &format!("{place}[{index}]"));
                }
            }
            "properties" | "additionalProperties" => members(document, schema, value, place),
            "description" => {}
            other => panic!("{place}: the keyword {other} is not checked"),
        }
    }
}

fn members(document: &Value, schema: &serde_json::Map<String, Value>, value: &Value, place: &str) {
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        let declared = schema.get("properties").and_then(|properties| properties.get(name));
        match declared.or(schema.get("additionalProperties")) {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => panic!("{place} is not described"),
            Some(schema) => fits(document, schema, member, &place),
        }
    }
}

fn is_one_of(types: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not checked"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_none_or(|text| guanxi::model::Timestamp::parse_rfc3339(text).is_some())
}
