//! The part of `kubectl describe` that answers "what happened?": the whole is some 150 lines.

/// What stands for lines that are left out.
const GAP: &str = "  ⋮";

/// The name, the condition Ready, the stopped tasks and the Events, in the words of `kubectl describe`.
pub fn of_description(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = vec![lines.iter().take(2).copied().collect(), vec!["Status:"]];
    let conditions = section(&lines, "  Conditions:");
    let starts = |line: &&str| line.trim_start().starts_with("Last Transition Time:");
    let mut blocks = conditions.get(1..).unwrap_or_default().split(starts).skip(1);
    let heads = conditions.iter().filter(|line| starts(line));
    let is_ready = |block: &[&str]| block.iter().any(|line| line.split_whitespace().eq(["Type:", "Ready"]));
    let ready = heads.zip(blocks.by_ref()).find(|(_, block)| is_ready(block));
    if let Some((head, block)) = ready {
        parts.push([&["  Conditions:", head], block].concat());
    }
    parts.push(section(&lines, "  Stopped Tasks:"));
    parts.push(section(&lines, "Events:"));
    parts.retain(|part| !part.is_empty());
    parts.join(&[GAP][..]).into_iter().map(str::to_owned).collect()
}

/// A heading and all that is indented below it.
fn section<'a>(lines: &[&'a str], heading: &str) -> Vec<&'a str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(at) = lines.iter().position(|line| line.starts_with(heading)) else { return Vec::new() };
    let below = lines[at + 1..].iter().take_while(|line| indent(line) > indent(heading));
    std::iter::once(lines[at]).chain(below.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Name:         web
Namespace:    default
Spec:
  Cluster:  demo
Status:
  Conditions:
    Last Transition Time:  1
    Message:               it failed
    Type:                  Ready
    Last Transition Time:  2
    Type:                  Stalled
  Connection:  default
  Stopped Tasks:
    Count:  4
  Task Definition:  x
Events:
  Type  Reason
";

    #[test]
    fn an_excerpt_has_the_condition_ready_the_stopped_tasks_and_the_events() {
        let expected = "\
Name:         web
Namespace:    default
  ⋮
Status:
  ⋮
  Conditions:
    Last Transition Time:  1
    Message:               it failed
    Type:                  Ready
  ⋮
  Stopped Tasks:
    Count:  4
  ⋮
Events:
  Type  Reason";
        assert_eq!(of_description(TEXT).join("\n"), expected);
    }
}
