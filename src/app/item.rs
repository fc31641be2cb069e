//! What is known about one item: fetched data with the reviewer's own decisions laid over it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Failure;
use super::effect::RecordToken;
use crate::domain::{
    Comment, CommentWrite, ConfigId, Item, ItemStatus, Object, ObjectKind, Score, ScoreId, ScoreWrite,
    SessionId, Source, Subject, Target, TraceId, Value, Write, WriteState, Written,
};

/// Something fetched.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Load<T> {
    /// Not here yet.
    #[default]
    Waiting,
    /// Here.
    Ready(T),
    /// Does not exist at the server.
    Missing,
    /// Could not be fetched.
    Failed(Failure),
}

impl<T> Load<T> {
    /// The value, if it is here.
    pub fn ready(&self) -> Option<&T> {
        if let Self::Ready(value) = self { Some(value) } else { None }
    }

    /// Whether the answer is still out.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting)
    }
}

/// How far the reviewer's own score has got.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Being made durable.
    Saving,
    /// Saved here; sent when the item is completed or left.
    Saved,
    /// On its way.
    Sending,
    /// At the server.
    Confirmed,
    /// The server will not have it, or it could not be saved.
    Refused(String),
    /// Kept here until the reviewer decides: someone else completed the item.
    Overtaken(String),
}

/// The reviewer's own score for one rubric row.
#[derive(Debug, Clone, PartialEq)]
pub struct Mine {
    /// Its id at the server.
    pub id: ScoreId,
    /// The judgement.
    pub value: Value,
    /// The reason.
    pub reason: Option<String>,
    /// When it was first given; sent with every update.
    pub timestamp: Timestamp,
    /// ANNOTATION or API.
    pub source: Source,
    /// How far it has got.
    pub progress: Progress,
    /// Whether the server has, or may have, a version of it.
    pub at_server: bool,
}

impl Mine {
    fn at_server(score: &Score) -> Self {
        Self {
            id: score.id.clone(),
            value: score.value.clone(),
            reason: score.comment.clone(),
            timestamp: score.timestamp,
            source: score.source.clone(),
            progress: Progress::Confirmed,
            at_server: true,
        }
    }
}

/// An item with everything fetched for it and decided on it.
#[derive(Debug, Clone)]
pub struct ItemData {
    /// The item.
    pub item: Item,
    /// Since when an answer about the item itself is out, in time since the start.
    pub asking: Option<Duration>,
    /// When the server last told about the item itself.
    pub seen: Option<Duration>,
    /// Whether somebody else was seen to complete it.
    pub taken: bool,
    /// The object with its observations.
    pub subject: Load<Arc<Subject>>,
    /// All scores on the object and its parts.
    pub scores: Load<Vec<Score>>,
    /// When the scores were asked for: older confirmed writes are in them.
    pub scores_asked: Option<Timestamp>,
    /// Comments by object; those of the item's own object are always asked for.
    pub comments: HashMap<Object, Load<Vec<Comment>>>,
    /// What was decided here: `None` until the store has answered.
    pub writes: Option<Vec<Written>>,
    /// Texts kept when an editor was left.
    pub drafts: HashMap<String, String>,
    /// Decisions on their way into the store.
    pub saving: Vec<(RecordToken, Write)>,
    /// Decisions the store could not take, with the reason.
    pub unsaved: Vec<(Write, String)>,
    /// The reviewer's own scores by row, derived from all of the above.
    pub mine: HashMap<ConfigId, Mine>,
    /// Since when this was kept here, where the server could not be asked.
    pub kept: Option<Timestamp>,
    /// Counts up with every change of the comments, to name their layout.
    pub comments_version: u64,
}

impl ItemData {
    /// An item nothing is known about yet.
    #[must_use]
    pub fn new(item: Item) -> Self {
        Self {
            item,
            asking: None,
            seen: None,
            taken: false,
            subject: Load::Waiting,
            scores: Load::Waiting,
            scores_asked: None,
            comments: HashMap::new(),
            writes: None,
            drafts: HashMap::new(),
            saving: Vec::new(),
            unsaved: Vec::new(),
            mine: HashMap::new(),
            kept: None,
            comments_version: 0,
        }
    }

    /// Takes in how the server says the item stands.
    pub fn take_item(&mut self, item: &Item) {
        self.taken &= item.status == ItemStatus::Completed;
        self.item = item.clone();
    }

    /// What scores of this item are about; an observation's trace is known only once fetched.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self.item.object.kind {
            ObjectKind::Trace => Some(Target::Trace(TraceId::from(self.item.object.id.as_str()))),
            ObjectKind::Session => Some(Target::Session(SessionId::from(self.item.object.id.as_str()))),
            ObjectKind::Observation => self.subject.ready().map(|subject| subject.target.clone()),
        }
    }

    /// Whether decisions can be made: earlier scores are known, or known to be out of reach.
    #[must_use]
    pub fn is_decidable(&self) -> bool {
        !self.scores.is_waiting() && self.writes.is_some() && self.target().is_some()
    }

    /// Whether keys should wait for data that is still on its way.
    #[must_use]
    pub fn is_arriving(&self) -> bool {
        self.writes.is_none()
            || self.scores.is_waiting()
            || (self.target().is_none() && self.subject.is_waiting())
    }

    /// The state the reviewer gave it and the server does not have yet, or the server's.
    #[must_use]
    pub fn status(&self) -> ItemStatus {
        let on_its_way = |progress: &Progress| {
            !matches!(progress, Progress::Confirmed | Progress::Refused(_) | Progress::Overtaken(_))
        };
        let given = self.all_writes().filter_map(|(write, progress)| match write {
            Write::Status { status, .. } if on_its_way(&progress) => Some(*status),
            _ => None,
        });
        given.last().unwrap_or(self.item.status)
    }

    /// Own writes in order, with those still being saved last.
    pub fn all_writes(&self) -> impl Iterator<Item = (&Write, Progress)> {
        let stored = self.writes.iter().flatten().map(|written| (&written.write, progress(written)));
        let saving = self.saving.iter().map(|(_, write)| (write, Progress::Saving));
        let unsaved = self.unsaved.iter().map(|(write, why)| (write, Progress::Refused(why.clone())));
        stored.chain(saving).chain(unsaved)
    }

    /// Own comments on this item that the fetched ones do not contain yet.
    pub fn own_comments(&self) -> impl Iterator<Item = (&CommentWrite, Progress)> {
        self.all_writes().filter_map(|(write, progress)| match write {
            Write::Comment(comment) if !self.shows(comment) => Some((comment, progress)),
            _ => None,
        })
    }

    fn shows(&self, own: &CommentWrite) -> bool {
        let fetched = self.comments.get(&own.object).and_then(Load::ready);
        fetched.is_some_and(|comments| comments.iter().any(|comment| comment.content == own.content))
    }

    /// Derives the own scores afresh. `annotator` tells whose those at the server are.
    pub fn rebuild(&mut self, annotator: &str) {
        let target = self.target();
        let mut mine = HashMap::new();
        for score in self.scores.ready().into_iter().flatten() {
            if is_mine(score, annotator, target.as_ref())
                && let Some(config) = &score.config_id
            {
                // Listed newest first: the newest one is edited.
                mine.entry(config.clone()).or_insert_with(|| Mine::at_server(score));
            }
        }
        for (write, progress) in self.all_writes() {
            match write {
                Write::Score(score) if self.is_history(score) => {}
                Write::Score(score) => lay_over(&mut mine, score, progress),
                Write::DeleteScore { id, config_id: Some(config), .. }
                    if mine.get(config).is_some_and(|own| own.id == *id) =>
                {
                    mine.remove(config);
                }
                _ => {}
            }
        }
        self.mine = mine;
    }

    /// Whether the fetched scores tell more about a score than what was written here: it was at
    /// the server before they were asked for, and may have been changed from elsewhere since.
    fn is_history(&self, score: &ScoreWrite) -> bool {
        let confirmed = |written: &&Written| {
            matches!(&written.write, Write::Score(own) if own == score)
                && written.state == WriteState::Confirmed
        };
        let sent = self.writes.iter().flatten().find(confirmed).and_then(|written| written.sent_at);
        let shown =
            self.scores.ready().is_some_and(|scores| scores.iter().any(|fetched| fetched.id == score.id));
        shown && sent.zip(self.scores_asked).is_some_and(|(sent, asked)| sent < asked)
    }

    /// Scores by others on the item's own target, newest first.
    pub fn others<'a>(&'a self, annotator: &'a str) -> impl Iterator<Item = &'a Score> {
        let target = self.target();
        self.scores
            .ready()
            .into_iter()
            .flatten()
            .filter(move |score| score.target == target && !is_mine(score, annotator, target.as_ref()))
    }

    /// Takes in what the store knows about one write of this item.
    pub fn take_written(&mut self, written: Written) {
        let writes = self.writes.get_or_insert_default();
        writes.retain(|old| !is_overtaken(old, &written));
        match writes.iter_mut().find(|old| old.seq == written.seq) {
            Some(old) => *old = written,
            None => writes.push(written),
        }
        writes.retain(|written| written.state != WriteState::Replaced);
        writes.sort_by_key(|written| written.seq);
    }
}

fn lay_over(mine: &mut HashMap<ConfigId, Mine>, score: &ScoreWrite, progress: Progress) {
    let Some(config) = &score.config_id else { return };
    let before = mine.get(config).is_some_and(|own| own.id == score.id && own.at_server);
    let at_server = before || matches!(progress, Progress::Sending | Progress::Confirmed);
    let own = Mine {
        id: score.id.clone(),
        value: score.value.clone(),
        reason: score.comment.clone(),
        timestamp: score.timestamp,
        source: score.source.clone(),
        progress,
        at_server,
    };
    mine.insert(config.clone(), own);
}

/// Whether a score was given by this annotator on this target, through this or a like program.
fn is_mine(score: &Score, annotator: &str, target: Option<&Target>) -> bool {
    score.author.is_none()
        && score.annotator.as_deref() == Some(annotator)
        && matches!(score.source, Source::Annotation | Source::Api)
        && score.target.as_ref() == target
}

/// Whether a write will never be sent because a newer one is about the same thing.
#[must_use]
pub(super) fn is_overtaken(old: &Written, newer: &Written) -> bool {
    let same = |name: fn(&Write) -> Option<String>| {
        let newer = name(&newer.write);
        newer.is_some() && name(&old.write) == newer
    };
    let waits = old.is_untried() || old.is_parked();
    let tried = old.state == WriteState::Pending;
    old.seq < newer.seq && (waits && same(Write::thing) || tried && same(Write::replaces))
}

/// How far a stored write has got, in the reviewer's terms.
#[must_use]
pub fn progress(written: &Written) -> Progress {
    match written.state {
        WriteState::Held => Progress::Saved,
        WriteState::Pending | WriteState::Sending | WriteState::Sent => Progress::Sending,
        WriteState::Confirmed | WriteState::Replaced => Progress::Confirmed,
        WriteState::Refused => {
            Progress::Refused(written.last_error.clone().unwrap_or_else(|| "the server refused it".into()))
        }
        WriteState::Conflict => Progress::Overtaken(written.last_error.clone().unwrap_or_default()),
    }
}
