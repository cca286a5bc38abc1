//! A chart of bars for a terminal of 80 columns.

/// The columns that there are.
const WIDTH: usize = 80;
/// The longest label that is shown whole.
const LONGEST_LABEL: usize = 20;

/// A line for each number: its label, a bar as long as the number is large, and the number.
pub(super) fn bars(points: &[(String, u64)]) -> Vec<String> {
    let most = points.iter().map(|(_, number)| *number).max().unwrap_or(0);
    let label = points.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0).min(LONGEST_LABEL);
    let room = WIDTH - (2 + label + 2 + 1 + most.to_string().len());
    let bar = |(text, number): &(String, u64)| {
        let text: String = text.chars().take(label).collect();
        let length = length(*number, most, room);
        let gap = if length == 0 { "" } else { " " };
        format!("  {text:<label$}  {}{gap}{number}", "█".repeat(length))
    };
    points.iter().map(bar).collect()
}

/// How long a bar is. What is more than nothing is seen.
fn length(number: u64, most: u64, room: usize) -> usize {
    let share = u128::from(number) * room as u128 / u128::from(most.max(1));
    usize::try_from(share).unwrap_or(room).max(usize::from(number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[(&str, u64)]) -> Vec<String> {
        bars(&points.iter().map(|(label, number)| ((*label).to_owned(), *number)).collect::<Vec<_>>())
    }

    #[test]
    fn bars_fill_the_terminal_and_no_more() {
        let lines = chart(&[("2026-11-20", 1_000), ("2026-11-21", 500), ("2026-11-22", 0), ("2026-11-23", 1)]);
        let widths: Vec<_> = lines.iter().map(|line| line.chars().count()).collect();
        assert_eq!(widths[0], WIDTH);
        assert_eq!(lines[0].matches('█').count(), lines[1].matches('█').count() * 2 + 1);
        assert_eq!(lines[2], "  2026-11-22  0");
        assert_eq!(lines[3], "  2026-11-23  █ 1");
    }

    #[test]
    fn no_number_and_no_label_is_too_large() {
        assert!(chart(&[]).is_empty());
        assert_eq!(chart(&[("", 0)]), ["    0"]);
        for line in chart(&[(&"x".repeat(200), u64::MAX), ("y", 3)]) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
