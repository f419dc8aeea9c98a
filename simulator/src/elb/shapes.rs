//! Inputs of Elastic Load Balancing: their members, and how query parameters become JSON.
//!
//! The query protocol is flat, `Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight=1`, and this SDK has no schemas to read
//! it by. So the members stand here once, with the constraints of AWS's own model, and everything else works on nested JSON.

use serde_json::{Map, Value, json};

use super::operations::{self, Member};
use crate::fault::ServiceError;

/// The form of a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// Text of at least and at most so many characters.
    Length(usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number in a range.
    Number(i64, i64),
    Flag,
    /// Text by key: `entry.1.key`, `entry.1.value`.
    Map,
    List(&'static Shape),
    Struct(&'static [Member]),
}

/// Nested JSON from flat parameters. Unknown names are refused.
pub(crate) fn nest(operation: &str, flat: &Map<String, Value>) -> Result<Value, ServiceError> {
    let members = operations::members(operation)?;
    let mut nested = Value::Object(Map::new());
    for (name, value) in flat.iter().filter(|(name, _)| *name != "Version") {
        let path: Vec<&str> = name.split('.').collect();
        let text = value.as_str().unwrap_or_default();
        if !put(&mut nested, members, &path, text)? {
            return Err(validation(format!("Unknown parameter '{name}' for the operation {operation}.")));
        }
    }
    close(&mut nested);
    Ok(nested)
}

/// Sets one parameter; false when no member has this name.
fn put(into: &mut Value, members: &[Member], path: &[&str], text: &str) -> Result<bool, ServiceError> {
    let Some((name, rest)) = path.split_first() else { return Ok(false) };
    let Some(member) = members.iter().find(|member| member.name == *name) else { return Ok(false) };
    put_value(&mut into[*name], member.shape, (name, rest), text)
}

/// Lists grow as objects by number first: parameters come in any order.
fn put_value(into: &mut Value, shape: &Shape, (name, rest): (&str, &[&str]), text: &str) -> Result<bool, ServiceError> {
    match (shape, rest) {
        // An empty list is sent as the bare name.
        (Shape::List(_) | Shape::Struct(_) | Shape::Map, []) if text.is_empty() => {
            *into = if matches!(shape, Shape::List(_)) { json!({LIST: true}) } else { json!({}) };
            Ok(true)
        }
        (Shape::List(item), ["member", number, rest @ ..]) => {
            let Ok(number) = number.parse::<u32>() else { return Ok(false) };
            if into.is_null() {
                *into = json!({LIST: true});
            }
            put_value(&mut into[format!("{number:010}")], item, (name, rest), text)
        }
        (Shape::Struct(members), [_, ..]) => put(into, members, rest, text),
        (Shape::Map, ["entry", number, part @ ("key" | "value")]) => {
            into[ENTRIES][*number][*part] = json!(text);
            Ok(true)
        }
        (Shape::Text | Shape::Length(..) | Shape::Word(_), []) => {
            *into = json!(text);
            Ok(true)
        }
        (Shape::Number(..), []) => {
            let number = text.parse::<i64>().map_err(|_| malformed(name, text, "an integer"))?;
            *into = json!(number);
            Ok(true)
        }
        (Shape::Flag, []) => {
            let flag = text.to_ascii_lowercase().parse::<bool>().map_err(|_| malformed(name, text, "a boolean"))?;
            *into = json!(flag);
            Ok(true)
        }
        _ => Ok(false),
    }
}

const LIST: &str = " list";
const ENTRIES: &str = " entries";

fn malformed(name: &str, text: &str, kind: &str) -> ServiceError {
    ServiceError::new("MalformedInput", format!("'{text}' at '{}' is not {kind}.", lower_first(name)))
}

/// Turns numbered objects into lists, and entries into maps.
fn close(value: &mut Value) {
    let Value::Object(members) = value else { return };
    members.values_mut().for_each(close);
    if members.remove(LIST).is_some() {
        *value = members.values().cloned().collect();
    } else if let Some(entries) = members.remove(ENTRIES) {
        let entries = entries.as_object().into_iter().flatten();
        let pairs = entries.map(|(_, entry)| (entry["key"].as_str().unwrap_or_default().to_owned(), entry["value"].clone()));
        *value = pairs.collect::<Map<_, _>>().into();
    }
}

/// Whether there is such an operation.
pub(crate) fn is_known(operation: &str) -> bool {
    operations::members(operation).is_ok()
}

/// Checks an input against the model: types, required members, words, lengths, ranges.
pub(crate) fn check(operation: &str, input: &Value) -> Result<(), ServiceError> {
    check_members(operations::members(operation)?, input, "")
}

fn check_members(members: &[Member], input: &Value, path: &str) -> Result<(), ServiceError> {
    let given = input.as_object().ok_or_else(|| malformed(path, &input.to_string(), "a structure"))?;
    if let Some(name) = given.keys().find(|name| members.iter().all(|member| member.name != **name)) {
        return Err(validation(format!("Unknown parameter '{name}'.")));
    }
    for member in members {
        let name = lower_first(member.name);
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match given.get(member.name).filter(|value| !value.is_null()) {
            Some(value) => check_value(member.shape, value, &path)?,
            None if member.required => return Err(broken("null", &path, "Member must not be null")),
            None => {}
        }
    }
    Ok(())
}

fn check_value(shape: &Shape, value: &Value, path: &str) -> Result<(), ServiceError> {
    let text = value.as_str();
    match shape {
        Shape::List(item) => {
            let items = value.as_array().ok_or_else(|| malformed(path, &value.to_string(), "a list"))?;
            let mut items = items.iter().enumerate();
            items.try_for_each(|(at, value)| check_value(item, value, &format!("{path}.{}.member", at + 1)))
        }
        Shape::Struct(members) => check_members(members, value, path),
        Shape::Map if value.is_object() => Ok(()),
        Shape::Flag if value.is_boolean() => Ok(()),
        Shape::Number(low, high) => match value.as_i64() {
            Some(number) if number < *low => {
                Err(broken(&number.to_string(), path, &format!("Member must have value greater than or equal to {low}")))
            }
            Some(number) if number > *high => {
                Err(broken(&number.to_string(), path, &format!("Member must have value less than or equal to {high}")))
            }
            Some(_) => Ok(()),
            None => Err(malformed(path, &value.to_string(), "an integer")),
        },
        Shape::Text | Shape::Length(..) | Shape::Word(_) if text.is_some() => check_text(shape, text.unwrap_or_default(), path),
        _ => Err(malformed(path, &value.to_string(), "of the right type")),
    }
}

fn check_text(shape: &Shape, text: &str, path: &str) -> Result<(), ServiceError> {
    match shape {
        Shape::Word(words) if !words.contains(&text) => {
            Err(broken(text, path, &format!("Member must satisfy enum value set: [{}]", words.join(", "))))
        }
        Shape::Length(low, _) if text.chars().count() < *low => {
            Err(broken(text, path, &format!("Member must have length greater than or equal to {low}")))
        }
        Shape::Length(_, high) if text.chars().count() > *high => {
            Err(broken(text, path, &format!("Member must have length less than or equal to {high}")))
        }
        _ => Ok(()),
    }
}

/// The words that every service of the query protocol uses for its model's constraints.
pub(crate) fn broken(value: &str, path: &str, constraint: &str) -> ServiceError {
    let value = if value == "null" { value.to_owned() } else { format!("'{value}'") };
    validation(format!("1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {constraint}"))
}

pub(crate) fn validation(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(operation: &str, pairs: &[(&str, &str)]) -> Result<Value, ServiceError> {
        nest(operation, &pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
    }

    #[test]
    fn flat_parameters_become_nested_whatever_their_order() {
        let parameters = [
            ("Version", "2015-12-01"),
            ("Priority", "7"),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.10.Weight", "3"),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn", "two"),
            ("Actions.member.1.Type", "forward"),
            ("Transforms", ""),
        ];
        let expected = json!({
            "Priority": 7, "Transforms": [],
            "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "two"}, {"Weight": 3}]}}],
        });
        assert_eq!(nested("CreateRule", &parameters).unwrap(), expected);
    }

    #[test]
    fn an_unknown_parameter_and_a_word_for_a_number_are_refused() {
        assert_eq!(nested("CreateRule", &[("Colour", "red")]).unwrap_err().code, "ValidationError");
        assert_eq!(nested("CreateRule", &[("Priority", "high")]).unwrap_err().code, "MalformedInput");
        assert_eq!(nested("MakeCoffee", &[]).unwrap_err().code, "InvalidAction");
    }

    #[test]
    fn a_broken_constraint_is_told_in_the_words_of_the_model() {
        let error = check("DeleteRule", &json!({})).unwrap_err();
        assert!(error.message.contains("Value null at 'ruleArn'"), "{error}");
        let error =
            check("CreateRule", &json!({"ListenerArn": "x", "Conditions": [], "Priority": 0, "Actions": []})).unwrap_err();
        assert!(error.message.contains("Value '0' at 'priority'") && error.message.contains("equal to 1"), "{error}");
    }
}
