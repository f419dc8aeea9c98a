//! How things look: headings, prose, commands, claims. Colours only where there is a terminal that wants them.

use console::{Term, measure_text_width, style, truncate_str};

/// The widest a line of the story gets.
const WIDEST: usize = 100;

/// How wide a line may be here.
pub fn width() -> usize {
    let (_, columns) = Term::stdout().size();
    if Term::stdout().is_term() { usize::from(columns).clamp(40, WIDEST) } else { WIDEST }
}

/// The line cut to what fits.
pub fn fitted(line: &str) -> String {
    truncate_str(line, width(), "…").into_owned()
}

/// The name of a chapter.
pub fn heading(number: usize, title: &str) {
    let title = format!("{number}  {title} ");
    let rule = "─".repeat(width().saturating_sub(measure_text_width(&title)));
    println!("\n\n{}{}", style(title).bold(), style(rule).dim());
}

/// A paragraph.
pub fn say(text: &str) {
    for line in wrapped(text, width()) {
        println!("{line}");
    }
}

/// A command, before it runs.
pub fn command(text: &str) {
    println!("\n{} {}", style("$").cyan().bold(), style(text).bold());
}

/// A line that a program printed, cut to what fits.
pub fn output(line: &str) {
    println!("{}", fitted(line));
}

/// A line `  Key:  value` that a program printed; what does not fit goes on below the value.
pub fn output_whole(line: &str) {
    let value = line.find(": ").map_or(0, |colon| colon + 1 + line[colon + 1..].len() - line[colon + 1..].trim_start().len());
    let (key, value_text) = line.split_at(value);
    for (number, part) in wrapped(value_text, width().saturating_sub(value)).iter().enumerate() {
        println!("{}{part}", if number == 0 { key.to_owned() } else { " ".repeat(value) });
    }
}

/// A claim that holds.
pub fn good(claim: &str) {
    println!("{} {claim}", style("✓").green().bold());
}

/// A claim that does not hold, or whatever else went wrong.
pub fn bad(claim: &str) {
    println!("{} {claim}", style("✗").red().bold());
}

/// A remark beside the story.
pub fn aside(text: &str) {
    for line in wrapped(text, width()) {
        println!("{}", style(line).dim());
    }
}

/// Breaks a text into lines at its spaces; a word that is too long stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if measure_text_width(line) + 1 + measure_text_width(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_the_last_space_that_fits() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 13), ["one two three"]);
        assert_eq!(wrapped("immeasurable a", 4), ["immeasurable", "a"]);
    }
}
