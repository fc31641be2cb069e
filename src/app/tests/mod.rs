//! Keys and replies in, model and effects out: no clock, no server, no terminal.

mod browsing;
mod deciding;
mod leaving;
mod listing;
mod moving;
mod reading;
mod sharing;
mod turning;
mod unsent;
mod worklist;
mod writing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::*;
use crate::input::{Key, Keymap};

/// A model with a small project behind it, played by hand.
pub(super) struct Play {
    pub(super) model: Model,
    /// Effects not yet looked at.
    pub(super) effects: VecDeque<Effect>,
    mono: Duration,
    /// How long the test has let pass.
    passed: Duration,
    seq: i64,
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

pub(super) fn config(id: &str, data_type: DataType) -> ScoreConfig {
    let category = |label: &str, value: f64| Category { label: label.into(), value };
    ScoreConfig {
        id: id.into(),
        name: id.into(),
        description: None,
        data_type,
        is_archived: false,
        min: (data_type == DataType::Numeric).then_some(1.0),
        max: (data_type == DataType::Numeric).then_some(5.0),
        categories: match data_type {
            DataType::Categorical => {
                vec![category("calm", 1.0), category("warm", 2.0), category("curt", 3.0)]
            }
            _ => Vec::new(),
        },
        created_at: at(0),
    }
}

pub(super) fn item(n: i64) -> Item {
    Item {
        id: format!("i{n}").into(),
        queue_id: "q".into(),
        object: Object { kind: ObjectKind::Trace, id: format!("t{n}") },
        status: ItemStatus::Pending,
        completed_at: None,
        created_at: at(n),
        updated_at: at(n),
    }
}

pub(super) fn observation(trace: &str, id: &str, parent: Option<&str>) -> Observation {
    Observation {
        id: id.into(),
        trace_id: trace.into(),
        parent: parent.map(Into::into),
        kind: ObservationType::Span,
        name: id.into(),
        level: Level::Default,
        status_message: None,
        start: at(1),
        end: Some(at(2)),
        latency: Some(1.0),
        model: None,
        model_parameters: None,
        usage: Usage::default(),
        input: Some("\"in\"".into()),
        output: Some("\"out\"".into()),
        metadata: None,
        user: None,
        session: None,
        environment: Some("production".into()),
        version: None,
        release: None,
        tags: Vec::new(),
        trace_name: Some("chat".into()),
        is_root: parent.is_none(),
    }
}

pub(super) fn start() -> Start {
    Start {
        place: "embedded workspace".into(),
        embedded: true,
        web_url: None,
        annotator: "ada".into(),
        author: None,
        independent: Independent::None,
        hold: Duration::from_secs(10),
        queue: None,
        item: None,
        shard: None,
        keymap: Keymap::default(),
        zone: TimeZone::UTC,
        log_path: String::new(),
    }
}

impl Play {
    /// A model that has just started.
    pub(super) fn new() -> Self {
        let now = Now { wall: at(1000), mono: Duration::ZERO };
        let model = Model::new(start(), (120, 40), now);
        Self { model, effects: VecDeque::new(), mono: Duration::ZERO, passed: Duration::ZERO, seq: 0 }
    }

    /// Connected, with one queue of `items` items and four rows: number, yes/no, category, text.
    pub(super) fn with_items(items: i64) -> Self {
        let mut play = Self::new();
        play.connect();
        play.answer_items((0..items).map(item).collect());
        play
    }

    pub(super) fn connect(&mut self) {
        let project = ServerInfo {
            version: None,
            project: "p".into(),
            project_name: "Sample".into(),
            lacking: None,
            shows_traces: true,
        };
        self.tell(Msg::Connected(project));
        let queue = Queue {
            id: "q".into(),
            name: "Support".into(),
            description: None,
            score_config_ids: ["score", "grounded", "tone", "note"].map(ConfigId::from).into(),
            created_at: at(0),
        };
        self.tell(Msg::Queues(Ok(vec![queue])));
        let configs = [
            config("score", DataType::Numeric),
            config("grounded", DataType::Boolean),
            config("tone", DataType::Categorical),
            config("note", DataType::Text),
        ];
        self.tell(Msg::Configs(Ok(configs.into())));
    }

    /// Answers the last request for items with the page it asked for.
    pub(super) fn answer_items(&mut self, oldest_first: Vec<Item>) {
        let total = oldest_first.len();
        let size = self.model.browse.items.list.page_size();
        let newest_first: Vec<Item> = oldest_first.into_iter().rev().collect();
        while let Some(at) = self.effects.iter().position(|e| matches!(e, Effect::FetchItems(_))) {
            let Some(Effect::FetchItems(fetch)) = self.effects.remove(at) else { return };
            let page: Vec<Item> =
                newest_first.iter().skip((fetch.page - 1) * size).take(size).cloned().collect();
            self.tell(Msg::Items { fetch, result: Ok((page, total)) });
        }
    }

    pub(super) fn tell(&mut self, msg: Msg) {
        self.mono += Duration::from_millis(1);
        let now = Now { wall: at(1000) + self.passed, mono: self.mono };
        self.effects.extend(update(&mut self.model, msg, now));
    }

    /// Lets time pass, up to the moment the model asked to be woken at.
    pub(super) fn pass(&mut self, time: Duration) {
        self.mono += time;
        self.passed += time;
        self.tell(Msg::Deadline);
    }

    /// Lets time go by.
    pub(super) fn wait(&mut self, time: Duration) {
        self.mono += time;
    }

    /// Presses keys, written with spaces between them.
    pub(super) fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let key: Key = key.parse().unwrap();
            self.tell(Msg::Key(key));
        }
    }

    /// Types a text as it is.
    pub(super) fn text(&mut self, text: &str) {
        self.tell(Msg::Paste(text.into()));
    }

    /// Gives an item what the store and the server know about it.
    pub(super) fn arrive(&mut self, id: &str, scores: Vec<Score>) {
        let n = id.trim_start_matches('i');
        let trace = format!("t{n}");
        let observations = vec![
            observation(&trace, "root", None),
            observation(&trace, "llm", Some("root")),
            observation(&trace, "tool", Some("llm")),
        ];
        let object = Object { kind: ObjectKind::Trace, id: trace };
        let subject = Subject::new(&object, observations).map(Arc::new);
        self.tell(Msg::Local(id.into(), LocalState::default()));
        self.tell(Msg::Subject(id.into(), Ok(subject)));
        self.tell(Msg::Scores(id.into(), Ok(scores)));
        self.tell(Msg::Comments(id.into(), object, Ok(Vec::new())));
    }

    /// Starts reviewing the first item, with everything fetched.
    pub(super) fn reviewing(items: i64) -> Self {
        let mut play = Self::with_items(items);
        play.keys("Enter");
        for n in 0..items.min(4) {
            play.arrive(&format!("i{n}"), Vec::new());
        }
        play.effects.clear();
        play
    }

    /// Lets the store take every decision waiting among the effects; they come back as written.
    pub(super) fn save(&mut self) -> Vec<Written> {
        let mut saved = Vec::new();
        while let Some(at) = self.effects.iter().position(|e| matches!(e, Effect::Record(..))) {
            let Some(Effect::Record(token, decision)) = self.effects.remove(at) else { break };
            self.seq += 1;
            let Decision { item_id, write, made } = *decision;
            // The store drops what was never tried; taking that away leaves nothing to send.
            let unsent = |old: &&Written| old.write.thing() == write.thing() && old.is_untried();
            let nothing = write.is_absence() && self.model.open_writes.values().any(|old| unsent(&old));
            let state = match write {
                Write::Flag { .. } => WriteState::Confirmed,
                _ if nothing => WriteState::Replaced,
                _ => WriteState::Held,
            };
            let written = Written { made, ..written(self.seq, item_id, write, state) };
            self.tell(Msg::Recorded(token, Ok(written.clone())));
            saved.push(written);
        }
        saved
    }

    /// Takes the last decision out of the effects.
    pub(super) fn token(&mut self) -> RecordToken {
        let at = self.effects.iter().rposition(|e| matches!(e, Effect::Record(..))).unwrap();
        let Some(Effect::Record(token, _)) = self.effects.remove(at) else { unreachable!() };
        token
    }

    /// Lets the store fail to take the last decision.
    pub(super) fn fail(&mut self, why: &str) {
        let token = self.token();
        self.tell(Msg::Recorded(token, Err(why.into())));
    }

    /// The message in the status line.
    pub(super) fn notice(&self) -> &str {
        self.model.notice.as_ref().map_or("", |notice| notice.text.as_str())
    }

    /// The item on screen.
    pub(super) fn current(&self) -> &str {
        self.model.review.item.as_ref().map_or("", |id| id.as_str())
    }

    /// The reviewer's own value of a row, as shown.
    pub(super) fn value(&self, row: &str) -> Option<String> {
        Some(self.model.current()?.mine.get(&row.into())?.value.to_string())
    }
}

pub(super) fn written(seq: i64, item_id: ItemId, write: Write, state: WriteState) -> Written {
    Written {
        seq,
        item_id,
        write,
        made: Made::default(),
        origin: Origin::Decision,
        undone: false,
        state,
        attempts: 0,
        next_attempt_at: None,
        last_error: None,
        created_at: at(1000),
        sent_at: None,
        changed_at: at(1000),
        answer: None,
    }
}

/// Items released, and whether with a hold.
fn released(play: &Play) -> Vec<(&str, bool)> {
    let release = |effect| match effect {
        &Effect::Release(ref id, until) => Some((id.as_str(), until.is_some())),
        _ => None,
    };
    play.effects.iter().filter_map(release).collect()
}
