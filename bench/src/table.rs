//! The table: what was measured beside floor, peer and goal. Pure.

use std::fmt::Write as _;
use std::time::Duration;

/// One line: one figure of one metric. For every figure less is better.
#[derive(Clone, Debug)]
pub struct Row {
    /// Number of the metric, 1 to 11.
    pub metric: u8,
    /// What was measured, with the size of the run.
    pub what: String,
    /// Unit of all four figures.
    pub unit: &'static str,
    /// The least that is possible.
    pub floor: Option<f64>,
    /// What the best known peer needs.
    pub peer: Option<f64>,
    /// What we want to stay below.
    pub goal: Option<f64>,
    /// What we need.
    pub ours: f64,
}

impl Row {
    /// A figure of a metric, with nothing to compare it with yet.
    pub fn new(metric: u8, what: impl Into<String>, ours: f64, unit: &'static str) -> Self {
        Self { metric, what: what.into(), unit, floor: None, peer: None, goal: None, ours }
    }

    /// The least that is possible.
    #[must_use]
    pub fn floor(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }

    /// What the peer needs.
    #[must_use]
    pub fn peer(self, peer: f64) -> Self {
        Self { peer: Some(peer), ..self }
    }

    /// What we want to stay at or below.
    #[must_use]
    pub fn goal(self, goal: f64) -> Self {
        Self { goal: Some(goal), ..self }
    }

    /// `met` or `missed`, then how we stand to floor and peer.
    fn verdict(&self) -> String {
        let mut words = Vec::new();
        if let Some(goal) = self.goal {
            // A figure is shown rounded, and so it is judged.
            words.push(if self.ours <= goal * 1.000_001 { "met".to_owned() } else { "MISSED".to_owned() });
        }
        if let Some(floor) = self.floor.filter(|floor| *floor > 0.0) {
            words.push(format!("{:.2}x floor", self.ours / floor));
        }
        if let Some(peer) = self.peer.filter(|_| self.ours > 0.0) {
            words.push(format!("peer {:.1}x", peer / self.ours));
        }
        words.join(", ")
    }
}

/// The lines as a Markdown table, by metric.
pub fn render(rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| row.metric);
    let head = ["#", "metric", "floor", "peer", "goal", "ours", "verdict"].map(str::to_owned);
    let lines: Vec<[String; 7]> = rows.into_iter().map(cells).collect();
    let width = |column: usize| lines.iter().chain([&head]).map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    write_line(&mut text, &head, &widths);
    write_line(&mut text, &std::array::from_fn(|column| "-".repeat(widths[column])), &widths);
    for line in &lines {
        write_line(&mut text, line, &widths);
    }
    text
}

fn cells(row: &Row) -> [String; 7] {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    [
        row.metric.to_string(),
        if row.unit.is_empty() { row.what.clone() } else { format!("{}, {}", row.what, row.unit) },
        figure(row.floor),
        figure(row.peer),
        figure(row.goal),
        number(row.ours),
        row.verdict(),
    ]
}

fn write_line(text: &mut String, cells: &[String; 7], widths: &[usize]) {
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(text, "| {cell:width$} ");
    }
    text.push_str("|\n");
}

/// Three significant digits; whole numbers whole.
fn number(value: f64) -> String {
    let places = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// The nearest-rank percentile: the least value that `percent` of all values do not exceed. None of nothing.
pub fn percentile(values: &[f64], percent: u32) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent as usize).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Thousands of a second, for figures that are small.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A count as a figure. Counts here are far below where this would lose anything.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^52")]
pub fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(
            [percentile(&values, 50), percentile(&values, 99), percentile(&values, 100)],
            [Some(100.0), Some(198.0), Some(200.0)]
        );
        assert_eq!((percentile(&[7.0], 1), percentile(&[], 50)), (Some(7.0), None));
    }

    #[test]
    fn a_line_says_whether_the_goal_is_met_and_how_far_floor_and_peer_are() {
        let row = Row::new(1, "calls", 0.105, "").floor(0.1).peer(2.0).goal(0.105);
        assert_eq!(row.verdict(), "met, 1.05x floor, peer 19.0x");
        assert_eq!(Row::new(7, "writes", 3.0, "").goal(0.0).verdict(), "MISSED");
        assert_eq!(Row::new(7, "writes", 0.0, "").floor(0.0).peer(2.0).goal(0.0).verdict(), "met");
    }

    #[test]
    fn lines_stand_in_the_order_of_the_metrics_and_columns_align() {
        let text = render(&[Row::new(9, "cpu", 1.5, "ms"), Row::new(2, "calls of a pair", 2.0, "").goal(2.1)]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("| 2 | calls of a pair |") && lines[3].starts_with("| 9 | cpu, ms         |"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{text}");
    }

    #[test]
    fn figures_are_shown_with_three_digits() {
        assert_eq!([0.1, 2.0, 25.94, 157.3, 1.2].map(number), ["0.100", "2", "25.9", "157", "1.20"]);
    }
}
