//! Small pure functions over AWS's JSON: how two forms of the same thing are made equal.

use serde_json::Value;

/// Removes nulls, empty lists and empty objects at every depth: AWS shows an absent list as `[]` and an absent object
/// as `{}` or not at all (normalisation rule 4).
pub fn without_empties(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(key, value)| (key, without_empties(value))).filter(|(_, value)| !is_empty(value)).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_empties).filter(|item| !is_empty(item)).collect()),
        other => other,
    }
}

/// Whether a value says nothing: null, `[]` or `{}`.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Sorts a list by the text of the given members, then by the whole item: AWS does not keep the order of many lists.
pub fn sort_by(value: &mut Value, keys: &[&str]) {
    if let Value::Array(items) = value {
        items.sort_by_cached_key(|item| {
            let mut rank: Vec<String> = keys.iter().map(|key| item[key].to_string()).collect();
            rank.push(text(item));
            rank
        });
    }
}

/// Removes a member that has the value that AWS takes when it is absent.
pub fn drop_default(object: &mut Value, key: &str, default: &Value) {
    if let Value::Object(members) = object
        && members.get(key).is_some_and(|value| same(value, default))
    {
        members.remove(key);
    }
}

/// Adds a member that is absent with the value that AWS takes then.
pub fn fill_default(object: &mut Value, key: &str, default: &Value) {
    if let Value::Object(members) = object {
        members.entry(key).or_insert_with(|| default.clone());
    }
}

/// Whether two values are equal, numbers by value: `10` and `10.0` are the same.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Whether everything that `wanted` says is so in `seen`, which may say more: AWS fills in defaults.
/// Lists must have the same length.
pub fn is_within(wanted: &Value, seen: &Value) -> bool {
    match (wanted, seen) {
        (Value::Object(wanted), Value::Object(seen)) => {
            wanted.iter().all(|(key, wanted)| is_within(wanted, seen.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(wanted), Value::Array(seen)) => {
            wanted.len() == seen.len() && wanted.iter().zip(seen).all(|(wanted, seen)| is_within(wanted, seen))
        }
        (wanted, Value::Null) => is_empty(wanted),
        _ => same(wanted, seen),
    }
}

/// The value as compact JSON with sorted keys, the same for equal values.
pub fn text(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            let inner: Vec<String> =
                sorted.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), text(value))).collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(",")),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) if float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// SHA-256 of a text, in lower-case hexadecimal digits.
pub fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empties_go_at_every_depth_but_an_empty_text_stays() {
        let value = json!({"a": [], "b": {"c": null, "d": {}}, "e": [""], "f": [null, {"g": 0}]});
        assert_eq!(without_empties(value), json!({"e": [""], "f": [{"g": 0}]}));
    }

    #[test]
    fn what_aws_filled_in_is_no_difference_but_another_value_is() {
        let seen = json!({"strategy": "ROLLING", "maximumPercent": 200.0});
        assert!(is_within(&json!({"maximumPercent": 200}), &seen));
        assert!(!is_within(&json!({"maximumPercent": 150}), &seen));
        assert!(!is_within(&json!(["a"]), &json!(["a", "b"])));
        assert!(is_within(&json!([]), &Value::Null));
    }

    #[test]
    fn equal_values_have_equal_texts_whatever_the_order_of_keys() {
        let one: Value = serde_json::from_str(r#"{"b":1.0,"a":[{"y":2,"x":1}]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":[{"x":1,"y":2}],"b":1}"#).unwrap();
        assert_eq!(text(&one), text(&other));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(same(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!same(&json!(1), &json!("1")));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": 1})));
        assert!(!same(&json!([1]), &json!([1, 1])));
        assert_eq!(text(&json!(10.0)), text(&json!(10)));
        assert_ne!(text(&json!(10.5)), text(&json!(10)));
    }

    #[test]
    fn a_default_is_dropped_or_filled_in_and_another_value_left() {
        let mut value = json!({"a": 0.0, "b": 1});
        drop_default(&mut value, "a", &json!(0));
        drop_default(&mut value, "b", &json!(0));
        fill_default(&mut value, "b", &json!(2));
        fill_default(&mut value, "c", &json!(3));
        assert_eq!(value, json!({"b": 1, "c": 3}));
        let mut word = json!("no object");
        fill_default(&mut word, "a", &json!(1));
        assert_eq!(word, json!("no object"));
    }

    #[test]
    fn sorting_is_by_the_keys_first_and_the_whole_then() {
        let mut value = json!([{"name": "b"}, {"name": "a", "v": 2}, {"name": "a", "v": 1}]);
        sort_by(&mut value, &["name"]);
        assert_eq!(value, json!([{"name": "a", "v": 1}, {"name": "a", "v": 2}, {"name": "b"}]));
        let mut words = json!(["b", "a"]);
        sort_by(&mut words, &["name"]);
        assert_eq!(words, json!(["a", "b"]));
    }
}
