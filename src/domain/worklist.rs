//! A queue's items oldest first, loaded page by page from an API that lists newest first.
//!
//! Only the pages around the cursor are ever held, so a queue of 100,000 items costs what its
//! visible window costs. Positions count from the oldest item, which new arrivals do not move.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Item, ItemId, ItemStatus};

/// Items per page: the most the API gives.
pub const PAGE: usize = 100;

/// A sparse list of a queue's items under one status filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Worklist {
    /// Items at the server that match the filter, once known.
    at_server: Option<usize>,
    loaded: BTreeMap<usize, Item>,
    /// Positions of items that no longer match at the server but stay in view here, so that
    /// nothing jumps while a reviewer works through the list.
    gone: BTreeSet<usize>,
}

impl Worklist {
    /// Length once the first page has arrived.
    #[must_use]
    pub fn len(&self) -> Option<usize> {
        self.at_server.map(|n| n + self.gone.len())
    }

    /// Whether it is known to have no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The item at a position, if loaded.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Item> {
        self.loaded.get(&position)
    }

    /// Where an item stands, if loaded.
    #[must_use]
    pub fn position(&self, id: &ItemId) -> Option<usize> {
        self.loaded.iter().find(|(_, item)| item.id == *id).map(|(position, _)| *position)
    }

    /// The API pages (from 1, newest first) that hold the positions not yet loaded in a range.
    #[must_use]
    pub fn missing_pages(&self, range: Range<usize>) -> Vec<usize> {
        let Some(total) = self.at_server else { return vec![1] };
        let mut pages = BTreeSet::new();
        for position in range.start..range.end.min(total + self.gone.len()) {
            if !self.loaded.contains_key(&position) {
                let from_oldest = position - self.gone.range(..position).count();
                if let Some(from_newest) = total.checked_sub(from_oldest + 1) {
                    pages.insert(from_newest / PAGE + 1);
                }
            }
        }
        pages.into_iter().collect()
    }

    /// Takes a page in. `total` is what the server said it has under the filter.
    ///
    /// When the total no longer fits what is held, because others completed, added under a filter
    /// or removed items, all other pages are dropped and will be asked for again.
    pub fn place(&mut self, page: usize, total: usize, items: Vec<Item>) {
        if self.at_server.is_some_and(|before| total < before) {
            self.loaded.clear();
            self.gone.clear();
        }
        self.at_server = Some(total);
        for (n, item) in items.into_iter().enumerate() {
            let from_newest = (page - 1) * PAGE + n;
            let Some(from_oldest) = total.checked_sub(from_newest + 1) else { continue };
            let position = self.here(from_oldest);
            // A known item that turns up elsewhere means that positions have moved.
            if self.position(&item.id).is_some_and(|held| held != position) {
                self.loaded.clear();
                self.gone.clear();
                self.loaded.insert(from_oldest, item);
            } else {
                self.loaded.insert(position, item);
            }
        }
    }

    /// Position here of the n-th oldest item at the server.
    fn here(&self, from_oldest: usize) -> usize {
        let mut position = from_oldest;
        for gone in &self.gone {
            if *gone <= position {
                position += 1;
            } else {
                break;
            }
        }
        position
    }

    /// Notes a new state of an item as decided here.
    pub fn set_status(&mut self, id: &ItemId, status: ItemStatus) {
        if let Some(item) = self.loaded.values_mut().find(|item| item.id == *id) {
            item.status = status;
        }
    }

    /// Notes that the server has the item's new state, so that it no longer matches the filter.
    pub fn leave(&mut self, id: &ItemId) {
        if let (Some(position), Some(total)) = (self.position(id), self.at_server)
            && self.gone.insert(position)
        {
            self.at_server = Some(total.saturating_sub(1));
        }
    }

    /// Notes that the server has taken the item back under the filter.
    pub fn come_back(&mut self, id: &ItemId) {
        if let (Some(position), Some(total)) = (self.position(id), self.at_server)
            && self.gone.remove(&position)
        {
            self.at_server = Some(total + 1);
        }
    }

    /// The first position at or after `from` that is pending and not among `skipped`, or the
    /// first one whose page must be loaded to know.
    #[must_use]
    pub fn next_open(&self, from: usize, skipped: &BTreeSet<ItemId>) -> Option<Next> {
        (from..self.len()?).find_map(|position| match self.loaded.get(&position) {
            None if self.gone.contains(&position) => None,
            None => Some(Next::Unknown(position)),
            Some(item) if item.status == ItemStatus::Pending && !skipped.contains(&item.id) => {
                Some(Next::Item(position))
            }
            Some(_) => None,
        })
    }

    /// Forgets everything but which filter it is for; the next page starts afresh.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Loaded items with their positions.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.loaded.iter().map(|(position, item)| (*position, item))
    }
}

/// What comes next in a worklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The item at this position.
    Item(usize),
    /// This position has to be loaded first.
    Unknown(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Object, ObjectKind};

    fn item(n: usize) -> Item {
        let at = jiff::Timestamp::from_second(i64::try_from(n).unwrap()).unwrap();
        Item {
            id: ItemId::from(format!("i{n}")),
            queue_id: "q".into(),
            object: Object { kind: ObjectKind::Trace, id: format!("t{n}") },
            status: ItemStatus::Pending,
            completed_at: None,
            created_at: at,
            updated_at: at,
        }
    }

    /// The page a server with items `0..total` (and none of `without`) would answer.
    fn page(page: usize, total: usize, without: &[usize]) -> (usize, usize, Vec<Item>) {
        let all: Vec<usize> = (0..total).rev().filter(|n| !without.contains(n)).collect();
        let shown = all.iter().skip((page - 1) * PAGE).take(PAGE).map(|n| item(*n)).collect();
        (page, all.len(), shown)
    }

    fn id_at(list: &Worklist, position: usize) -> Option<String> {
        list.get(position).map(|item| item.id.to_string())
    }

    #[test]
    fn the_oldest_item_is_first_and_only_its_page_is_loaded() {
        let mut list = Worklist::default();
        assert_eq!(list.missing_pages(0..30), [1]);
        let (n, total, items) = page(1, 100_050, &[]);
        list.place(n, total, items);
        assert_eq!(list.missing_pages(0..30), [1001]);
        let (n, total, items) = page(1001, 100_050, &[]);
        list.place(n, total, items);
        assert_eq!(id_at(&list, 0).as_deref(), Some("i0"));
        assert_eq!(list.iter().count(), 150);
    }

    #[test]
    fn arrivals_do_not_move_positions() {
        let mut list = Worklist::default();
        let (n, total, items) = page(1, 40, &[]);
        list.place(n, total, items);
        let (n, total, items) = page(1, 43, &[]);
        list.place(n, total, items);
        assert_eq!(list.len(), Some(43));
        assert_eq!(id_at(&list, 7).as_deref(), Some("i7"));
        assert_eq!(id_at(&list, 42).as_deref(), Some("i42"));
    }

    #[test]
    fn completed_here_stays_in_place_and_later_pages_still_fit() {
        let mut list = Worklist::default();
        let (n, total, items) = page(3, 250, &[]);
        list.place(n, total, items);
        list.set_status(&"i3".into(), ItemStatus::Completed);
        list.leave(&"i3".into());
        let (n, total, items) = page(2, 250, &[3]);
        list.place(n, total, items);
        assert_eq!(list.len(), Some(250));
        assert_eq!(id_at(&list, 3).as_deref(), Some("i3"));
        assert_eq!(id_at(&list, 60).as_deref(), Some("i60"));
        assert_eq!(list.next_open(3, &BTreeSet::new()), Some(Next::Item(4)));
    }

    #[test]
    fn completed_by_others_drops_what_no_longer_fits() {
        let mut list = Worklist::default();
        let (n, total, items) = page(1, 40, &[]);
        list.place(n, total, items);
        let (n, total, items) = page(1, 40, &[5, 6]);
        list.place(n, total, items);
        assert_eq!(list.len(), Some(38));
        assert_eq!(id_at(&list, 5).as_deref(), Some("i7"));
    }

    #[test]
    fn skipped_and_done_items_are_not_next() {
        let mut list = Worklist::default();
        let (n, total, items) = page(1, 4, &[]);
        list.place(n, total, items);
        list.set_status(&"i1".into(), ItemStatus::Completed);
        let skipped = BTreeSet::from([ItemId::from("i0")]);
        assert_eq!(list.next_open(0, &skipped), Some(Next::Item(2)));
        assert_eq!(list.next_open(4, &skipped), None);
    }
}
