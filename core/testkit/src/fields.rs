//! Statuses with some of their fields, to find out whether a metric reads others.

use serde_json::Value;

/// The status with nothing but its id, its date and the fields with these paths.
pub(crate) fn with_fields(status: &str, paths: &[&str]) -> String {
    let paths: Vec<Vec<&str>> =
        ["id", "created_at"].iter().chain(paths).map(|path| path.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    let mut status: Value = serde_json::from_str(status).unwrap_or_default();
    retain(&mut status, &paths);
    status.to_string()
}

/// Leaves of an object the fields that a path begins with, of a list its length and that of its items.
fn retain(value: &mut Value, paths: &[&[&str]]) {
    match value {
        Value::Object(fields) => {
            let rest = |name: &str| -> Option<Vec<&[&str]>> {
                let rest = paths.iter().filter_map(|path| path.split_first().filter(|(first, _)| **first == name));
                let rest: Vec<&[&str]> = rest.map(|(_, rest)| rest).collect();
                (!rest.is_empty()).then_some(rest)
            };
            fields.retain(|name, _| rest(name).is_some());
            fields.iter_mut().for_each(|(name, value)| retain(value, &rest(name).unwrap_or_default()));
        }
        Value::Array(items) => {
            let names_a_field = paths.iter().any(|path| !path.is_empty());
            for item in items.iter_mut().filter(|item| !item.is_null()) {
                match item {
                    Value::Array(_) => *item = Value::Array(Vec::new()),
                    Value::Object(_) => retain(item, paths),
                    // A plain value stands for an object's field.
                    _ if names_a_field => {}
                    _ => *item = Value::Object(serde_json::Map::new()),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_named_is_left() {
        let status = r#"{"id":"1","created_at":"2026-11-24","a":{"b":1,"c":[{"d":2,"e":3},"f",null,[4]]},"g":[{"h":5},"i"],"j":6}"#;
        let left = |paths: &[&str]| -> Value { serde_json::from_str(&with_fields(status, paths)).unwrap() };
        let (id, created_at) = ("1", "2026-11-24");
        assert_eq!(left(&[]), json!({"id": id, "created_at": created_at}));
        let a = json!({"c": [{"d": 2}, "f", null, []]});
        assert_eq!(left(&["a.c.d", "g"]), json!({"id": id, "created_at": created_at, "a": a, "g": [{}, {}]}));
        assert_eq!(left(&["a", "j"]), json!({"id": id, "created_at": created_at, "a": {}, "j": 6}));
    }
}
