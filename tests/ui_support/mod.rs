//! A small world to draw: a project with believable queues, traces and scores, and a server that
//! answers every effect at once.

mod data;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tracemark::app::{
    DocSource, Effect, Failure, LocalState, Model, Msg, Pause, ServerInfo, Start, Why, update,
};
use tracemark::domain::{
    Comment, Counts, Item, ItemId, ItemStatus, Now, Object, Score, Subject, Write, WriteState, Written,
};
use tracemark::input::{Key, Keymap};
use tracemark::theme::{Glyphs, Palette, Styles};

pub use data::*;

/// What the server of the world answers; `None` leaves a question open.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one question of its own")]
pub struct Server {
    pub texts: Texts,
    pub connects: Option<Result<(), Failure>>,
    pub queues: bool,
    pub items: bool,
    pub subject: Option<Result<Option<Arc<Subject>>, Failure>>,
    pub scores: Option<Result<Vec<Score>, Failure>>,
    pub comments: Vec<Comment>,
    pub lays_out: bool,
    pub object: Object,
    pub shows_traces: bool,
}

/// A model with its server.
pub struct World {
    pub model: Model,
    pub server: Server,
    seq: i64,
    mono: Duration,
}

impl World {
    /// A connected world of this size, on the browse screen.
    pub fn new(size: (u16, u16), server: Server) -> Self {
        Self::with(size, server, false)
    }

    /// As [`World::new`], on the embedded workspace if wanted.
    pub fn with(size: (u16, u16), server: Server, embedded: bool) -> Self {
        let start = Start {
            place: "langfuse.example".into(),
            embedded,
            web_url: Some("https://langfuse.example".into()),
            annotator: "ada".into(),
            author: None,
            independent: tracemark::domain::Independent::None,
            hold: Duration::from_secs(10),
            queue: None,
            item: None,
            shard: None,
            keymap: Keymap::default(),
            zone: TimeZone::UTC,
            log_path: "~/.local/state/tracemark/log".into(),
        };
        let model = Model::new(start, size, Now { wall: now(), mono: Duration::ZERO });
        let mut world = Self { model, server, seq: 0, mono: Duration::ZERO };
        world.answer(vec![Effect::Connect]);
        world
    }

    /// Sends a message and answers everything that follows from it.
    pub fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg, Now { wall: now(), mono: self.mono });
        self.answer(effects);
    }

    /// Presses keys, separated by spaces.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let key: Key = key.parse().unwrap();
            self.mono += Duration::from_secs(22);
            self.send(Msg::Key(key));
        }
        self.quiet();
    }

    /// Lets messages in the status line go.
    pub fn quiet(&mut self) {
        self.mono += Duration::from_mins(1);
        self.send(Msg::Deadline);
    }

    /// Pauses sending for so many seconds, or until further notice.
    pub fn pause(&mut self, why: Why, seconds: Option<u64>) {
        let until = seconds.map(|seconds| now() + Duration::from_secs(seconds));
        self.send(Msg::Paused(Pause { why, until }));
    }

    /// Types text.
    pub fn paste(&mut self, text: &str) {
        self.send(Msg::Paste(text.into()));
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            for msg in self.reply(effect) {
                self.send(msg);
            }
        }
    }

    fn reply(&mut self, effect: Effect) -> Vec<Msg> {
        let server = &self.server;
        match effect {
            Effect::Connect => match &server.connects {
                None => vec![],
                Some(Ok(())) => vec![Msg::Connected(ServerInfo {
                    version: Some("3.112.0".into()),
                    project: "p1".into(),
                    project_name: server.texts.project.clone(),
                    lacking: None,
                    shows_traces: server.shows_traces,
                })],
                Some(Err(failure)) => vec![Msg::ConnectFailed(failure.clone())],
            },
            Effect::FetchQueues if server.queues => {
                vec![Msg::Queues(Ok(queues(&server.texts)))]
            }
            Effect::FetchConfigs if server.queues => vec![Msg::Configs(Ok(configs(&server.texts)))],
            Effect::FetchCounts(ids) => {
                ids.into_iter().map(|id| Msg::Counts(id.clone(), Ok(counts(&id)))).collect()
            }
            Effect::FetchItems(fetch) if server.items => {
                let (page, total) = items(&fetch, &server.object);
                vec![Msg::Items { fetch, result: Ok((page, total)) }]
            }
            Effect::FetchLabels(objects) => vec![Msg::Labels(labels(&objects, &server.texts))],
            Effect::Want(wanted) => wanted.items.iter().flat_map(|item| self.fetched(item)).collect(),
            Effect::LayOut(key, DocSource::Facts(facts)) => {
                let rows = Arc::new(tracemark::content::facts(&facts, key.width));
                vec![Msg::LaidOut(key, rows)]
            }
            Effect::LayOut(key, _) if server.lays_out => {
                let rows = Arc::new(rows(&key.doc, key.width, &server.texts));
                vec![Msg::LaidOut(key, rows)]
            }
            Effect::Record(token, decision) => {
                self.seq += 1;
                let is_flag = matches!(decision.write, Write::Flag { .. });
                let state = if is_flag { WriteState::Confirmed } else { WriteState::Held };
                let written = self.written(decision.item_id, decision.write, state, None);
                vec![Msg::Recorded(token, Ok(Written { made: decision.made, ..written }))]
            }
            _ => vec![],
        }
    }

    fn fetched(&self, item: &Item) -> Vec<Msg> {
        let server = &self.server;
        let id = &item.id;
        let mut msgs = vec![Msg::Local(id.clone(), LocalState::default())];
        msgs.extend(server.subject.clone().map(|subject| Msg::Subject(id.clone(), subject)));
        msgs.extend(server.scores.clone().map(|scores| Msg::Scores(id.clone(), scores)));
        msgs.push(Msg::Comments(id.clone(), item.object.clone(), Ok(server.comments.clone())));
        msgs
    }

    fn written(&self, item: ItemId, write: Write, state: WriteState, error: Option<&str>) -> Written {
        Written {
            seq: self.seq,
            item_id: item,
            write,
            made: tracemark::domain::Made::default(),
            origin: tracemark::domain::Origin::Decision,
            undone: false,
            state,
            attempts: 1,
            next_attempt_at: None,
            last_error: error.map(Into::into),
            created_at: now(),
            sent_at: None,
            changed_at: now(),
            answer: None,
        }
    }

    /// Moves the open write of a kind on.
    pub fn settle(&mut self, seq: i64, state: WriteState, error: Option<&str>) {
        let Some(mut written) = self.model.open_writes.get(&seq).cloned() else { return };
        written.state = state;
        written.last_error = error.map(Into::into);
        self.send(Msg::Written(written));
        self.quiet();
    }

    /// Draws the world.
    pub fn draw(&self) -> Buffer {
        self.draw_with(&Glyphs::UNICODE)
    }

    /// Draws the world in these signs.
    pub fn draw_with(&self, glyphs: &Glyphs) -> Buffer {
        self.render(glyphs, self.model.size)
    }

    /// Draws the world on a terminal of another size than the model knows.
    pub fn draw_on(&self, size: (u16, u16)) -> Buffer {
        self.render(&Glyphs::UNICODE, size)
    }

    fn render(&self, glyphs: &Glyphs, (width, height): (u16, u16)) -> Buffer {
        let styles = Styles::new(&Palette::ANSI);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| tracemark::ui::view(&self.model, &styles, glyphs, frame)).unwrap();
        terminal.backend().buffer().clone()
    }
}

/// The text of a buffer with a hash of its styles below.
pub fn shown(buffer: &Buffer) -> String {
    let mut text = String::new();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = tracemark::domain::text::width(cell.symbol()).max(1);
            }
            skip -= 1;
            for byte in format!("{:?}{:?}{:?}", cell.fg, cell.bg, cell.modifier).bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    format!("{text}styles {hash:016x}")
}

/// Counts of a queue of the world.
fn counts(id: &tracemark::domain::QueueId) -> Counts {
    match id.as_str() {
        "q1" => Counts { pending: 228, completed: 12 },
        "q2" => Counts { pending: 42, completed: 88 },
        "q3" => Counts { pending: 18, completed: 0 },
        _ => Counts { pending: 0, completed: 60 },
    }
}

/// A page of items as a server gives it: newest first.
fn items(fetch: &tracemark::app::FetchPage, object: &Object) -> (Vec<Item>, usize) {
    let total: usize = match (fetch.queue.as_str(), fetch.status) {
        ("q1", Some(ItemStatus::Pending)) => 228,
        ("q1", None) => 240,
        ("q3", Some(ItemStatus::Pending)) => 3,
        _ => 0,
    };
    let newest = total.saturating_sub((fetch.page - 1) * 100);
    let oldest = newest.saturating_sub(100);
    let page = (oldest..newest).rev().map(|n| item(&fetch.queue, n, object)).collect();
    (page, total)
}
