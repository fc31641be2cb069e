//! Undo and redo. A decision is undone by bringing its thing back to what it was before: what was
//! never sent simply is not, the rest takes another write. Everything done here is a row of the
//! journal, too.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::rows::{CLOSED, OPEN, UNDONE, select, text};
use super::things::{Entry, base, set_replaced, standing};
use super::{Scope, Store, StoreError};
use crate::domain::{Decision, Origin, Undone, Write, WriteState, Written};

impl Store {
    /// Undoes the annotator's last decision that still stands. With `hold`, all that waits beside it
    /// on the same item is held again: the caller shows the item, or releases it.
    ///
    /// # Errors
    /// When it could not be saved; then nothing has changed.
    pub fn undo(
        &mut self,
        scope: &Scope,
        annotator: &str,
        hold: bool,
        now: Timestamp,
    ) -> Result<Undone, StoreError> {
        let run = self.run;
        self.write(|tx| {
            let Some(decision) = candidate(tx, scope, annotator, OPEN, "DESC")? else {
                return Ok(Undone::Nothing);
            };
            let turn = Turn { tx, scope, run, decision, origin: Origin::Undo, now };
            let undone = turn.undo()?;
            if hold && let Undone::Done { decision, .. } = &undone {
                hold_again(tx, scope, decision, now)?;
            }
            Ok(undone)
        })
    }

    /// Does the decision again that was undone last, unless something else was decided since.
    ///
    /// # Errors
    /// When it could not be saved; then nothing has changed.
    pub fn redo(&mut self, scope: &Scope, annotator: &str, now: Timestamp) -> Result<Undone, StoreError> {
        let run = self.run;
        self.write(|tx| {
            let Some(decision) = candidate(tx, scope, annotator, UNDONE, "ASC")? else {
                return Ok(Undone::Nothing);
            };
            Turn { tx, scope, run, decision, origin: Origin::Redo, now }.redo()
        })
    }

    /// The decision that [`Store::undo`] would undo now.
    pub fn next_undo(&self, scope: &Scope, annotator: &str) -> Result<Option<Written>, StoreError> {
        candidate(&self.connection, scope, annotator, OPEN, "DESC")
    }

    /// The decision that [`Store::redo`] would do again now.
    pub fn next_redo(&self, scope: &Scope, annotator: &str) -> Result<Option<Written>, StoreError> {
        candidate(&self.connection, scope, annotator, UNDONE, "ASC")
    }
}

/// The decision whose turn it is.
fn candidate(
    connection: &Connection,
    scope: &Scope,
    annotator: &str,
    undo: &str,
    order: &str,
) -> Result<Option<Written>, StoreError> {
    let found = select(
        connection,
        &format!("host = ? AND project = ? AND undo = ? AND annotator = ? ORDER BY seq {order} LIMIT 1"),
        params![scope.host, scope.project.as_str(), undo, annotator],
    )?;
    Ok(found.into_iter().next())
}

/// After a new decision what was undone before cannot be done again.
pub(super) fn close_undone(tx: &Transaction<'_>, scope: &Scope, annotator: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET undo = ? WHERE host = ? AND project = ? AND undo = ? AND annotator = ?",
        params![CLOSED, scope.host, scope.project.as_str(), UNDONE, annotator],
    )?;
    Ok(())
}

/// The item is under review again, so what was not sent yet waits with it.
fn hold_again(
    tx: &Transaction<'_>,
    scope: &Scope,
    decision: &Written,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'held', next_attempt_at = NULL, changed_at = ?
         WHERE host = ? AND project = ? AND item = ? AND state = 'pending' AND attempts = 0",
        params![text(now), scope.host, scope.project.as_str(), decision.item_id.as_str()],
    )?;
    Ok(())
}

/// One decision being undone or done again.
struct Turn<'a> {
    tx: &'a Transaction<'a>,
    scope: &'a Scope,
    run: uuid::Uuid,
    decision: Written,
    origin: fn(i64) -> Origin,
    now: Timestamp,
}

impl Turn<'_> {
    fn undo(self) -> Result<Undone, StoreError> {
        if let Some(thing) = self.decision.write.thing() {
            let before = self.decision.made.before.as_deref().cloned();
            let Some(wanted) = before.or_else(|| self.decision.write.reverse()) else {
                return self.too_late();
            };
            return self.bring_about(&thing, wanted, UNDONE);
        }
        let Some(last) = self.last_of_it()? else { return self.too_late() };
        if last.is_untried() || last.state == WriteState::Refused {
            set_replaced(self.tx, last.seq, self.now)?;
            return self.done(UNDONE, false);
        }
        match (&last.write, &last.answer) {
            (Write::RemoveItem { .. }, _) => match last.write.reverse() {
                Some(back) => self.add(back, UNDONE),
                None => self.too_late(),
            },
            (Write::AddItem { queue_id, object }, Some(id)) => {
                let (queue_id, object) = (queue_id.clone(), object.clone());
                self.add(Write::RemoveItem { queue_id, item_id: id.as_str().into(), object }, UNDONE)
            }
            (Write::AddItem { .. }, None) => Ok(Undone::NotYet(self.decision)),
            _ => self.too_late(),
        }
    }

    fn redo(self) -> Result<Undone, StoreError> {
        let again = self.decision.write.clone();
        if let Some(thing) = again.thing() {
            return self.bring_about(&thing, again, OPEN);
        }
        // An item that was put back has another id by now.
        let put_back = self.last_of_it()?.filter(|last| last.seq != self.decision.seq);
        match (again, put_back) {
            (Write::RemoveItem { queue_id, object, .. }, Some(back)) => match back.answer {
                Some(id) => self.add(Write::RemoveItem { queue_id, item_id: id.into(), object }, OPEN),
                None if back.is_untried() => {
                    set_replaced(self.tx, back.seq, self.now)?;
                    self.done(OPEN, false)
                }
                None => Ok(Undone::NotYet(self.decision)),
            },
            (Write::AddItem { .. }, Some(removal)) if removal.is_untried() => {
                set_replaced(self.tx, removal.seq, self.now)?;
                self.done(OPEN, false)
            }
            (again, _) => self.add(again, OPEN),
        }
    }

    /// Brings the decision's thing into a state.
    fn bring_about(self, thing: &str, mut wanted: Write, undo: &str) -> Result<Undone, StoreError> {
        let standing = standing(self.tx, self.scope, thing)?;
        let has = match &standing {
            Some(row) => row.write.clone().into(),
            None => base(self.tx, self.decision.seq)?,
        };
        // The score may have got another id since.
        if let (Write::DeleteScore { id, .. }, Some(Write::Score(score))) = (&mut wanted, &has) {
            id.clone_from(&score.id);
        }
        let row = self.entry(wanted, has.clone()).bring_about(self.tx, has)?;
        self.done(undo, row.is_unsent())
    }

    /// Adds a write that stands alone.
    fn add(self, write: Write, undo: &str) -> Result<Undone, StoreError> {
        self.entry(write, None).bring_about(self.tx, None)?;
        self.done(undo, true)
    }

    fn entry(&self, write: Write, before: Option<Write>) -> Entry<'_> {
        let mut made = self.decision.made.clone();
        made.before = before.map(Box::new);
        made.on_screen = None;
        let decision = Decision { item_id: self.decision.item_id.clone(), write, made };
        let origin = (self.origin)(self.decision.seq);
        Entry { scope: self.scope, run: self.run, decision, origin, now: self.now }
    }

    /// The last row about a decision that stands alone.
    fn last_of_it(&self) -> Result<Option<Written>, StoreError> {
        let found = select(
            self.tx,
            "(seq = ?1 OR of_seq = ?1) AND state <> 'replaced' ORDER BY seq DESC LIMIT 1",
            [self.decision.seq],
        )?;
        Ok(found.into_iter().next())
    }

    fn done(self, undo: &str, sends: bool) -> Result<Undone, StoreError> {
        self.mark(undo)?;
        let decision = Written { undone: undo == UNDONE, ..self.decision };
        Ok(Undone::Done { decision, sends })
    }

    fn too_late(self) -> Result<Undone, StoreError> {
        self.mark(CLOSED)?;
        Ok(Undone::TooLate(self.decision))
    }

    fn mark(&self, undo: &str) -> Result<(), StoreError> {
        self.tx.execute("UPDATE outbox SET undo = ? WHERE seq = ?", params![undo, self.decision.seq])?;
        Ok(())
    }
}
