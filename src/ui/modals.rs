//! What lies over a screen: editors, prompts, viewers, questions.

use ratatui::style::Style;
use ratatui::widgets::Widget;
use ratatui_textarea::TextArea;

use super::content::row_line;
use super::ink::Ink;
use super::line::{Line, fit, wrap};
use super::{unsent, whole, words};
use crate::app::geometry::{self, Area};
use crate::app::{
    Asked, Doc, DocKey, Editor, HelpRow, Leaving, Modal, Prompt, PromptFor, Purpose, Showing, TextForm,
    Viewer, before_leaving, given_key, help_rows, info_key, write_key,
};
use crate::domain::rows::View;
use crate::domain::text::{clean, width};
use crate::domain::{QueueId, duration};
use crate::input::Action;

/// Draws a modal over what is there.
pub(super) fn draw(ink: &mut Ink, modal: &Modal) {
    match modal {
        Modal::Editor(form) => editor(ink, form),
        Modal::Prompt(prompt) => self::prompt(ink, prompt),
        Modal::Viewer(viewer) => self::viewer(ink, viewer),
        Modal::Confirm(question) => confirm(ink, &question.words(ink.model)),
        Modal::Unsent(list) => unsent::draw(ink, list.at),
        Modal::Leaving => leaving(ink),
    }
}

/// Clears an area and draws a border with a title, a counter and keys; says what is inside.
pub(super) fn boxed(ink: &mut Ink, outer: Area, title: &str, right: &Line, keys: &Line) -> Area {
    // A free column at both sides keeps what is behind apart from the border.
    let margin = outer.x.min(1);
    ink.clear(Area { x: outer.x - margin, width: outer.width.saturating_add(1 + margin), ..outer });
    let [tl, tr, bl, br, flat, side] = ink.glyphs.modal;
    let border = ink.styles.modal_border;
    let across = usize::from(outer.width).saturating_sub(2);
    let right_room = if right.is_empty() { 0 } else { right.width() + 2 };
    let title = fit(title, across.saturating_sub(right_room + 4), ink.glyphs.ellipsis);
    let title = Line::of(format!(" {title} "), ink.styles.modal_title);
    let edge = |ends: [&str; 2], left: &Line, right: &Line| {
        let left = left.clone().fitted(across, ink.glyphs.ellipsis);
        let gap = across.saturating_sub(left.width() + right.width());
        Line::of(ends[0], border)
            .join(left)
            .add(flat.repeat(gap), border)
            .join(right.clone())
            .add(ends[1], border)
    };
    let spaced = |line: &Line| {
        if line.is_empty() {
            Line::default()
        } else {
            Line::of(" ", border).join(line.clone()).add(" ", border)
        }
    };
    let top = edge([tl, tr], &title, &spaced(right));
    let bottom = edge([bl, br], &spaced(keys), &Line::default());
    let middle = Line::of(side, border).pad(across + 1).add(side, border);
    let last = usize::from(outer.height).saturating_sub(1);
    for row in 1..last {
        ink.line(outer, row, &middle);
    }
    ink.line(outer, last, &bottom);
    ink.line(outer, 0, &top);
    let (_, body) = outer.split_top(1);
    let (body, _) = body.split_bottom(1);
    let (_, body) = body.split_left(2);
    Area { width: body.width.saturating_sub(2), ..body }
}

/// The keys in a modal's last line: `Ctrl-s save · Esc close`.
pub(super) fn keys(ink: &Ink, actions: &[(Action, &str)]) -> Line {
    let mut line = Line::default();
    for hint in actions.iter().filter_map(|(action, words)| ink.hint(ink.key(*action), words)) {
        if !line.is_empty() {
            line.push(ink.dot(), ink.styles.dim);
        }
        line = line.join(hint);
    }
    line
}

fn editor(ink: &mut Ink, form: &TextForm) {
    let screen = whole(ink.model.size);
    let columns = screen.width.saturating_sub(6).min(76);
    let text = form.editor.text();
    let inside = usize::from(columns.saturating_sub(4)).max(1);
    let needed: usize = text.split('\n').map(|line| width(line) / inside + 1).sum();
    let complaint = form.complaint.as_deref().unwrap_or_default();
    let complaint = wrap(complaint, inside, 2, ink.glyphs.ellipsis);
    let warning = wrap(&words::plain(ink, &warning(ink, form)), inside, 2, ink.glyphs.ellipsis);
    let notes = complaint.len() + warning.len();
    let wanted = needed.max(4) + notes + 2;
    let rows = u16::try_from(wanted).unwrap_or(u16::MAX).min(screen.height.saturating_sub(4));
    let outer = screen.centred(columns, rows);
    let mut actions = vec![(Action::Save, "save"), (Action::ExternalEditor, "editor")];
    actions.push((Action::Close, if text.trim().is_empty() { "close" } else { "keep draft" }));
    let mut keys = keys(ink, &actions);
    if let Purpose::Comment { objects, .. } = &form.purpose
        && objects.len() > 1
    {
        keys.push(format!("{}Tab ", ink.dot()), ink.styles.key);
        keys.push("other object", ink.styles.dim);
    }
    let body = boxed(ink, outer, &form.title, &counter(ink, form), &keys);
    let (body, below) = body.split_bottom(u16::try_from(notes).unwrap_or(0));
    text_area(ink, body, &form.editor);
    let mut lines: Vec<Line> = complaint.into_iter().map(|row| Line::of(row, ink.styles.error)).collect();
    lines.extend(warning.into_iter().map(|row| Line::of(row, ink.styles.dim)));
    ink.lines(below, &lines);
}

/// What cannot be undone is said before it is done.
fn warning(ink: &Ink, form: &TextForm) -> String {
    let hold = ink.model.start.hold;
    match &form.purpose {
        Purpose::Value(_) | Purpose::Reason(_) => String::new(),
        Purpose::Comment { .. } | Purpose::Rewrite { .. } if hold.is_zero() => {
            "Sent when you complete or leave the item; then it cannot be taken back.".into()
        }
        Purpose::Comment { .. } | Purpose::Rewrite { .. } => format!(
            "Sent when you leave the item, or {} after you complete it; then it cannot be taken back.",
            spell(hold)
        ),
    }
}

/// A setting's time as a person would write it: `10 s`.
fn spell(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds @ 1..60 if time.subsec_nanos() == 0 => format!("{seconds} s"),
        _ => duration(time.as_secs_f64()),
    }
}

/// `47 / 5000`.
fn counter(ink: &Ink, form: &TextForm) -> Line {
    let used = form.editor.units();
    match form.limit {
        Some(limit) if used > limit => Line::of(format!("{used} / {limit}"), ink.styles.error),
        Some(limit) => Line::of(format!("{used} / {limit}"), ink.styles.dim),
        None => Line::default(),
    }
}

/// Draws the text being edited. The widget draws what was typed or pasted as it is, so whatever a
/// terminal could obey is taken out of its cells afterwards.
fn text_area(ink: &mut Ink, area: Area, editor: &Editor) {
    let mut widget: TextArea = editor.area().clone();
    widget.set_style(ink.styles.text);
    widget.set_cursor_line_style(Style::new());
    widget.set_cursor_style(ink.styles.selection);
    let rect = ink.rect(area);
    if rect.is_empty() {
        return;
    }
    let buffer = ink.buffer();
    (&widget).render(rect, buffer);
    for position in rect.positions() {
        let cell = &mut buffer[position];
        if clean(cell.symbol()) != cell.symbol() {
            cell.set_symbol("?");
        }
    }
}

fn prompt(ink: &mut Ink, prompt: &Prompt) {
    let screen = whole(ink.model.size);
    let (above, _) = screen.split_bottom(2);
    let columns = screen.width.saturating_sub(6).min(64);
    let inside = usize::from(columns.saturating_sub(4));
    let complaint = prompt.complaint.as_deref().unwrap_or_default();
    let complaint = wrap(complaint, inside, 2, ink.glyphs.ellipsis);
    let most = usize::from(above.height).saturating_sub(6 + complaint.len()).min(12);
    let shown = prompt.choices.len().min(most);
    let how = wrap(how(ink, &prompt.purpose), inside, 2, ink.glyphs.ellipsis);
    let rows = u16::try_from(3 + shown + complaint.len() + how.len()).unwrap_or(u16::MAX);
    let outer = match prompt.purpose {
        PromptFor::Value(_) | PromptFor::Flag(_) | PromptFor::Add(_) => above.centred(columns, rows),
        // What is found must stay in view.
        PromptFor::Find => above.split_bottom(rows).1.centred(columns, rows),
    };
    let keys = keys(ink, &[(Action::Accept, accept(ink, prompt)), (Action::Close, "close")]);
    let many = match prompt.choices.len() {
        0 => Line::default(),
        n => Line::of(format!("{} of {n}", prompt.choice.min(n - 1) + 1), ink.styles.dim),
    };
    let body = boxed(ink, outer, &prompt.label, &many, &keys);
    let (input, rest) = body.split_top(1);
    text_area(ink, input, &prompt.editor);
    let mut lines: Vec<Line> = complaint.into_iter().map(|row| Line::of(row, ink.styles.error)).collect();
    lines.extend(how.into_iter().map(|row| Line::of(row, ink.styles.dim)));
    lines.extend(choices(ink, prompt, shown, inside));
    ink.lines(rest, &lines);
}

fn accept(ink: &Ink, prompt: &Prompt) -> &'static str {
    let is_empty = prompt.editor.text().trim().is_empty();
    match &prompt.purpose {
        PromptFor::Value(_) => "take",
        PromptFor::Find => "find",
        PromptFor::Add(_) => "add",
        PromptFor::Flag(id) => match (ink.model.flag(id).is_some(), is_empty) {
            (true, true) => "take the flag away",
            (true, false) => "keep the flag",
            (false, _) => "flag",
        },
    }
}

/// What to write into a prompt.
fn how(ink: &Ink, purpose: &PromptFor) -> &'static str {
    match purpose {
        PromptFor::Value(_) | PromptFor::Find => "",
        PromptFor::Add(_) => {
            "trace:ID, observation:ID or session:ID; an ID alone is a trace. Several with spaces between."
        }
        PromptFor::Flag(id) if ink.model.flag(id).is_some() => {
            "Flagged. Without a reason (Ctrl-u) the flag goes."
        }
        PromptFor::Flag(_) => "Why? May stay empty. Flags are kept here and not sent.",
    }
}

/// The choices around the one that Enter takes.
fn choices(ink: &Ink, prompt: &Prompt, shown: usize, inside: usize) -> Vec<Line> {
    let top = (prompt.choice + 1).saturating_sub(shown);
    let visible = prompt.choices.iter().enumerate().skip(top).take(shown);
    visible
        .map(|(at, choice)| {
            let current = at == prompt.choice;
            let style = if current { ink.styles.current } else { ink.styles.text };
            ink.cursor(current, true).add(fit(choice, inside.saturating_sub(2), ink.glyphs.ellipsis), style)
        })
        .collect()
}

/// A question with its two answers.
fn confirm(ink: &mut Ink, asked: &Asked) {
    question(ink, &asked.title, &asked.text, &[(Action::Yes, asked.yes), (Action::No, asked.no)]);
}

/// What to do about what is not sent, before quitting.
fn leaving(ink: &mut Ink) {
    let mut answers =
        vec![(Action::LeaveNow, "quit now"), (Action::LeaveSent, "wait until sent"), (Action::Stay, "back")];
    if ink.model.quitting == Leaving::Waiting {
        answers.remove(1);
    }
    question(ink, "Quit", &before_leaving(ink.model), &answers);
}

fn question(ink: &mut Ink, title: &str, text: &str, answers: &[(Action, &str)]) {
    let screen = whole(ink.model.size);
    let columns = screen.width.saturating_sub(6).min(64);
    let inside = usize::from(columns.saturating_sub(4));
    let text = wrap(&words::plain(ink, text), inside, 6, ink.glyphs.ellipsis);
    let rows = u16::try_from(text.len() + 2).unwrap_or(u16::MAX);
    let keys = keys(ink, answers);
    let body = boxed(ink, screen.centred(columns, rows), title, &Line::default(), &keys);
    let lines: Vec<Line> = text.into_iter().map(|row| Line::of(row, ink.styles.text)).collect();
    ink.lines(body, &lines);
}

fn viewer(ink: &mut Ink, viewer: &Viewer) {
    match &viewer.showing {
        Showing::Help => help(ink, viewer.scroll),
        Showing::Guidelines(queue) => guidelines(ink, queue, viewer.scroll),
        Showing::Info => {
            let key = info_key(ink.model);
            document(ink, "About this observation", key.as_ref(), viewer.scroll);
        }
        Showing::Given => {
            let key = given_key(ink.model);
            document(ink, "Scores and comments", key.as_ref(), viewer.scroll);
        }
        Showing::Write(seq) => {
            let key = write_key(ink.model, *seq);
            document(ink, "Unsent", key.as_ref(), viewer.scroll);
        }
    }
}

fn guidelines(ink: &mut Ink, queue: &QueueId, scroll: usize) {
    let queues = ink.model.browse.queues.ready().map(Vec::as_slice).unwrap_or_default();
    let name = queues.iter().find(|q| q.id == *queue).map(|q| q.name.clone()).unwrap_or_default();
    let width = geometry::viewer(ink.model.size).width;
    let doc = Doc::Guidelines(queue.clone());
    let key = DocKey { doc, width, view: View::Pretty, wrap: true };
    document(ink, &format!("Guidelines of {name}"), Some(&key), scroll);
}

/// A laid-out document in a box.
fn document(ink: &mut Ink, title: &str, key: Option<&DocKey>, scroll: usize) {
    let rows = key.and_then(|key| ink.model.docs.get(key)?.clone());
    let lines = match &rows {
        Some(rows) => rows.rows.iter().map(|row| row_line(ink, row)).collect(),
        None => vec![Line::of(ink.glyphs.ellipsis, ink.styles.dim)],
    };
    page(ink, title, &lines, scroll);
}

/// Lines in a box no larger than they need, from a row on, never beyond the last full page.
fn page(ink: &mut Ink, title: &str, lines: &[Line], scroll: usize) {
    let most = geometry::viewer(ink.model.size);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(most.height);
    let outer = whole(ink.model.size).centred(most.width + 4, rows + 2);
    let height = usize::from(rows);
    let top = scroll.min(lines.len().saturating_sub(height));
    let right = if lines.len() > height {
        Line::of(format!("{} of {}", top + 1, lines.len()), ink.styles.dim)
    } else {
        Line::default()
    };
    let mut actions = vec![(Action::Close, "close")];
    if lines.len() > height {
        actions.insert(0, (Action::ScrollDown, "down"));
        actions.insert(1, (Action::ScrollUp, "up"));
    }
    let keys = keys(ink, &actions);
    let body = boxed(ink, outer, title, &right, &keys);
    ink.lines(body, lines.get(top..).unwrap_or_default());
}

/// Keys and what they do, for the place below the help.
fn help(ink: &mut Ink, scroll: usize) {
    let lines: Vec<Line> = help_rows(ink.model).into_iter().map(|row| help_line(ink, row)).collect();
    page(ink, "Keys", &lines, scroll);
}

fn help_line(ink: &Ink, row: HelpRow) -> Line {
    let line = |keys: &str, words: &str| {
        Line::default().pad(2).add(keys, ink.styles.accent).pad(20).add(format!(" {words}"), ink.styles.text)
    };
    match row {
        HelpRow::Group(title) => Line::of(title, ink.styles.title_focused),
        HelpRow::Fixed(keys, words) => line(keys, words),
        HelpRow::Keys(keys, words) => {
            let names: Vec<String> = keys.into_iter().map(|key| ink.key_name(key)).collect();
            line(&names.join(" "), words)
        }
        HelpRow::Log => {
            let log = fit(&ink.model.start.log_path, 80, ink.glyphs.ellipsis);
            Line::of(format!("log  {log}"), ink.styles.dim)
        }
        HelpRow::Blank => Line::default(),
    }
}
