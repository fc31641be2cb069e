//! Carrying effects out: reads become tasks, decisions go to the store's thread.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::task::AbortHandle;

use super::clock;
use super::dial::{Cell, Dialing};
use super::fetch::{self, Messages, tell};
use super::layout;
use super::link::{Dialer, Link};
use super::panics;
use super::storage::Storage;
use crate::api::{Priority, Urgency};
use crate::app::{Effect, LocalState, Msg, RecordToken, Start, Wanted};
use crate::domain::{Decision, Item, ItemId, Undone};
use crate::store::{Scope, SharedStore, Store, StoreError};

/// What only the event loop can do, since it owns the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    Suspend,
    Redraw,
    Edit(String),
    Quit,
}

/// An item being fetched.
#[derive(Debug)]
struct Fetching {
    task: AbortHandle,
    urgency: Urgency,
}

/// Carries effects out.
#[derive(Debug)]
pub(super) struct Executor {
    messages: Messages,
    storage: Storage,
    dialer: Dialer,
    zone: TimeZone,
    annotator: String,
    link: Cell,
    dialing: Option<AbortHandle>,
    fetching: HashMap<ItemId, Fetching>,
}

impl Executor {
    pub(super) fn new(messages: Messages, storage: Storage, dialer: Dialer, start: &Start) -> Self {
        let (zone, annotator) = (start.zone.clone(), start.annotator.clone());
        let (link, fetching) = (Arc::default(), HashMap::new());
        Self { messages, storage, dialer, zone, annotator, link, dialing: None, fetching }
    }

    /// Starts what an effect asks for; what needs the terminal comes back.
    pub(super) fn start(&mut self, effect: Effect) -> Option<Control> {
        match effect {
            Effect::Suspend => return Some(Control::Suspend),
            Effect::Redraw => return Some(Control::Redraw),
            Effect::EditExternally(text) => return Some(Control::Edit(text)),
            Effect::Quit => return Some(Control::Quit),
            Effect::Connect => self.connect(),
            Effect::LayOut(key, source) => {
                let (messages, zone) = (self.messages.clone(), self.zone.clone());
                self.dialer.tasks.spawn_blocking(move || {
                    let rows = panics::contain(|| layout::lay_out(&key, &source, &zone));
                    let rows = rows.unwrap_or_else(|| layout::apology(key.width));
                    tell(&messages, Msg::LaidOut(key, Arc::new(rows)));
                });
            }
            Effect::Copy(text) => {
                if let Err(error) = super::external::copy(&text) {
                    tell(&self.messages, Msg::Notice(format!("cannot copy: {error}")));
                }
            }
            Effect::Browse(address) => {
                if let Err(why) = super::external::browse(&address) {
                    tell(&self.messages, Msg::Notice(why));
                }
            }
            other => self.start_linked(other),
        }
        None
    }

    /// Effects that need a server and its scope. They are only asked for once connected.
    fn start_linked(&mut self, effect: Effect) {
        let Some(link) = self.link.get().cloned() else {
            self.cannot_yet(&effect);
            return;
        };
        match effect {
            Effect::Record(token, decision) => self.record(&link, token, *decision),
            Effect::Undo => self
                .turn_back(&link, Msg::Undone, |store, scope, by| store.undo(scope, by, true, clock::wall())),
            Effect::Redo => {
                self.turn_back(&link, Msg::Redone, |store, scope, by| store.redo(scope, by, clock::wall()));
            }
            Effect::Discard(seqs) => self.discard(&link, seqs),
            Effect::Amend(token, old, decision) => self.amend(&link, token, old, *decision),
            Effect::LookAgain(seqs) => self.look_again(&link, seqs),
            Effect::LoadLocal(item) => self.load_local(&link, item),
            Effect::Wake => self.dialer.wake_sender(),
            Effect::Release(item, not_before) => self.release(&link, Some(item), not_before),
            Effect::ReleaseAll => self.release(&link, None, None),
            Effect::Retry(seqs) => self.retry(&link, seqs),
            Effect::SaveDraft(item, key, text) => {
                let key = draft_key(&item, &key);
                self.store(&link, move |store, scope| {
                    let mut store = store.lock();
                    if text.is_empty() {
                        store.delete_draft(scope, &key)
                    } else {
                        store.save_draft(scope, &key, &text, clock::wall())
                    }
                });
            }
            Effect::Want(wanted) => self.want(&link, wanted),
            read => self.read(link, read),
        }
    }

    /// What waits for an answer gets one.
    fn cannot_yet(&self, effect: &Effect) {
        let why = || "not connected yet".to_owned();
        match effect {
            Effect::Record(token, _) => tell(&self.messages, Msg::Recorded(*token, Err(why()))),
            Effect::Undo => tell(&self.messages, Msg::Undone(Err(why()))),
            Effect::Redo => tell(&self.messages, Msg::Redone(Err(why()))),
            // Which one is not logged: it may hold what a reviewer wrote.
            _ => tracing::debug!("not connected yet, so there is nothing to do"),
        }
    }

    fn read(&self, link: Arc<Link>, effect: Effect) {
        let (tasks, messages) = (&self.dialer.tasks, self.messages.clone());
        match effect {
            Effect::FetchQueues => {
                let wake = self.dialer.wake.clone();
                tasks.spawn(async move {
                    if fetch::queues(&link, &messages).await {
                        wake.notify_one();
                    }
                });
            }
            Effect::FetchConfigs => {
                tasks.spawn(async move {
                    let result = link.reader.score_configs().await.map_err(|e| fetch::failure(&e));
                    tell(&messages, Msg::Configs(result));
                });
            }
            Effect::FetchCounts(queues) => drop(tasks.spawn(fetch::counts(link, queues, messages))),
            Effect::FetchItems(page) => {
                drop(tasks.spawn(fetch::items(link, page, self.storage.store(), messages)));
            }
            Effect::FetchItem(queue, item) => {
                tasks.spawn(async move {
                    let result = link.reader.item(&queue, &item).await.map_err(|e| fetch::failure(&e));
                    tell(&messages, Msg::Item(result));
                });
            }
            Effect::SeeItem(queue, item) => {
                tasks.spawn(async move { fetch::see(&link.reader, &queue, &item, &messages).await });
            }
            Effect::FetchLabels(objects) => drop(tasks.spawn(fetch::labels(link, objects, messages))),
            Effect::FetchComments(item, object) => {
                drop(tasks.spawn(fetch::comments(link, item, object, messages)));
            }
            _ => tracing::error!("an effect that nobody carries out"),
        }
    }

    /// Connects, or tries again at once where that is under way already.
    fn connect(&mut self) {
        if self.dialing.as_ref().is_some_and(|dialing| !dialing.is_finished()) {
            self.dialer.hurry.notify_one();
            return;
        }
        let dialing = Dialing {
            dialer: self.dialer.clone(),
            messages: self.messages.clone(),
            cell: self.link.clone(),
            store: self.storage.store(),
        };
        self.dialing = Some(self.dialer.tasks.spawn(dialing.run()).abort_handle());
    }

    /// Runs a change of the store in its turn and tells when it failed.
    fn store(
        &self,
        link: &Arc<Link>,
        change: impl FnOnce(&SharedStore, &Scope) -> Result<(), StoreError> + Send + 'static,
    ) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| {
            if let Err(error) = change(store, &link.scope) {
                tell(&messages, Msg::Notice(error.to_string()));
            }
        });
    }

    fn record(&self, link: &Arc<Link>, token: RecordToken, decision: Decision) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| {
            let mut store = store.lock();
            let recorded = store.record(&link.scope, &decision, clock::wall());
            tell(&messages, Msg::Recorded(token, recorded.map_err(|e| e.to_string())));
        });
    }

    /// Undoes or redoes, and tells what the item and the outbox look like now.
    fn turn_back(
        &self,
        link: &Arc<Link>,
        told: fn(Result<Undone, String>) -> Msg,
        turn: fn(&mut Store, &Scope, &str) -> Result<Undone, StoreError>,
    ) {
        let (messages, link, annotator) = (self.messages.clone(), link.clone(), self.annotator.clone());
        self.storage.run(move |store| {
            let store = &mut *store.lock();
            let turned = turn(store, &link.scope, &annotator);
            if let Ok(Undone::Done { decision, .. }) = &turned {
                tell_local(store, &link.scope, decision.item_id.clone(), &messages);
                tell_flags(store, &link.scope, &messages);
                tell_open(store, &link.scope, &messages);
            }
            tell(&messages, told(turned.map_err(|e| e.to_string())));
        });
    }

    fn discard(&self, link: &Arc<Link>, seqs: Vec<i64>) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| {
            let store = &mut *store.lock();
            for seq in seqs {
                match store.discard(seq, clock::wall()) {
                    Ok(Some(_)) => {}
                    Ok(None) => tell(&messages, Msg::Notice("too late: it is on its way".into())),
                    Err(error) => tell(&messages, Msg::Notice(error.to_string())),
                }
            }
            tell_open(store, &link.scope, &messages);
        });
    }

    /// Puts a decision into the place of another. Nothing is sent in between: the store is kept.
    fn amend(&self, link: &Arc<Link>, token: RecordToken, old: i64, decision: Decision) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| {
            let store = &mut *store.lock();
            let amended = match store.discard(old, clock::wall()) {
                Ok(Some(_)) => store.record(&link.scope, &decision, clock::wall()).map_err(|e| e.to_string()),
                Ok(None) => Err("what it should replace is on its way already".into()),
                Err(error) => Err(error.to_string()),
            };
            tell(&messages, Msg::Recorded(token, amended));
            tell_open(store, &link.scope, &messages);
        });
    }

    /// Tells how far writes have got that another program may have sent, then what is open now.
    fn look_again(&self, link: &Arc<Link>, seqs: Vec<i64>) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| {
            let store = &*store.lock();
            let open = match store.open_writes(&link.scope) {
                Ok(open) => open,
                Err(error) => return tell(&messages, Msg::Notice(error.to_string())),
            };
            let is_open = |seq: &i64| open.binary_search_by_key(seq, |written| written.seq).is_ok();
            for seq in seqs.into_iter().filter(|seq| !is_open(seq)) {
                match store.written(seq) {
                    Ok(written) => tell(&messages, Msg::Written(written)),
                    Err(error) => tell(&messages, Msg::Notice(error.to_string())),
                }
            }
            tell(&messages, Msg::OpenWrites(open));
        });
    }

    fn release(&self, link: &Arc<Link>, item: Option<ItemId>, not_before: Option<jiff::Timestamp>) {
        let dialer = self.dialer.clone();
        self.store(link, move |store, scope| {
            store.lock().release(scope, item.as_ref(), not_before, clock::wall())?;
            dialer.wake_sender();
            Ok(())
        });
    }

    fn retry(&self, link: &Arc<Link>, seqs: Vec<i64>) {
        let (dialer, messages) = (self.dialer.clone(), self.messages.clone());
        self.store(link, move |store, scope| {
            let store = &mut *store.lock();
            for seq in seqs {
                store.retry(seq, clock::wall())?;
            }
            tell_open(store, scope, &messages);
            dialer.wake_sender();
            Ok(())
        });
    }

    /// Fetches what is wanted and not yet being fetched, and stops fetching the rest. What comes on
    /// screen while it is being fetched ahead becomes urgent.
    fn want(&mut self, link: &Arc<Link>, wanted: Wanted) {
        let Wanted { items, on_screen } = wanted;
        self.fetching.retain(|id, fetching| {
            let wanted = items.iter().any(|item| item.id == *id);
            if !wanted {
                fetching.task.abort();
            }
            wanted && !fetching.task.is_finished()
        });
        for item in items {
            let is_shown = on_screen.as_ref() == Some(&item.id);
            let priority = if is_shown { Priority::Screen } else { Priority::Prefetch };
            match self.fetching.get(&item.id) {
                Some(fetching) => fetching.urgency.set(priority),
                None => self.fetch(link, item, priority),
            }
        }
    }

    fn fetch(&mut self, link: &Arc<Link>, item: Item, priority: Priority) {
        self.load_local(link, item.id.clone());
        let (id, urgency) = (item.id.clone(), Urgency::new(priority));
        let (link, dialer, messages) = (link.clone(), self.dialer.clone(), self.messages.clone());
        let reader = link.reader.clone().with_urgency(&urgency);
        let task = self.dialer.tasks.spawn(async move {
            if fetch::item(&reader, item, messages).await {
                // It answers: whatever waits for the network need not wait any longer.
                dialer.wake.notify_one();
            }
        });
        self.fetching.insert(id, Fetching { task: task.abort_handle(), urgency });
    }

    fn load_local(&self, link: &Arc<Link>, item: ItemId) {
        let (messages, link) = (self.messages.clone(), link.clone());
        self.storage.run(move |store| tell_local(&store.lock(), &link.scope, item, &messages));
    }
}

fn draft_key(item: &ItemId, key: &str) -> String {
    format!("{item}/{key}")
}

/// Tells what is stored about an item. Taking the store, rather than a handle on it, keeps the
/// sender from telling something newer first.
fn tell_local(store: &Store, scope: &Scope, item: ItemId, messages: &Messages) {
    match local_state(store, scope, &item) {
        Ok(state) => tell(messages, Msg::Local(item, state)),
        Err(error) => tell(messages, Msg::Notice(error.to_string())),
    }
}

/// Tells what is still to be sent; takes the store for the same reason.
pub(super) fn tell_open(store: &Store, scope: &Scope, messages: &Messages) {
    match store.open_writes(scope) {
        Ok(open) => tell(messages, Msg::OpenWrites(open)),
        Err(error) => tell(messages, Msg::Notice(error.to_string())),
    }
}

/// Tells which items are flagged.
pub(super) fn tell_flags(store: &Store, scope: &Scope, messages: &Messages) {
    match store.flags(scope) {
        Ok(flags) => tell(messages, Msg::Flags(flags)),
        Err(error) => tell(messages, Msg::Notice(error.to_string())),
    }
}

fn local_state(store: &Store, scope: &Scope, item: &ItemId) -> Result<LocalState, StoreError> {
    let writes = store.of_item(scope, item)?;
    let prefix = draft_key(item, "");
    let drafts = store.drafts(scope)?;
    let own = |(key, text): (String, String)| key.strip_prefix(&prefix).map(|key| (key.to_owned(), text));
    Ok(LocalState { writes, drafts: drafts.into_iter().filter_map(own).collect() })
}
