//! The person at the keyboard: reads the screen, types what is missing, and remembers what the
//! screen had shown as saved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::project::{ROWS, case};
use crate::support::random::Random;
use crate::support::terminal::{PATIENCE, Terminal};

/// The signs of a value that is at least on this machine's disk.
const SAVED: [char; 3] = ['·', '⇡', '✓'];
const F5: &str = "\x1b[15~";
const NEXT_ROW: &str = "\x0e";
const SAVE: &str = "\x13";

/// What a person wants to say about one case.
#[derive(Debug)]
pub struct Opinion {
    /// Which of the two options of each row.
    pub picks: [usize; 3],
    /// Whether the other quality comes to mind first.
    pub wavers: bool,
    /// Whether everything is typed without looking up.
    pub hurries: bool,
}

impl Opinion {
    fn form(random: &mut Random) -> Self {
        let mut pick = || usize::from(random.chance(0.5));
        Self { picks: [pick(), pick(), pick()], wavers: random.chance(0.3), hurries: random.chance(0.3) }
    }

    /// What the screen shows for a row in the end.
    fn shows(&self, row: usize) -> &'static str {
        ROWS[row].shown[self.picks[row]]
    }

    fn key(&self, row: usize) -> &'static str {
        ROWS[row].keys[self.picks[row]]
    }
}

/// What a person can see.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Look {
    /// The case under review.
    pub case: Option<String>,
    /// Sign and value of each row; empty where there is none.
    values: [(char, String); 3],
    /// The row with the cursor.
    cursor: Option<usize>,
    /// Heading and text of the case's own comments.
    comments: Vec<(String, String)>,
    /// Whether the editor is open.
    pub editor: bool,
    /// Whether something is still arriving.
    loading: bool,
}

impl Look {
    /// Reads a screen.
    pub fn at(terminal: &Terminal) -> Self {
        let rows = terminal.rows_from(0);
        let text = rows.join("\n");
        let mut look = Self { editor: text.contains("Comment on"), ..Self::default() };
        look.loading = text.contains("loading");
        let head = rows.first().and_then(|row| row.split_once("case-"));
        look.case = head.map(|(_, rest)| format!("case-{}", rest.chars().take(3).collect::<String>()));
        let pane = rows.iter().enumerate().find_map(|(y, row)| Some((y, row.split_once("RUBRIC")?.0)));
        if let Some((y, before)) = pane {
            let column = u16::try_from(before.chars().count()).unwrap();
            let body = terminal.rows_from(column).split_off(y + 1);
            let end = body.iter().position(|row| row.starts_with("COMMENTS")).unwrap_or(body.len());
            look.read_rubric(&body[..end]);
            look.read_comments(&body[end..]);
        }
        look
    }

    /// Whether there is a rubric and nothing it needs is on its way.
    pub fn is_decidable(&self) -> bool {
        self.cursor.is_some() && !self.loading
    }

    fn read_rubric(&mut self, rows: &[String]) {
        for row in rows {
            let sign = row.chars().nth(2).unwrap_or(' ');
            let rest: String = row.chars().skip(4).collect();
            let mut words = rest.split_whitespace();
            let name = words.next().unwrap_or_default();
            let Some(at) = ROWS.iter().position(|row| row.name == name) else { continue };
            if row.starts_with('▸') {
                self.cursor = Some(at);
            }
            if sign != ' ' {
                self.values[at] = (sign, words.last().unwrap_or_default().to_owned());
            }
        }
    }

    fn read_comments(&mut self, rows: &[String]) {
        let mut heading = String::new();
        for row in rows {
            if row.contains(" · ") {
                heading.clone_from(row);
            } else if let Some(case) = &self.case
                && row.contains(&format!("{case} try "))
            {
                self.comments.push((heading.clone(), row.trim().to_owned()));
            }
        }
    }
}

/// Why the person had to stop.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// The program was killed.
    Killed,
    /// The screen did not become what it should be; what was waited for.
    Stuck(String),
    /// The program has ended by itself.
    Ended,
}

/// A person with a queue to do.
pub struct Reviewer {
    pub opinions: Vec<Opinion>,
    /// Comments typed, whether or not they were seen to be saved, by case.
    pub typed: BTreeMap<String, Vec<String>>,
    /// Values seen as saved, by case and row; the last one where there were several.
    pub seen_values: BTreeMap<(String, usize), String>,
    /// Comments seen as saved.
    pub seen_comments: BTreeSet<String>,
    /// Kills that are still to come.
    pub kills: usize,
    /// What was pressed and waited for since the program was started, for the message of a failure.
    pub steps: Vec<String>,
    random: Random,
    /// How likely a key is the last.
    danger: f64,
}

impl Reviewer {
    /// Somebody with an opinion on each of so many cases.
    pub fn new(items: usize, kills: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let opinions = (0..items).map(|_| Opinion::form(&mut random)).collect();
        // A case takes about six strokes.
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let danger = (kills as f64 / (items as f64 * 6.0) * 1.5).min(0.5);
        let (typed, seen_values, seen_comments, steps) = Default::default();
        Self { opinions, typed, seen_values, seen_comments, kills, steps, random, danger }
    }

    /// Takes in what can be seen.
    pub fn see(&mut self, terminal: &Terminal) {
        let look = Look::at(terminal);
        let Some(case) = look.case else { return };
        for (row, (sign, value)) in look.values.into_iter().enumerate() {
            if SAVED.contains(&sign) {
                self.seen_values.insert((case.clone(), row), value);
            }
        }
        for (heading, text) in look.comments {
            if !heading.contains("saving") && !heading.contains("refused") {
                self.seen_comments.insert(text);
            }
        }
    }

    /// Presses keys, unless the program is to be killed now: at once, or some moments later.
    pub fn press(&mut self, terminal: &mut Terminal, keys: &str) -> Result<(), Stop> {
        self.steps.push(format!("{keys:?}"));
        terminal.send(keys);
        if self.kills > 0 && self.random.chance(self.danger) {
            self.kills -= 1;
            let moments = Duration::from_millis(self.random.below(4) * self.random.below(60));
            terminal.pump(moments, &mut |terminal| self.see(terminal));
            return Err(Stop::Killed);
        }
        Ok(())
    }

    /// Looks until something can be seen.
    pub fn wait(
        &mut self,
        terminal: &mut Terminal,
        what: &str,
        done: impl Fn(&Look, &str) -> bool,
    ) -> Result<Look, Stop> {
        let mut silence = Duration::ZERO;
        loop {
            let look = Look::at(terminal);
            if done(&look, &terminal.text()) {
                self.steps.push(format!("saw {what}: row {:?} of {:?}", look.cursor, look.case));
                return Ok(look);
            }
            let mut drawn = false;
            let tick = Duration::from_secs(1);
            if !terminal.pump(tick, &mut |terminal| {
                drawn = true;
                self.see(terminal);
            }) {
                return Err(Stop::Ended);
            }
            silence = if drawn { Duration::ZERO } else { silence + tick };
            if silence > PATIENCE {
                return Err(Stop::Stuck(what.to_owned()));
            }
        }
    }

    /// Reviews the case on the screen, up to the key that completes it.
    pub fn review(&mut self, terminal: &mut Terminal, case: &str) -> Result<(), Stop> {
        let look = self.arrive(terminal, case)?;
        let at = (0..self.opinions.len()).find(|at| super::case_at(*at) == case).unwrap();
        let untouched = look.comments.is_empty() && look.values.iter().all(|(sign, _)| *sign == ' ');
        if self.opinions[at].hurries && untouched {
            let keys = self.everything(at, look.cursor.unwrap_or(0));
            self.press(terminal, &keys)?;
        } else {
            self.fill_rows(terminal, at)?;
            self.comment(terminal, case)?;
            self.press(terminal, " ")?;
        }
        let asked = "you have not seen it";
        let moved = |look: &Look, text: &str| look.case.as_deref() != Some(case) || text.contains(asked);
        self.wait(terminal, "the next item", moved)?;
        if terminal.text().contains(asked) {
            self.press(terminal, " ")?;
            self.wait(terminal, "the next item", |look, _| look.case.as_deref() != Some(case))?;
        }
        Ok(())
    }

    /// Waits until the case can be decided on: the cursor only moves then.
    fn arrive(&mut self, terminal: &mut Terminal, case: &str) -> Result<Look, Stop> {
        // While it is fetched again its name is not known.
        let here = |look: &Look| look.case.as_deref().is_none_or(|other| other == case);
        let gone = |text: &str| text.contains("could not be loaded");
        let before = loop {
            let there = |look: &Look, text: &str| !here(look) || look.is_decidable() || gone(text);
            let look = self.wait(terminal, "a rubric", there)?;
            if !gone(&terminal.text()) {
                break look.cursor;
            }
            self.ask_again(terminal)?;
            self.wait(terminal, "another attempt", |_, text| !gone(text))?;
        };
        self.press(terminal, NEXT_ROW)?;
        self.wait(terminal, "the cursor moved", |look, _| !here(look) || look.cursor != before)
    }

    /// All keys for a case nothing was said about; digits go round from the cursor's row.
    fn everything(&mut self, at: usize, cursor: usize) -> String {
        let opinion = &self.opinions[at];
        let digits: String = (0..3).map(|n| opinion.key((cursor + n) % 3)).collect();
        let text = self.next_try(&case(at));
        format!("{digits}c{text}{SAVE} ")
    }

    /// A text no comment has had yet.
    fn next_try(&mut self, case: &str) -> String {
        let tries = self.typed.entry(case.to_owned()).or_default();
        let text = format!("{case} try {}", tries.len() + 1);
        tries.push(text.clone());
        text
    }

    fn fill_rows(&mut self, terminal: &mut Terminal, at: usize) -> Result<(), Stop> {
        let mut wavers = self.opinions[at].wavers;
        for row in [0, 1, 2, 0] {
            let wanted = self.opinions[at].shows(row);
            let look = self.wait(terminal, "a rubric", |look, _| look.cursor.is_some())?;
            if look.values[row].1 == wanted {
                continue;
            }
            self.go_to(terminal, row)?;
            let second_thoughts = row == 0 && std::mem::take(&mut wavers) && look.values[0].1.is_empty();
            let pick =
                if second_thoughts { 1 - self.opinions[at].picks[0] } else { self.opinions[at].picks[row] };
            self.press(terminal, ROWS[row].keys[pick])?;
            let shows = ROWS[row].shown[pick];
            self.wait(terminal, "the value", |look, _| look.values[row].1 == shows)?;
        }
        Ok(())
    }

    fn go_to(&mut self, terminal: &mut Terminal, row: usize) -> Result<(), Stop> {
        loop {
            let before = self.wait(terminal, "a cursor", |look, _| look.cursor.is_some())?.cursor;
            if before == Some(row) {
                return Ok(());
            }
            self.press(terminal, NEXT_ROW)?;
            self.wait(terminal, "the cursor moved", |look, _| look.cursor != before)?;
        }
    }

    /// Writes a comment, unless there is one already.
    fn comment(&mut self, terminal: &mut Terminal, case: &str) -> Result<(), Stop> {
        if !Look::at(terminal).comments.is_empty() {
            return Ok(());
        }
        self.press(terminal, "c")?;
        self.wait(terminal, "the editor", |look, _| look.editor)?;
        let text = self.next_try(case);
        self.press(terminal, &text)?;
        self.wait(terminal, "the text", |_, screen| screen.contains(&text))?;
        self.press(terminal, SAVE)?;
        self.wait(terminal, "the editor closed", |look, _| !look.editor)?;
        self.wait(terminal, "the comment", |look, _| !look.comments.is_empty()).map(drop)
    }

    /// Asks the server again, as somebody who sees nothing to review.
    pub fn ask_again(&mut self, terminal: &mut Terminal) -> Result<(), Stop> {
        self.press(terminal, F5)
    }
}
