//! Reading members of an input that has passed the schema.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::fault::ServiceError;

/// A JSON object and the questions asked of it. Null is absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a Value);

impl<'a> Input<'a> {
    pub(crate) fn get(self, member: &str) -> Option<&'a Value> {
        self.0.get(member).filter(|value| !value.is_null())
    }

    pub(crate) fn has(self, member: &str) -> bool {
        self.get(member).is_some()
    }

    pub(crate) fn text(self, member: &str) -> Option<&'a str> {
        self.get(member).and_then(Value::as_str)
    }

    /// A string that must be there; the codec turns some absent ones into empty ones.
    pub(crate) fn required(self, member: &str) -> Result<&'a str, ServiceError> {
        let found = self.text(member).filter(|text| !text.is_empty());
        found.ok_or_else(|| ServiceError::invalid(format!("{member} can not be blank.")))
    }

    pub(crate) fn number(self, member: &str) -> Option<i64> {
        self.get(member).and_then(Value::as_i64)
    }

    pub(crate) fn flag(self, member: &str) -> bool {
        self.get(member).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn object(self, member: &str) -> Input<'a> {
        Input(self.0.get(member).unwrap_or(&Value::Null))
    }

    /// The items of a list; an absent list has none.
    pub(crate) fn list(self, member: &str) -> &'a [Value] {
        self.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn objects(self, member: &str) -> impl Iterator<Item = Input<'a>> {
        self.list(member).iter().map(Input)
    }

    pub(crate) fn texts(self, member: &str) -> impl Iterator<Item = &'a str> {
        self.list(member).iter().filter_map(Value::as_str)
    }

    /// Whether `include` names this part.
    pub(crate) fn includes(self, part: &str) -> bool {
        self.texts("include").any(|asked| asked == part)
    }
}

/// A timestamp as the wire carries it: epoch seconds with milliseconds. ecs-semantics §0.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits")]
pub(crate) fn epoch(at: Timestamp) -> Value {
    Value::from(at.as_millisecond() as f64 / 1000.0)
}

/// One page of `items`, in the members of a list answer. `default` and `most` are in ecs-semantics §6.3.
pub(crate) fn page(input: Input<'_>, name: &str, items: &[String], (default, most): (i64, i64)) -> Result<Value, ServiceError> {
    let size = input.number("maxResults").unwrap_or(default);
    if !(1..=most).contains(&size) {
        return Err(ServiceError::invalid(format!("maxResults must be between 1 and {most}.")));
    }
    let from = match input.text("nextToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("after-")
            .and_then(|place| place.parse::<usize>().ok())
            .ok_or_else(|| ServiceError::invalid("Invalid token."))?,
    };
    let to = from.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(items.len());
    let mut answer = Map::new();
    answer.insert(name.to_owned(), Value::from(items.get(from..to).unwrap_or_default().to_vec()));
    if to < items.len() {
        answer.insert("nextToken".to_owned(), Value::from(format!("after-{to}")));
    }
    Ok(Value::Object(answer))
}

/// One item of `failures[]`. ecs-semantics §0.
pub(crate) fn missing(arn: &str) -> Value {
    serde_json::json!({"arn": arn, "reason": "MISSING"})
}
