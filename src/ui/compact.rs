//! The rubric in a few lines under the content, for narrow screens.

use super::ink::{Ink, margins};
use super::line::{Line, fit, wrap};
use super::{others, rubric, words};
use crate::app::geometry::Area;
use crate::app::{ItemData, Load};
use crate::domain::{DataType, ScoreConfig};
use crate::input::Action;

/// Draws the strip: a rule, the rows one after another, and what is to be known of the current one.
pub(super) fn draw(ink: &mut Ink, area: Area, focused: bool) {
    ink.rule(area, if focused { ink.styles.rule_focused } else { ink.styles.rule });
    let (_, body) = area.split_top(1);
    let body = margins(body);
    let Some(data) = ink.model.current() else { return };
    let (lines, current) = flow(ink, data, usize::from(body.width));
    let right = comments(ink, data);
    if !right.is_empty() {
        let right = Line::of(" ", ink.styles.dim).join(right).add(" ", ink.styles.dim);
        ink.ends(margins(area), 0, &Line::default(), &right);
    }
    // The last line, and whatever the rows leave, is for what is to be known of the current one.
    let height = lines.len().min(usize::from(body.height.saturating_sub(1)));
    let (rows, below) = body.split_top(u16::try_from(height).unwrap_or(0));
    let top = (current + 1).saturating_sub(height);
    ink.lines(rows, lines.get(top..).unwrap_or_default());
    let about = about_row(ink, data, usize::from(below.width), usize::from(below.height));
    ink.lines(below, &about);
}

/// The rows one after another over as many lines as they need, and the line of the current one.
fn flow(ink: &Ink, data: &ItemData, width: usize) -> (Vec<Line>, usize) {
    let mut lines = vec![Line::default()];
    let mut current = 0;
    for (at, config) in ink.model.rubric_configs().into_iter().enumerate() {
        let is_current = at == ink.model.review.row;
        let cell = cell(ink, data, config, is_current, width);
        let line = lines.last().map_or(0, Line::width);
        // Cells start at every fifth of the width, so that they line up from line to line.
        let step = (width / 5).max(1);
        let start = line.div_ceil(step) * step;
        if line > 0 && start + cell.width() > width {
            lines.push(cell);
        } else if let Some(line) = lines.last_mut() {
            *line = std::mem::take(line).pad(start).join(cell);
        }
        if is_current {
            current = lines.len() - 1;
        }
    }
    (lines, current)
}

/// `✓ helpfulness  4`, or the current row with its options: `▸ tone  1 calm 2 warm`.
fn cell(ink: &Ink, data: &ItemData, config: &ScoreConfig, current: bool, width: usize) -> Line {
    let mine = data.mine.get(&config.id);
    let (sign, style) = rubric::mark(ink, mine);
    let name = fit(&config.name, 24, ink.glyphs.ellipsis);
    let line = match (current, mine) {
        (true, None) => ink.cursor(true, true).add(name, ink.styles.current),
        (true, Some(_)) => Line::of(ink.glyphs.cursor, ink.styles.cursor)
            .add(format!("{sign} "), style)
            .add(name, ink.styles.current),
        (false, _) => Line::of(format!("{sign} "), style).add(name, ink.styles.text),
    };
    let line = line.add("  ", ink.styles.text);
    if current && !config.options().is_empty() && !config.is_archived {
        return options(ink, data, config, width.saturating_sub(line.width()), line)
            .add("  ", ink.styles.text);
    }
    let value = match mine {
        Some(mine) => {
            Line::of(fit(&mine.value.to_string(), 16, ink.glyphs.ellipsis), ink.styles.option_chosen)
        }
        None => Line::of(rubric::hint(ink, config), ink.styles.dim),
    };
    line.join(value).add("  ", ink.styles.text)
}

/// As many options as fit behind the name.
fn options(ink: &Ink, data: &ItemData, config: &ScoreConfig, room: usize, line: Line) -> Line {
    let mine = data.mine.get(&config.id);
    let mut shown = Line::default();
    let all = config.options();
    for (at, (label, value)) in all.iter().enumerate() {
        let cell = rubric::option(ink, config, mine, label, value);
        if shown.width() + cell.width() + 8 > room {
            shown.push(format!("+{}", all.len() - at), ink.styles.dim);
            break;
        }
        shown = shown.join(cell).add(" ", ink.styles.text);
    }
    line.join(shown)
}

/// How many comments there are, or the key that writes one, and the key that shows all that was
/// given.
fn comments(ink: &Ink, data: &ItemData) -> Line {
    let (many, _) = rubric::count_comments(data);
    let line = match many {
        0 => ink.hint(ink.key(Action::Comment), "comment").unwrap_or_default(),
        many => Line::of(words::count(many, "comment"), ink.styles.dim),
    };
    let given = many > 0 || data.others(&ink.model.start.annotator).next().is_some();
    match ink.hint(ink.key(Action::ReadScores), "reads all").filter(|_| given) {
        Some(hint) => line.add(ink.dot(), ink.styles.dim).join(hint),
        None => line,
    }
}

/// What is to be known of the current row, most important first: a refusal, how to type, what
/// others gave, the reason, the description.
fn about_row(ink: &Ink, data: &ItemData, columns: usize, height: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = state(ink, data).into_iter().collect();
    let Some(config) = ink.model.current_config() else { return lines };
    let mine = data.mine.get(&config.id);
    // Each takes what the ones before it have left.
    let say = |lines: &mut Vec<Line>, text: &str, style| {
        let left = height.saturating_sub(lines.len());
        let rows = if left == 0 { Vec::new() } else { wrap(text, columns, left, ink.glyphs.ellipsis) };
        lines.extend(rows.into_iter().map(|row| Line::of(row, style)));
    };
    if let Some((why, style)) = rubric::obstacle(ink, mine) {
        say(&mut lines, &why, style);
    }
    if config.options().is_empty() && !config.is_archived {
        let how = if config.data_type == DataType::Numeric { "type a number" } else { "write" };
        lines.extend(ink.hint(ink.key(Action::EnterValue), how));
    }
    let left = height.saturating_sub(lines.len());
    lines.extend(given(ink, data, config, columns, left));
    if let Some(reason) = mine.and_then(|mine| mine.reason.as_deref()) {
        say(&mut lines, &format!("why: {reason}"), ink.styles.dim);
    }
    say(&mut lines, config.description.as_deref().unwrap_or_default(), ink.styles.dim);
    lines
}

/// What others gave: one of them over the lines there are, more of them on a line each.
fn given(ink: &Ink, data: &ItemData, config: &ScoreConfig, columns: usize, height: usize) -> Vec<Line> {
    let scores = others::on_row(ink, data, config);
    if height == 0 || scores.is_empty() {
        return Vec::new();
    }
    let hidden = scores.len().saturating_sub(height);
    let more = if hidden > 0 { format!("  +{hidden}") } else { String::new() };
    let each = (height / scores.len()).max(1);
    let room = columns.saturating_sub(more.len());
    let shown = scores.iter().take(height);
    let mut lines: Vec<Line> = shown.flat_map(|score| others::lines(ink, score, room, each)).collect();
    if let Some(last) = lines.last_mut().filter(|_| hidden > 0) {
        last.push(more, ink.styles.dim);
    }
    lines
}

/// A word where the rubric or the earlier scores are not known.
fn state(ink: &Ink, data: &ItemData) -> Option<Line> {
    let dots = ink.glyphs.ellipsis;
    match &data.scores {
        _ if ink.model.configs_failed => Some(Line::of(rubric::unloaded(ink), ink.styles.warn)),
        _ if ink.model.configs.is_none() => {
            Some(Line::of(format!("loading the rubric {dots}"), ink.styles.dim))
        }
        _ if let Some(words) = rubric::missing_rows(ink) => Some(Line::of(words, ink.styles.dim)),
        Load::Failed(_) => Some(Line::of("earlier scores could not be read", ink.styles.warn)),
        Load::Waiting => Some(Line::of(format!("loading earlier scores {dots}"), ink.styles.dim)),
        Load::Ready(_) | Load::Missing => None,
    }
}
