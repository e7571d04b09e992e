//! Numbers over time as a line of blocks.

/// Blocks by height, in eighths.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A line of at most so many blocks, the highest for `top`; a space where there is nothing. More values than blocks are put
/// together, the greatest of each counts.
pub(super) fn line(values: &[f64], top: f64, width: usize) -> String {
    let together = values.len().div_ceil(width.max(1)).max(1);
    let greatest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    values.chunks(together).map(|values| block(greatest(values), top)).collect()
}

fn block(value: f64, top: f64) -> char {
    if value <= 0.0 || top <= 0.0 {
        return ' ';
    }
    // Not even the smallest is nothing.
    let share = (value / top).clamp(0.0, 1.0);
    let eighth = HEIGHTS.iter().enumerate().position(|(index, _)| share * 8.0 <= index as f64 + 1.0);
    eighth.and_then(|index| HEIGHTS.get(index)).copied().unwrap_or('█')
}

/// A bar of at most so many blocks, to the eighth of one.
pub(super) fn bar(value: f64, top: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if value <= 0.0 || top <= 0.0 {
        return String::new();
    }
    let eighths = ((value / top).clamp(0.0, 1.0) * width as f64 * 8.0).round().max(1.0);
    let full = (eighths / 8.0).floor();
    let rest = eighths - full * 8.0;
    let whole = (0..width).take_while(|done| (*done as f64) < full).map(|_| '█');
    let part = EIGHTHS.iter().enumerate().find(|(index, _)| (*index as f64) >= rest);
    let mut bar: String = whole.collect();
    bar.push_str(part.map_or("", |(_, part)| part));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_least_and_the_most_and_nothing_as_nothing() {
        assert_eq!(line(&[0.0, 1.0, 50.0, 100.0], 100.0, 10), " ▁▄█");
        assert_eq!(line(&[], 0.0, 10), "");
        assert_eq!(line(&[0.0], 0.0, 10), " ");
    }

    #[test]
    fn a_long_line_keeps_its_peaks() {
        let mut values = [1.0; 100];
        values[57] = 100.0;
        let line = line(&values, 100.0, 10);
        assert_eq!(line, "▁▁▁▁▁█▁▁▁▁");
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(100.0, 100.0, 4), "████");
        assert_eq!(bar(37.5, 100.0, 4), "█▌");
        assert_eq!(bar(0.001, 100.0, 4), "▏");
        assert_eq!(bar(0.0, 100.0, 4), "");
    }
}
