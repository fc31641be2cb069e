//! The rubric beside the content, with the comments below it.

use super::content::row_line;
use super::ink::Ink;
use super::line::{Line, fit, wrap};
use super::{others, words};
use crate::app::geometry::{self, Area};
use crate::app::{ItemData, Load, Mine, Progress, comments_key, overtaken};
use crate::domain::rows::Rows;
use crate::domain::{DataType, Score, ScoreConfig, Value};
use crate::input::Action;

/// Where details of a row begin: below its name.
const INDENT: usize = 4;
/// Options shown of a row with many.
const OPTIONS: usize = 10;

/// A line with something at its right end.
type Ends = (Line, Line);

/// Draws the pane.
pub(super) fn draw(ink: &mut Ink, area: Area, focused: bool) {
    let body = geometry::inner(area);
    let title = Area { y: area.y, height: area.height.min(1), ..body };
    let (given, rows) = ink.model.answered();
    let Some(data) = ink.model.current() else { return };
    let answered = match rows {
        0 => String::new(),
        // Said here, where nothing moves once they have come.
        _ if data.scores.is_waiting() => format!("loading scores {}", ink.glyphs.ellipsis),
        rows => format!("{given} of {rows}"),
    };
    ink.ends(title, 0, &ink.title("RUBRIC", focused), &Line::of(answered, ink.styles.dim));
    let (lines, current) = rubric_lines(ink, data, usize::from(body.width));
    let comments = comment_lines(ink, data);
    let (above, below) = share(body, lines.len(), comments.len());
    rubric(ink, above, &lines, current);
    comments_pane(ink, below, &comments, data);
}

/// How the pane is shared: the comments get what the rubric leaves, and at least a third of the
/// pane where they need it.
fn share(body: Area, rubric: usize, comments: usize) -> (Area, Area) {
    let height = usize::from(body.height);
    let least = (comments + 2).min(height / 3);
    let above = rubric.min(height - least);
    body.split_top(u16::try_from(above).unwrap_or(body.height))
}

/// Draws the part of the rubric around the current row.
fn rubric(ink: &mut Ink, area: Area, lines: &[Ends], current: (usize, usize)) {
    let height = usize::from(area.height);
    let (start, end) = current;
    let top = end.saturating_sub(height).min(start);
    let below = lines.len().saturating_sub(top + height);
    for (row, (left, right)) in lines.iter().skip(top).take(height).enumerate() {
        if below > 0 && row + 1 == height {
            let more = format!("{} {}", ink.glyphs.more_below, words::count(below + 1, "line"));
            let key = ink.hint(ink.key(Action::ReadScores), "shows all").unwrap_or_default();
            ink.ends(area, row, &Line::of(more, ink.styles.dim), &key);
        } else {
            ink.ends(area, row, left, right);
        }
    }
}

/// All lines of the rubric, and which of them are the current row's.
fn rubric_lines(ink: &Ink, data: &ItemData, width: usize) -> (Vec<Ends>, (usize, usize)) {
    let mut lines = Vec::new();
    let mut current = (0, 0);
    for (at, config) in ink.model.rubric_configs().into_iter().enumerate() {
        let start = lines.len();
        let is_current = at == ink.model.review.row;
        lines.extend(row_lines(ink, data, config, is_current, width));
        if is_current {
            current = (start, lines.len());
        }
    }
    lines.extend(state_of_scores(ink, data, width).unwrap_or_default());
    lines.extend(other_scores(ink, data, width));
    (lines, current)
}

/// A word where the rubric or the earlier scores are not known.
fn state_of_scores(ink: &Ink, data: &ItemData, width: usize) -> Option<Vec<Ends>> {
    let say = |text: &str, style| {
        let rows = wrap(text, width, 4, ink.glyphs.ellipsis);
        Some(rows.into_iter().map(|row| (Line::of(row, style), Line::default())).collect())
    };
    let dots = ink.glyphs.ellipsis;
    match &data.scores {
        _ if ink.model.configs_failed => say(&unloaded(ink), ink.styles.warn),
        _ if ink.model.configs.is_none() => say(&format!("loading the rubric {dots}"), ink.styles.dim),
        _ if let Some(words) = missing_rows(ink) => say(&words, ink.styles.dim),
        Load::Failed(failure) => {
            say(&format!("Earlier scores could not be read: {}", failure.message), ink.styles.warn)
        }
        Load::Ready(_) | Load::Missing | Load::Waiting => None,
    }
}

/// That the rubric could not be loaded, and the key that tries again.
pub(super) fn unloaded(ink: &Ink) -> String {
    let again = ink.key(Action::Refresh).map(|key| format!(": {key} tries again")).unwrap_or_default();
    format!("the rubric could not be loaded{again}")
}

/// That the queue has no rows, or rows whose score config is not at the server.
pub(super) fn missing_rows(ink: &Ink) -> Option<String> {
    let known = ink.model.rubric_configs().len();
    match (known, ink.model.unknown_configs()) {
        (0, 0) => Some("This queue has no score configs. Comments work as ever.".into()),
        (_, 0) => None,
        (_, 1) => Some("1 score config of this queue does not exist (any more).".into()),
        (_, n) => Some(format!("{n} score configs of this queue do not exist (any more).")),
    }
}

fn row_lines(ink: &Ink, data: &ItemData, config: &ScoreConfig, current: bool, width: usize) -> Vec<Ends> {
    let mine = data.mine.get(&config.id);
    let mut lines = vec![head(ink, config, mine, current, width)];
    let room = width.saturating_sub(INDENT);
    let indented = |line: Line| (Line::default().pad(INDENT).join(line), Line::default());
    if current {
        lines.extend(options(ink, config, mine, room).into_iter().map(indented));
        let text = config.description.as_deref().unwrap_or_default();
        let rows = wrap(text, room, 8, ink.glyphs.ellipsis);
        lines.extend(rows.into_iter().map(|row| indented(Line::of(row, ink.styles.dim))));
    }
    let most = if current { 8 } else { 1 };
    if let Some(reason) = mine.and_then(|mine| mine.reason.as_deref()) {
        lines.extend(others::text_lines(ink, "why", Some(reason), room, most).into_iter().map(indented));
    }
    if let Some((why, style)) = obstacle(ink, mine) {
        let rows = wrap(&why, room, 3, ink.glyphs.ellipsis);
        lines.extend(rows.into_iter().map(|row| indented(Line::of(row, style))));
    }
    for score in others::on_row(ink, data, config) {
        lines.extend(others::lines(ink, score, room, most).into_iter().map(indented));
    }
    lines
}

/// Why a value is not at the server, and how that looks; what could not be saved says so itself.
pub(super) fn obstacle(ink: &Ink, mine: Option<&Mine>) -> Option<(String, ratatui::style::Style)> {
    match &mine?.progress {
        Progress::Refused(why) if why.starts_with("not saved") => Some((why.clone(), ink.styles.error)),
        Progress::Refused(why) => Some((format!("the server refused this: {why}"), ink.styles.error)),
        Progress::Overtaken(noted) => Some((overtaken(ink.model, Some(noted)), ink.styles.warn)),
        _ => None,
    }
}

/// `▸ ✓ helpfulness   1…5      4`.
fn head(ink: &Ink, config: &ScoreConfig, mine: Option<&Mine>, current: bool, width: usize) -> Ends {
    let (sign, sign_style) = mark(ink, mine);
    let right = match mine {
        Some(mine) => Line::of(
            fit(&mine.value.to_string(), (width / 2).max(8), ink.glyphs.ellipsis),
            ink.styles.option_chosen,
        ),
        None => Line::of(hint(ink, config), ink.styles.dim),
    };
    let style = match (current, config.is_archived) {
        (true, _) => ink.styles.current,
        (false, true) => ink.styles.dim,
        (false, false) => ink.styles.text,
    };
    let room = width.saturating_sub(INDENT + right.width() + 2);
    let left = ink
        .cursor(current, true)
        .add(format!("{sign} "), sign_style)
        .add(fit(&config.name, room, ink.glyphs.ellipsis), style);
    (left, right)
}

/// The sign of how far the own score has got.
pub(super) fn mark(ink: &Ink, mine: Option<&Mine>) -> (&'static str, ratatui::style::Style) {
    match mine.map(|mine| &mine.progress) {
        None => (" ", ink.styles.text),
        // Not yet the sign of what is saved: it would be a promise before its time.
        Some(Progress::Saving) => (ink.glyphs.ellipsis, ink.styles.dim),
        Some(Progress::Saved) => (ink.glyphs.held, ink.styles.dim),
        Some(Progress::Sending) => (ink.glyphs.sending, ink.styles.accent),
        Some(Progress::Confirmed) => (ink.glyphs.done, ink.styles.ok),
        Some(Progress::Refused(_)) => (ink.glyphs.failed, ink.styles.error),
        Some(Progress::Overtaken(_)) => (ink.glyphs.warning, ink.styles.warn),
    }
}

/// What a row takes: `1…5`, `yes no`, `12 choices`, `text`.
pub(super) fn hint(ink: &Ink, config: &ScoreConfig) -> String {
    let least = if ink.glyphs.ascii { ">=" } else { "≥" };
    let most = if ink.glyphs.ascii { "<=" } else { "≤" };
    match (config.data_type, config.min, config.max) {
        _ if config.is_archived => "archived".into(),
        (DataType::Numeric, Some(min), Some(max)) => format!("{min}{}{max}", ink.glyphs.range),
        (DataType::Numeric, Some(min), None) => format!("{least} {min}"),
        (DataType::Numeric, None, Some(max)) => format!("{most} {max}"),
        (DataType::Numeric, None, None) => "number".into(),
        (DataType::Boolean, ..) => "yes no".into(),
        (DataType::Categorical, ..) => words::count(config.categories.len(), "choice"),
        (DataType::Text | DataType::Correction, ..) => "text".into(),
    }
}

/// The digit that picks an option, as [`ScoreConfig::by_digit`] reads it.
pub(super) fn digit_for(config: &ScoreConfig, value: &Value) -> Option<u8> {
    (1..=9).chain([0]).find(|digit| config.by_digit(*digit).as_ref() == Some(value))
}

/// The current row opened up: what can be picked, in columns, or how to type a value.
fn options(ink: &Ink, config: &ScoreConfig, mine: Option<&Mine>, room: usize) -> Vec<Line> {
    if config.is_archived {
        return vec![Line::of("takes no more scores", ink.styles.dim)];
    }
    let options = config.options();
    let type_key = ink.key(Action::EnterValue);
    if options.is_empty() {
        let words = if config.data_type == DataType::Numeric { "type a number" } else { "write" };
        return ink.hint(type_key, words).into_iter().collect();
    }
    let shown = options.len().min(OPTIONS);
    let cells: Vec<Line> =
        options.iter().take(shown).map(|(label, value)| option(ink, config, mine, label, value)).collect();
    let mut lines = in_columns(cells, room, ink.glyphs.ellipsis);
    if options.len() > shown {
        let more = format!("{} more, by name", options.len() - shown);
        lines.extend(ink.hint(type_key, &more));
    }
    lines
}

/// `2 warm`; numbers stand for themselves.
pub(super) fn option(
    ink: &Ink,
    config: &ScoreConfig,
    mine: Option<&Mine>,
    label: &str,
    value: &Value,
) -> Line {
    let chosen = mine.is_some_and(|mine| mine.value == *value);
    let style = if chosen { ink.styles.option_chosen } else { ink.styles.text };
    let label = fit(label, 40, ink.glyphs.ellipsis);
    match digit_for(config, value) {
        Some(_) if config.data_type == DataType::Numeric => Line::of(label, style),
        Some(digit) => Line::of(format!("{digit} "), ink.styles.accent).add(label, style),
        None => Line::of(label, style),
    }
}

/// Cells in as many equal columns as there is room for, row by row.
fn in_columns(cells: Vec<Line>, room: usize, ellipsis: &str) -> Vec<Line> {
    let widest = cells.iter().map(Line::width).max().unwrap_or(0) + 3;
    let columns = ((room + 3) / widest.max(1)).max(1);
    let mut lines = vec![Line::default(); cells.len().div_ceil(columns)];
    for (at, cell) in cells.into_iter().enumerate() {
        let line = &mut lines[at / columns];
        *line = std::mem::take(line).pad((at % columns) * widest).join(cell.fitted(room, ellipsis));
    }
    lines
}

/// Scores that belong to no row of this rubric, such as those of judges.
fn other_scores(ink: &Ink, data: &ItemData, width: usize) -> Vec<Ends> {
    let scores: Vec<&Score> = others::elsewhere(ink, data);
    if scores.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        (Line::default(), Line::default()),
        (Line::of("OTHER SCORES", ink.styles.title), Line::default()),
    ];
    for score in scores.iter().take(12) {
        let value = fit(&score.value.to_string(), width / 2, ink.glyphs.ellipsis);
        let room = width.saturating_sub(value.chars().count() + 6);
        let name =
            Line::default().pad(INDENT).add(fit(&score.name, room, ink.glyphs.ellipsis), ink.styles.text);
        lines.push((name, Line::of(value, ink.styles.text)));
        let room = width.saturating_sub(INDENT);
        let by = others::text_lines(ink, &others::giver(ink, score), score.comment.as_deref(), room, 2);
        lines.extend(by.into_iter().map(|line| (Line::default().pad(INDENT).join(line), Line::default())));
    }
    if scores.len() > 12 {
        let more = format!("{} more", scores.len() - 12);
        lines.push((Line::default().pad(INDENT).add(more, ink.styles.dim), Line::default()));
    }
    lines
}

/// The laid-out comments, without the drafts.
fn comment_lines(ink: &Ink, data: &ItemData) -> Vec<Line> {
    let rows = comments_key(ink.model).and_then(|key| ink.model.docs.get(&key)?.clone());
    let mut lines: Vec<Line> = rows
        .iter()
        .flat_map(|rows: &std::sync::Arc<Rows>| &rows.rows)
        .map(|row| row_line(ink, row))
        .collect();
    if data.drafts.contains_key("comment") {
        let key = ink.key(Action::Comment).map(|key| format!(": {key} goes on")).unwrap_or_default();
        lines.push(Line::of(format!("{} a draft is kept{key}", ink.glyphs.draft), ink.styles.badge));
    }
    lines
}

/// Draws the comments; where they do not fit, the newest, which are the last.
fn comments_pane(ink: &mut Ink, area: Area, lines: &[Line], data: &ItemData) {
    let (_, area) = area.split_top(1);
    if area.height < 2 {
        return;
    }
    let (title, body) = area.split_top(1);
    let (many, failed) = count_comments(data);
    let hidden = lines.len().saturating_sub(usize::from(body.height));
    let mut right = Line::default();
    if hidden > 0 {
        let all = ink.key(Action::ReadScores).map(|key| format!("{key} shows all ")).unwrap_or_default();
        right.push(format!("{} {all}", ink.glyphs.more_above), ink.styles.dim);
    }
    if many > 0 {
        right.push(many.to_string(), ink.styles.dim);
    }
    ink.ends(title, 0, &Line::of("COMMENTS", ink.styles.title), &right);
    if lines.is_empty() {
        let hint = ink.key(Action::Comment).map_or_else(String::new, |key| format!("{key} writes one"));
        let (text, style) =
            if failed { ("could not be loaded".to_owned(), ink.styles.warn) } else { (hint, ink.styles.dim) };
        ink.line(body, 0, &Line::of(text, style));
    }
    ink.lines(body, &lines[hidden..]);
}

/// Comments known on the item and its parts with the own unsent ones, and whether any could not
/// be loaded.
pub(super) fn count_comments(data: &ItemData) -> (usize, bool) {
    let loaded: usize = data.comments.values().filter_map(Load::ready).map(Vec::len).sum();
    let failed = data.comments.values().any(|load| matches!(load, Load::Failed(_)));
    let known = |content: &str| {
        let mut all = data.comments.values().filter_map(Load::ready).flatten();
        all.any(|comment| comment.content == content)
    };
    (loaded + data.own_comments().filter(|(own, _)| !known(&own.content)).count(), failed)
}
