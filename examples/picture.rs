//! Makes the picture in the README from the program's own frames:
//! `cargo run --release --example picture > assets/review.svg`
#![expect(clippy::print_stdout, reason = "the picture is the output")]

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use tracemark::app::{ItemData, Start};
use tracemark::config::Destination;
use tracemark::domain::Independent;
use tracemark::input::Keymap;
use tracemark::runtime::Headless;
use unicode_width::UnicodeWidthStr;

const SIZE: (u16, u16) = (120, 36);
const CELL: (f64, f64) = (8.4, 18.0);
const PAPER: &str = "#16181d";
const INK: &str = "#d6d8dd";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let start = Start {
        place: "embedded workspace".into(),
        embedded: true,
        web_url: None,
        annotator: "ada".into(),
        author: None,
        independent: Independent::None,
        hold: Duration::from_secs(10),
        queue: Some("Support quality".into()),
        item: Some("item-support-03".into()),
        shard: None,
        keymap: Keymap::default(),
        zone: TimeZone::UTC,
        log_path: String::new(),
    };
    let mut program = Headless::start(start, Destination::Embedded, folder.path(), SIZE)?;
    let ready = |data: &ItemData| data.is_decidable() && data.subject.ready().is_some();
    program.until("the item", |model| model.current().is_some_and(ready)).await?;
    program.until("the score configs", |model| model.configs.is_some()).await?;
    program.keys("4 1")?;
    program
        .until("two saved decisions", |model| model.open_writes.len() == 2 && !model.is_laying_out())
        .await?;
    println!("{}", svg(&program.buffer()?));
    Ok(())
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (f64::from(SIZE.0) * CELL.0 + 32.0, f64::from(SIZE.1) * CELL.1 + 32.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..SIZE.1 {
        for (x, run) in runs(buffer, y) {
            draw_run(&mut out, x, y, &run);
        }
    }
    out.push_str("</svg>");
    out
}

/// Neighbouring cells of one style; whatever is wider than a cell stands alone.
fn runs(buffer: &Buffer, y: u16) -> Vec<(u16, Vec<&Cell>)> {
    let mut runs: Vec<(u16, Vec<&Cell>)> = Vec::new();
    let mut x = 0;
    while x < SIZE.0 {
        let cell = &buffer[(x, y)];
        let wide = cell.symbol().width() > 1;
        match runs.last_mut() {
            Some((from, run))
                if !wide
                    && usize::from(x - *from) == run.len()
                    && run
                        .iter()
                        .all(|other| other.style() == cell.style() && other.symbol().width() == 1) =>
            {
                run.push(cell);
            }
            _ => runs.push((x, vec![cell])),
        }
        x += if wide { 2 } else { 1 };
    }
    runs
}

fn draw_run(out: &mut String, x: u16, y: u16, run: &[&Cell]) {
    let cell = run[0];
    let (left, top) = (f64::from(x) * CELL.0 + 16.0, f64::from(y) * CELL.1 + 16.0);
    let columns: usize = run.iter().map(|cell| cell.symbol().width()).sum();
    let width = f64::from(u32::try_from(columns).unwrap_or(0)) * CELL.0;
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    let (ink, paper) = (color(cell.fg, INK), color(cell.bg, PAPER));
    let (ink, paper) = if reversed { (paper, ink) } else { (ink, paper) };
    if paper != PAPER {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{paper}\"/>",
            CELL.1
        );
    }
    let text: String = run.iter().map(|cell| cell.symbol()).collect();
    if text.trim().is_empty() {
        return;
    }
    let mut look = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.6\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if cell.modifier.contains(modifier) {
            look.push_str(attribute);
        }
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{ink}\" textLength=\"{width:.1}\" xml:space=\"preserve\"{look}>{escaped}</text>",
        top + 13.5
    );
}

fn color(color: Color, default: &'static str) -> &'static str {
    match color {
        Color::Black => "#24272e",
        Color::Red | Color::LightRed => "#e5707a",
        Color::Green | Color::LightGreen => "#8fc07a",
        Color::Yellow | Color::LightYellow => "#dcb766",
        Color::Blue | Color::LightBlue => "#6ea8e8",
        Color::Magenta | Color::LightMagenta => "#c08ae0",
        Color::Cyan | Color::LightCyan => "#5cc0c7",
        Color::Gray | Color::White => "#d6d8dd",
        Color::DarkGray => "#7d828c",
        _ => default,
    }
}
