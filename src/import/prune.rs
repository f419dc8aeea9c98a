//! Leaves out of a declaration what means the same when it is not there. Pure.

use serde_json::Value;

/// Members that hold what a person wrote, entry by entry: they stay or go as a whole.
const DATA: [&str; 9] =
    ["environment", "secrets", "environmentFiles", "dockerLabels", "labels", "options", "command", "entryPoint", "tags"];

/// The declaration without each member, at every depth, whose absence is `same` to whoever reads it. The outermost goes
/// first, so that an object of nothing but defaults goes as one. Items of lists stay.
pub fn without_what_is_understood(declaration: Value, same: impl Fn(&Value) -> bool) -> Value {
    let mut whole = declaration;
    visit(&mut whole, &mut Vec::new(), &same);
    whole
}

/// One step into a tree.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
}

fn visit(whole: &mut Value, path: &mut Vec<Step>, same: &impl Fn(&Value) -> bool) {
    match at(whole, path) {
        Some(Value::Object(members)) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                if !left_out(whole, path, &name, same) && !DATA.contains(&name.as_str()) {
                    path.push(Step::Member(name));
                    visit(whole, path, same);
                    path.pop();
                }
            }
        }
        Some(Value::Array(items)) => {
            for index in 0..items.len() {
                path.push(Step::Item(index));
                visit(whole, path, same);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Takes a member out, and puts it back if that makes a difference.
fn left_out(whole: &mut Value, path: &[Step], name: &str, same: &impl Fn(&Value) -> bool) -> bool {
    let members = |whole: &mut Value, change: &mut dyn FnMut(&mut serde_json::Map<String, Value>)| {
        if let Some(Value::Object(members)) = at(whole, path) {
            change(members);
        }
    };
    let mut taken = None;
    members(whole, &mut |members| taken = members.remove(name));
    let Some(taken) = taken else { return true };
    if same(whole) {
        return true;
    }
    members(whole, &mut |members| drop(members.insert(name.to_owned(), taken.clone())));
    false
}

fn at<'a>(whole: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    path.iter().try_fold(whole, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}

#[cfg(test)]
mod tests {
    use super::without_what_is_understood;
    use crate::domain::json::{drop_default, without_empties};
    use serde_json::{Value, json};

    /// To this reader `a` is 1 and `b.c` is false where they are not said, and what is empty is not there.
    fn meaning(value: &Value) -> Value {
        let mut value = without_empties(value.clone());
        drop_default(&mut value, "a", &json!(1));
        drop_default(&mut value["b"], "c", &json!(false));
        without_empties(value)
    }

    fn pruned(value: Value) -> Value {
        let meant = meaning(&value);
        without_what_is_understood(value, |candidate| meaning(candidate) == meant)
    }

    #[test]
    fn defaults_and_empties_go_and_the_rest_stays() {
        assert_eq!(pruned(json!({"a": 1, "b": {"c": false}, "d": [], "e": "x"})), json!({"e": "x"}));
        assert_eq!(pruned(json!({"a": 2, "b": {"c": false, "d": 3}})), json!({"a": 2, "b": {"d": 3}}));
    }

    #[test]
    fn lists_keep_their_items() {
        assert_eq!(pruned(json!({"e": [{"x": 1, "y": []}, {"z": 2}]})), json!({"e": [{"x": 1}, {"z": 2}]}));
    }
}
