//! The rubric: deciding, row by row.

use super::item::{Mine, Progress};
use super::{Effect, Model, RecordToken};
use crate::domain::{
    ConfigId, DataType, Decision, ItemId, ItemStatus, Made, ScoreConfig, ScoreWrite, Source, Value, Write,
    score_id,
};

impl Model {
    /// The rows of the rubric: the queue's score configs in order, once each, as far as known.
    #[must_use]
    pub fn rubric_configs(&self) -> Vec<&ScoreConfig> {
        let (Some(configs), Some(queue)) = (&self.configs, self.reviewed_queue()) else { return Vec::new() };
        let mut seen = std::collections::HashSet::new();
        queue.score_config_ids.iter().filter(|id| seen.insert(*id)).filter_map(|id| configs.get(id)).collect()
    }

    /// How many rows of the queue have a score config that the server does not know.
    #[must_use]
    pub fn unknown_configs(&self) -> usize {
        let (Some(configs), Some(queue)) = (&self.configs, self.reviewed_queue()) else { return 0 };
        let unknown = queue.score_config_ids.iter().filter(|id| !configs.contains_key(*id));
        unknown.collect::<std::collections::HashSet<_>>().len()
    }

    /// The queue under review.
    #[must_use]
    pub fn reviewed_queue(&self) -> Option<&crate::domain::Queue> {
        let id = self.review.queue.as_ref()?;
        self.browse.queues.ready()?.iter().find(|queue| queue.id == *id)
    }

    /// The row decisions act on.
    #[must_use]
    pub fn current_config(&self) -> Option<&ScoreConfig> {
        self.rubric_configs().get(self.review.row).copied()
    }

    /// How many rows have a value, of how many.
    #[must_use]
    pub fn answered(&self) -> (usize, usize) {
        let configs = self.rubric_configs();
        let mine = self.current().map(|data| &data.mine);
        let given =
            configs.iter().filter(|config| mine.is_some_and(|mine| mine.contains_key(&config.id))).count();
        (given, configs.len())
    }

    /// How a decision on an item is being made.
    fn made(&self, item: &ItemId, write: &Write, before: Option<Write>) -> Made {
        let data = self.items.get(item);
        let current = self.review.item.as_ref() == Some(item);
        Made {
            annotator: self.start.annotator.clone(),
            queue_id: data.map(|data| data.item.queue_id.clone()).or_else(|| self.browse.items.queue.clone()),
            about: match write {
                Write::AddItem { object, .. } => format!("{} {}", object.kind.noun(), object.id),
                _ => self.item_name(item),
            },
            before: before.map(Box::new),
            on_screen: current.then(|| self.now.mono.saturating_sub(self.review.opened)),
        }
    }
}

/// What pressing a digit on a row does.
enum Digit {
    Set(Value),
    Type(char),
    No(String),
}

fn digit_means(config: &ScoreConfig, digit: u8) -> Digit {
    if let Some(value) = config.by_digit(digit) {
        return Digit::Set(value);
    }
    match config.data_type {
        DataType::Numeric if config.digit_range().is_none() => Digit::Type(char::from(b'0' + digit)),
        DataType::Numeric => Digit::No(format!("{} takes {}", config.name, range_in_words(config))),
        DataType::Text | DataType::Correction => Digit::No(format!("{} takes text: press =", config.name)),
        DataType::Boolean | DataType::Categorical => {
            Digit::No(format!("{} has {} choices", config.name, config.options().len()))
        }
    }
}

/// The range of a numeric row: `1 to 5`, `at least 0`, `any number`.
#[must_use]
pub(super) fn range_in_words(config: &ScoreConfig) -> String {
    match (config.min, config.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number".into(),
    }
}

/// Why there is no row to decide on.
pub(super) fn say_no_row(model: &mut Model) {
    model.say(match (&model.configs, model.unknown_configs()) {
        (None, _) => "the rubric is still loading",
        (_, 0) => "this queue has no score configs",
        _ => "the score configs of this queue do not exist (any more)",
    });
}

/// A digit on the current row.
pub(super) fn digit(model: &mut Model, digit: u8, effects: &mut Vec<Effect>) {
    let Some(config) = model.current_config().cloned() else {
        say_no_row(model);
        return;
    };
    match digit_means(&config, digit) {
        Digit::Set(value) => set_value(model, &config, value, effects),
        Digit::Type(first) => super::writing::open_value(model, &config, Some(first)),
        Digit::No(why) => model.say(why),
    }
}

/// Gives the row a value and goes on to the next open row.
pub(super) fn set_value(model: &mut Model, config: &ScoreConfig, value: Value, effects: &mut Vec<Effect>) {
    if let Err(refusal) = config.check(&value) {
        model.say(format!("{}: {refusal}", config.name));
        return;
    }
    let reason = own(model, &config.id).and_then(|mine| mine.reason.clone());
    if write_score(model, config, value, reason, effects) {
        to_next_open(model);
    }
}

/// Gives the reason for the row's value, or takes it away when empty.
pub(super) fn set_reason(model: &mut Model, config: &ScoreConfig, reason: &str, effects: &mut Vec<Effect>) {
    let Some(value) = own(model, &config.id).map(|mine| mine.value.clone()) else { return };
    let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    write_score(model, config, value, reason, effects);
}

fn own<'a>(model: &'a Model, config: &ConfigId) -> Option<&'a Mine> {
    model.current()?.mine.get(config)
}

fn write_score(
    model: &mut Model,
    config: &ScoreConfig,
    value: Value,
    reason: Option<String>,
    effects: &mut Vec<Effect>,
) -> bool {
    let mine = own(model, &config.id).cloned();
    let before = mine.as_ref().and_then(|mine| score_write(model, config, mine)).map(Write::Score);
    let mine = mine.or_else(|| new_score(model, config, &value));
    let write = mine.and_then(|mine| score_write(model, config, &Mine { value, reason, ..mine }));
    let Some((write, item)) = write.zip(model.review.item.clone()) else {
        model.say(why_not_yet(model));
        return false;
    };
    let write = Write::Score(write);
    // Given once more, a refused or overtaken value is a wish to try again; any other is no decision.
    let parked = |mine: &Mine| matches!(mine.progress, Progress::Refused(_) | Progress::Overtaken(_));
    if own(model, &config.id).is_some_and(parked)
        || !before.as_ref().is_some_and(|before| before.comes_to_the_same(&write))
    {
        record(model, &item, write, before, effects);
    }
    true
}

/// Why nothing can be said about the current item.
pub(super) fn why_not_yet(model: &Model) -> String {
    let Some(data) = model.current() else { return "there is no item here yet".into() };
    let kind = data.item.object.kind.noun();
    match &data.subject {
        _ if model.server.is_none() => "not connected: a score needs to know its project".into(),
        super::Load::Missing => format!("this {kind} is not at the server, so it takes no scores"),
        super::Load::Failed(_) => format!("this {kind} could not be loaded, so it takes no scores yet"),
        _ => "the item is still loading".into(),
    }
}

/// A score not given before.
fn new_score(model: &Model, config: &ScoreConfig, value: &Value) -> Option<Mine> {
    let target = model.current()?.target()?;
    let server = model.server.as_ref()?;
    let queue = model.reviewed_queue();
    let independent = queue.is_some_and(|q| model.start.independent.includes(&q.name, q.id.as_str()));
    Some(Mine {
        id: score_id(&server.project, &target, &config.id, &model.start.annotator, 0),
        value: value.clone(),
        reason: None,
        timestamp: model.now.wall,
        source: if independent { Source::Api } else { Source::Annotation },
        progress: Progress::Saving,
        at_server: false,
    })
}

/// A score of the current item with all that is sent with it.
fn score_write(model: &Model, config: &ScoreConfig, mine: &Mine) -> Option<ScoreWrite> {
    let data = model.current()?;
    Some(ScoreWrite {
        id: mine.id.clone(),
        target: data.target()?,
        config_id: Some(config.id.clone()),
        queue_id: Some(data.item.queue_id.clone()),
        name: config.name.clone(),
        value: mine.value.clone(),
        data_type: config.data_type,
        comment: mine.reason.clone(),
        source: mine.source.clone(),
        annotator: model.start.annotator.clone(),
        timestamp: mine.timestamp,
        environment: data.subject.ready().and_then(|subject| subject.environment()).map(str::to_owned),
    })
}

/// Makes a decision: shown as being saved at once, durable a moment later. `before` brings back
/// what it changes.
pub(super) fn record(
    model: &mut Model,
    item: &ItemId,
    write: Write,
    before: Option<Write>,
    effects: &mut Vec<Effect>,
) {
    let (token, decision) = decide(model, item, write, before);
    effects.push(Effect::Record(token, decision));
}

/// Makes a decision in place of one that stands alone and is not sent.
pub(super) fn amend(model: &mut Model, item: &ItemId, old: i64, write: Write, effects: &mut Vec<Effect>) {
    let (token, decision) = decide(model, item, write, None);
    effects.push(Effect::Amend(token, old, decision));
}

fn decide(
    model: &mut Model,
    item: &ItemId,
    write: Write,
    before: Option<Write>,
) -> (RecordToken, Box<Decision>) {
    let token = RecordToken(model.next_token);
    model.next_token += 1;
    let made = model.made(item, &write, before);
    model.saving.insert(token, (item.clone(), write.clone()));
    if let Some(data) = model.items.get_mut(item) {
        let thing = write.thing();
        data.unsaved.retain(|(old, _)| thing.is_none() || old.thing() != thing);
        data.saving.push((token, write.clone()));
        data.rebuild(&made.annotator);
    }
    (token, Box::new(Decision { item_id: item.clone(), write, made }))
}

/// Takes the current row's value away, or steps back to the row before an open one.
pub(super) fn clear(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(config) = model.current_config().cloned() else { return };
    let (Some(mine), Some(item)) = (own(model, &config.id).cloned(), model.review.item.clone()) else {
        if model.review.row > 0 {
            move_row(model, false);
        } else {
            model.say(format!("{} has no value to take away", config.name));
        }
        return;
    };
    let Some(before) = score_write(model, &config, &mine).map(Write::Score) else { return };
    let Some(gone) = before.reverse() else { return };
    record(model, &item, gone, Some(before), effects);
}

/// The row before or after, going round.
pub(super) fn move_row(model: &mut Model, forward: bool) {
    let rows = model.rubric_configs().len();
    if rows > 0 {
        let step = if forward { 1 } else { rows - 1 };
        model.review.row = (model.review.row + step) % rows;
        model.review.row_chosen.clone_from(&model.review.item);
    }
}

fn open_rows(model: &Model) -> Vec<bool> {
    let mine = model.current().map(|data| &data.mine);
    let is_open =
        |config: &&ScoreConfig| !config.is_archived && !mine.is_some_and(|m| m.contains_key(&config.id));
    model.rubric_configs().iter().map(is_open).collect()
}

/// On to the next row without a value; stays where all have one.
pub(super) fn to_next_open(model: &mut Model) {
    let open = open_rows(model);
    let row = model.review.row;
    let next = (row + 1..open.len()).chain(0..row).find(|at| open[*at]);
    model.review.row = next.unwrap_or(row);
    model.review.row_chosen.clone_from(&model.review.item);
}

/// To the first row without a value, or the first, unless the reviewer has been to one: a row that
/// changes between a look and a key takes the wrong decision.
pub(super) fn to_first_open(model: &mut Model) {
    if model.review.row_chosen.is_some() && model.review.row_chosen == model.review.item {
        return;
    }
    model.review.row = open_rows(model).iter().position(|open| *open).unwrap_or(0);
}

/// A write in a few words, for the list of unsent ones.
#[must_use]
pub fn describe_write(write: &Write) -> String {
    match write {
        Write::Score(score) => format!("{} = {}", score.name, score.value),
        Write::DeleteScore { .. } => "a score removed".into(),
        Write::Comment(comment) => format!("comment “{}”", comment.content),
        Write::Status { status: ItemStatus::Completed, .. } => "complete".into(),
        Write::Status { .. } => "reopen".into(),
        Write::AddItem { object, .. } => format!("{} added", object.kind.noun()),
        Write::RemoveItem { .. } => "removed from the queue".into(),
        Write::DatasetItem(item) => format!("item of dataset {}", item.dataset),
        Write::DeleteDatasetItem { dataset, .. } => format!("item of dataset {dataset} removed"),
        Write::Flag { reason: None, .. } => "flag removed".into(),
        Write::Flag { reason: Some(reason), .. } if reason.is_empty() => "flagged".into(),
        Write::Flag { reason: Some(reason), .. } => format!("flagged: {reason}"),
    }
}
