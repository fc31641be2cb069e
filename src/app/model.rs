//! The state of the program: everything the screen shows, and nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::browse::Browse;
use super::effect::{DocKey, RecordToken};
use super::item::ItemData;
use super::leaving::Leaving;
use super::modal::Modal;
use super::msg::{Pause, ServerInfo};
use super::open::Settled;
use super::review::Review;
use super::turning::Turning;
use super::unsent::Wish;
use crate::domain::rows::Rows;
use crate::domain::{ConfigId, Independent, ItemId, Now, ScoreConfig, Shard, Write, Written};
use crate::input::Keymap;

/// How the program was started.
#[derive(Debug, Clone)]
pub struct Start {
    /// Name of the connection in the status line: a host, a profile or the embedded workspace.
    pub place: String,
    /// Whether it is the embedded workspace.
    pub embedded: bool,
    /// Address of the web UI, for links.
    pub web_url: Option<String>,
    /// Who decides.
    pub annotator: String,
    /// The annotator's Langfuse user, for comments.
    pub author: Option<String>,
    /// Queues whose scores are written as API rather than ANNOTATION, so that several people can
    /// rate an item.
    pub independent: Independent,
    /// How long the last completed item is held before it is sent.
    pub hold: Duration,
    /// Queue to open at once, by name or id.
    pub queue: Option<String>,
    /// Item to open at once.
    pub item: Option<String>,
    /// The part of each queue that is this reviewer's.
    pub shard: Option<Shard>,
    /// Keys.
    pub keymap: Keymap,
    /// The reviewer's time zone.
    pub zone: TimeZone,
    /// Where the log file is, for the help page.
    pub log_path: String,
}

/// The screen shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Queues and items.
    #[default]
    Browse,
    /// One item.
    Review,
    /// The end of a queue.
    Summary,
}

/// The connection as far as it is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Connection {
    /// The probe is under way.
    #[default]
    Connecting,
    /// The server answered.
    Online,
    /// It did not; the message says why.
    Failed(super::Failure),
}

/// A message in the status line.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The message.
    pub text: String,
    /// When it goes away, in time since the start.
    pub until: Duration,
}

/// Everything.
#[derive(Debug)]
pub struct Model {
    /// How the program was started.
    pub start: Start,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The moment of the last message.
    pub now: Now,
    /// The screen shown.
    pub screen: Screen,
    /// What lies over it, topmost last.
    pub modals: Vec<Modal>,
    /// The connection.
    pub connection: Connection,
    /// The server and its project, from the probe or from an earlier one kept here.
    pub server: Option<ServerInfo>,
    /// When the server last answered.
    pub last_sync: Option<Timestamp>,
    /// Queues and items.
    pub browse: Browse,
    /// The review under way.
    pub review: Review,
    /// Score configs, once loaded.
    pub configs: Option<HashMap<ConfigId, ScoreConfig>>,
    /// Whether they could not be loaded, and are not being asked for.
    pub configs_failed: bool,
    /// Items fetched or being fetched: the current one, its neighbours, the last few.
    pub items: HashMap<ItemId, ItemData>,
    /// Writes that are not known to be at the server.
    pub open_writes: BTreeMap<i64, Written>,
    /// Decisions on their way into the store, with the items they are sent with.
    pub saving: BTreeMap<RecordToken, (ItemId, Write)>,
    /// Items found to have been taken out of their queues.
    pub removed: HashSet<ItemId>,
    /// Changes of status that have reached the server in this run, the last one by item.
    pub(super) settled: HashMap<ItemId, Settled>,
    /// Flagged items with the reasons.
    pub flags: HashMap<ItemId, String>,
    /// Why nothing is being sent, if so.
    pub pause: Option<Pause>,
    /// Until when reads on screen wait for a rate limit, if they do.
    pub limited: Option<Timestamp>,
    /// The process that sends instead of this one.
    pub other_sender: Option<Option<u32>>,
    /// Laid-out documents; `None` while one is being laid out.
    pub docs: HashMap<DocKey, Option<Arc<Rows>>>,
    /// A message for the reviewer.
    pub notice: Option<Notice>,
    /// Digits typed before a list movement.
    pub count: Option<usize>,
    /// How far the reviewer has got with quitting.
    pub quitting: Leaving,
    /// A write to be changed once its item is here.
    pub(super) wish: Option<Wish>,
    /// An undo or redo under way.
    pub(super) turning: Option<Turning>,
    /// Next token for a decision.
    pub(super) next_token: u64,
}

impl Model {
    /// The state before anything has happened.
    #[must_use]
    pub fn new(start: Start, size: (u16, u16), now: Now) -> Self {
        Self {
            start,
            size,
            now,
            screen: Screen::default(),
            modals: Vec::new(),
            connection: Connection::default(),
            server: None,
            last_sync: None,
            browse: Browse::default(),
            review: Review::default(),
            configs: None,
            configs_failed: false,
            items: HashMap::new(),
            open_writes: BTreeMap::new(),
            saving: BTreeMap::new(),
            removed: HashSet::new(),
            settled: HashMap::new(),
            flags: HashMap::new(),
            pause: None,
            limited: None,
            other_sender: None,
            docs: HashMap::new(),
            notice: None,
            count: None,
            quitting: Leaving::default(),
            wish: None,
            turning: None,
            next_token: 0,
        }
    }

    /// Says something in the status line for a few seconds.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        let seconds = 2 + u64::try_from(text.len() / 40).unwrap_or(0);
        self.notice = Some(Notice { text, until: self.now.mono + Duration::from_secs(seconds) });
    }

    /// Whether something on screen waits for a layout that will be there in a moment, so that
    /// drawing can wait for it rather than flicker.
    #[must_use]
    pub fn is_laying_out(&self) -> bool {
        self.docs.values().any(Option::is_none)
    }

    /// Writes that the server may not have.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.open_writes.values().filter(|written| written.is_unsent()).count()
    }

    /// Decisions that the server may not have, those still being saved included.
    #[must_use]
    pub fn left(&self) -> usize {
        self.unsent() + self.saving.len()
    }

    /// Writes that wait for the reviewer, mostly since the server refused them.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.open_writes.values().filter(|written| written.is_parked()).count()
    }

    /// Whether the terminal is too small for the screens.
    #[must_use]
    pub fn is_too_small(&self) -> bool {
        self.size.0 < super::geometry::LEAST.0 || self.size.1 < super::geometry::LEAST.1
    }
}
