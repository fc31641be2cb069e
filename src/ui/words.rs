//! Words that several views share: failures, money, positions.

use super::ink::Ink;
use super::line::{Line, wrap};
use crate::app::Failure;
use crate::app::geometry::Area;
pub(super) use crate::domain::text::count;
use crate::domain::text::grouped;
use crate::domain::{ObjectKind, Usage, clock};
use crate::input::Action;
use jiff::Timestamp;

/// Cost in dollars: `$0.0041`, `$1.20`; nothing where nothing was spent.
pub(super) fn cost(usage: &Usage) -> Option<String> {
    match usage.cost {
        cost if !cost.is_finite() || cost <= 0.0 => None,
        cost if cost < 0.0001 => Some("< $0.0001".into()),
        cost if cost < 0.1 => Some(format!("${cost:.4}")),
        cost => Some(format!("${cost:.2}")),
    }
}

/// Tokens: `1,284 tokens`; nothing where none were counted.
pub(super) fn tokens(usage: &Usage) -> Option<String> {
    (usage.total > 0).then(|| format!("{} tokens", grouped(usage.total)))
}

/// A moment: the time of day, with the date where it was not today.
pub(super) fn moment(ink: &Ink, at: Timestamp) -> String {
    let zone = &ink.model.start.zone;
    let (then, now) = (zone.to_datetime(at), zone.to_datetime(ink.model.now.wall));
    if then.date() == now.date() {
        then.strftime("%H:%M").to_string()
    } else {
        clock(at, ink.model.now.wall, zone)
    }
}

/// Since when something was kept here, for what could not be asked for: `as of 10:02`.
pub(super) fn as_of(ink: &Ink, kept: Option<Timestamp>) -> Line {
    kept.map_or_else(Line::default, |at| Line::of(format!("as of {}", moment(ink, at)), ink.styles.warn))
}

/// The sign of what an item points at.
pub(super) fn object_sign(ink: &Ink, kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Trace => ink.glyphs.trace,
        ObjectKind::Session => ink.glyphs.session,
        ObjectKind::Observation => ink.glyphs.span,
    }
}

/// A calm sentence in the place of what is not there.
pub(super) fn instead(ink: &mut Ink, area: Area, text: &str, hint: Option<&str>) {
    let columns = usize::from(area.width);
    let lines = |text: &str| wrap(text, columns, 6, ink.glyphs.ellipsis);
    let mut rows: Vec<Line> = lines(text).into_iter().map(|row| Line::of(row, ink.styles.text)).collect();
    rows.extend(hint.into_iter().flat_map(lines).map(|row| Line::of(row, ink.styles.dim)));
    ink.lines(area, &rows);
}

/// That something is on its way, and what it waits for where that takes its time.
pub(super) fn waiting(ink: &mut Ink, area: Area, text: &str) {
    let mut rows = vec![Line::of(format!("{text} {}", ink.glyphs.ellipsis), ink.styles.dim)];
    if ink.model.limited.is_some() {
        let why = ["the server's rate limit is reached".to_owned(), goes_on(ink, "goes on")];
        let why = why.iter().flat_map(|text| wrap(text, usize::from(area.width), 2, ink.glyphs.ellipsis));
        rows.extend(why.map(|row| Line::of(row, ink.styles.warn)));
    }
    ink.lines(area, &rows);
}

/// `goes on in 12 s` where somebody waits for it, else `goes on 16:05:32`.
pub(super) fn goes_on(ink: &Ink, verb: &str) -> String {
    match (ink.model.countdown(), ink.model.goes_on_at()) {
        (Some(seconds), _) => format!("{verb} in {seconds} s"),
        (None, Some(at)) => {
            format!("{verb} {}", ink.model.start.zone.to_datetime(at).strftime("%H:%M:%S"))
        }
        (None, None) => String::new(),
    }
}

/// A failure in the place of what could not be fetched.
pub(super) fn failure(ink: &mut Ink, area: Area, what: &str, failure: &Failure) {
    let columns = usize::from(area.width);
    let ellipsis = ink.glyphs.ellipsis;
    let mut rows: Vec<Line> =
        wrap(what, columns, 2, ellipsis).into_iter().map(|row| Line::of(row, ink.styles.error)).collect();
    rows.extend(
        wrap(&failure.message, columns, 6, ellipsis).into_iter().map(|r| Line::of(r, ink.styles.text)),
    );
    let hint = failure.hint.iter().flat_map(|hint| wrap(hint, columns, 4, ellipsis));
    rows.extend(hint.map(|row| Line::of(row, ink.styles.dim)));
    rows.extend(ink.hint(ink.key(Action::Refresh), "tries again"));
    ink.lines(area, &rows);
}

/// Our own words without the signs that a terminal without Unicode cannot show.
pub(super) fn plain(ink: &Ink, text: &str) -> String {
    if !ink.glyphs.ascii {
        return text.to_owned();
    }
    text.chars().map(plain_sign).collect()
}

/// Signs are replaced one for one, so that widths and columns stay.
fn plain_sign(sign: char) -> char {
    match sign {
        '·' | '–' | '—' | '─' => '-',
        '…' => '~',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '×' => 'x',
        '•' => '*',
        '→' => '>',
        '⚙' | '▣' => '#',
        '│' => '|',
        other => other,
    }
}
