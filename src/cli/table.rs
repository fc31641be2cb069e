//! Tables for people: columns as wide as they need, cut where the terminal is narrower.

use std::io::IsTerminal as _;

use crate::domain::text::{fit, one_line, width};

/// Between two columns.
const GAP: &str = "  ";
/// Columns are not cut further than to this.
const NARROWEST: usize = 6;

/// Columns of the terminal on stdout; `None` where there is no terminal to fit into.
pub(super) fn terminal_width() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(&stdout)
        && size.ws_col > 0
    {
        return Some(usize::from(size.ws_col));
    }
    Some(80)
}

/// Lines of a table with a header. Cells may be any text; what comes out is harmless.
pub(super) fn table(header: &[&str], rows: &[Vec<String>], room: Option<usize>) -> String {
    let head: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let widths = widths(&rows, room);
    rows.iter().map(|row| line(row, &widths)).collect()
}

/// Natural widths, the widest cut first where there is no room for all.
fn widths(rows: &[Vec<String>], room: Option<usize>) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let natural = |column: usize| rows.iter().map(|row| row.get(column).map_or(0, |cell| width(cell))).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| natural(column).unwrap_or(0)).collect();
    let Some(room) = room else { return widths };
    let room = room.saturating_sub(GAP.len() * columns.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, columns) in row.iter().zip(widths) {
        let cell = fit(cell, *columns);
        let pad = columns.saturating_sub(width(&cell)) + GAP.len();
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', pad));
    }
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        vec![
            vec!["1".into(), "配送状況 を確認".into(), "a long explanation of it".into()],
            vec!["20".into(), "two\nlines \u{1b}[31m".into(), String::new()],
        ]
    }

    #[test]
    fn columns_line_up() {
        let expected = "n   what             why\n\
                        1   配送状況 を確認  a long explanation of it\n\
                        20  two lines ␛[31m\n";
        assert_eq!(table(&["n", "what", "why"], &rows(), None), expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for room in [20, 24, 30, 43, 80] {
            for line in table(&["n", "what", "why"], &rows(), Some(room)).lines() {
                assert!(width(line) <= room, "{room}: {line}");
            }
        }
    }
}
