//! Draws the model. Pure: reads the model, writes the frame.
//!
//! One file per part of the screen. Every view gets an `Ink` and an area; where things are
//! is decided by [`crate::app::geometry`]. Text from data goes through `Line`, which makes
//! it harmless, so nothing a trace contains reaches the terminal as a control.

mod browse;
mod compact;
mod content;
mod ink;
mod line;
mod modals;
mod others;
mod review;
mod rubric;
mod status;
mod summary;
mod tree;
mod unsent;
mod words;

use ratatui::Frame;

use crate::app::geometry::{Area, LEAST};
use crate::app::{Model, Screen};
use crate::theme::{Glyphs, Styles};
use ink::Ink;
use line::Line;

/// Draws everything.
pub fn view(model: &Model, styles: &Styles, glyphs: &Glyphs, frame: &mut Frame) {
    let mut ink = Ink::new(model, styles, glyphs, frame.buffer_mut());
    if model.is_too_small() {
        too_small(&mut ink);
        return;
    }
    match model.screen {
        Screen::Browse => browse::draw(&mut ink),
        Screen::Review => review::draw(&mut ink),
        Screen::Summary => summary::draw(&mut ink),
    }
    if let Some(modal) = model.modals.last() {
        ink.paint(whole(model.size), styles.behind);
        modals::draw(&mut ink, modal);
    }
}

fn whole(size: (u16, u16)) -> Area {
    Area { x: 0, y: 0, width: size.0, height: size.1 }
}

fn too_small(ink: &mut Ink) {
    let (width, height) = ink.model.size;
    let area = whole((width, height));
    let text = format!("{width} × {height} is too small, {} × {} is enough", LEAST.0, LEAST.1);
    let rows =
        line::wrap(&words::plain(ink, &text), usize::from(width), usize::from(height), ink.glyphs.ellipsis);
    let lines: Vec<Line> = rows.into_iter().map(|row| Line::of(row, ink.styles.text)).collect();
    let (_, below) = area.split_top(height.saturating_sub(1) / 2);
    ink.lines(below, &lines);
}
