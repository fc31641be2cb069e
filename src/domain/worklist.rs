//! A queue's items oldest first, loaded page by page from an API that lists newest first.
//!
//! Only the pages around the cursor are ever held, so a queue of 100,000 items costs what its
//! visible window costs. Positions count from the oldest item, which new arrivals do not move.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::{Item, ItemId, ItemStatus};

/// Items per page: the most the API gives.
pub const PAGE: usize = 100;

/// A sparse list of a queue's items under one status filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Worklist {
    page_size: usize,
    /// Items at the server that match the filter, once known.
    at_server: Option<usize>,
    loaded: BTreeMap<usize, Item>,
    /// Positions of items that no longer match at the server but stay in view here, so that
    /// nothing jumps while a reviewer works through the list.
    gone: BTreeSet<usize>,
    /// Positions on loaded pages whose rows could not be read.
    unreadable: BTreeSet<usize>,
}

impl Default for Worklist {
    fn default() -> Self {
        Self::in_pages_of(PAGE)
    }
}

impl Worklist {
    /// An empty list whose pages hold so many items.
    #[must_use]
    pub fn in_pages_of(page_size: usize) -> Self {
        Self {
            page_size: page_size.max(1),
            at_server: None,
            loaded: BTreeMap::new(),
            gone: BTreeSet::new(),
            unreadable: BTreeSet::new(),
        }
    }

    /// Items per page.
    #[must_use]
    pub fn page_size(&self) -> usize {
        self.page_size
    }

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
            if self.is_missing(position) {
                let from_oldest = position - self.gone.range(..position).count();
                if let Some(from_newest) = total.checked_sub(from_oldest + 1) {
                    pages.insert(from_newest / self.page_size + 1);
                }
            }
        }
        pages.into_iter().collect()
    }

    fn is_missing(&self, position: usize) -> bool {
        !self.loaded.contains_key(&position) && !self.unreadable.contains(&position)
    }

    /// Takes a page in. `total` is what the server said it has under the filter.
    ///
    /// When the page or the total does not fit what is held, because others completed, added under
    /// a filter or removed items, all other pages are dropped and will be asked for again.
    pub fn place(&mut self, page: usize, total: usize, items: Vec<Item>) {
        if self.at_server.is_some_and(|before| total < before) {
            self.forget();
        }
        self.at_server = Some(total);
        let ranks = total.saturating_sub(page * self.page_size)
            ..total.saturating_sub(page.saturating_sub(1) * self.page_size);
        if !self.fits(ranks.clone().rev().zip(&items)) {
            self.forget();
        }
        for rank in ranks.clone().take(ranks.len().saturating_sub(items.len())) {
            self.unreadable.insert(self.here(rank));
        }
        for (rank, item) in ranks.rev().zip(items) {
            let position = self.here(rank);
            self.unreadable.remove(&position);
            let held = self.loaded.entry(position).or_insert_with(|| item.clone());
            // Answers overtake each other: the later change is right.
            if held.updated_at <= item.updated_at {
                *held = item;
            }
        }
    }

    /// Whether a page agrees with the others: an item that turns up elsewhere, or another one in
    /// its place, means that positions have moved.
    fn fits<'a>(&self, page: impl Iterator<Item = (usize, &'a Item)>) -> bool {
        let held: HashMap<&ItemId, usize> = self.loaded.iter().map(|(at, item)| (&item.id, *at)).collect();
        page.into_iter().all(|(rank, item)| {
            let position = self.here(rank);
            match held.get(&item.id) {
                Some(at) => *at == position,
                None => !self.loaded.contains_key(&position),
            }
        })
    }

    fn forget(&mut self) {
        self.loaded.clear();
        self.gone.clear();
        self.unreadable.clear();
    }

    /// Lets go of pages that are more than two pages away from all of these positions and from the
    /// end of the list, which is one key away from anywhere.
    pub fn keep_near(&mut self, positions: &[Range<usize>]) {
        let reach = 2 * self.page_size;
        let end = self.len().unwrap_or(0).saturating_sub(self.page_size);
        let wide = |near: &Range<usize>| near.start.saturating_sub(reach)..near.end + reach;
        let is_near = |at: usize| at >= end || positions.iter().any(|near| wide(near).contains(&at));
        self.loaded.retain(|at, _| is_near(*at) || self.gone.contains(at));
        self.unreadable.retain(|at| is_near(*at));
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

    /// Takes in what the server has just said about one item.
    pub fn update(&mut self, item: Item) {
        if let Some(held) = self.loaded.values_mut().find(|held| held.id == item.id) {
            *held = item;
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

    /// The first position at or after `from` whose item is `wanted`, or the first one whose page
    /// must be loaded to know.
    #[must_use]
    pub fn next(&self, from: usize, wanted: impl Fn(&Item) -> bool) -> Option<Next> {
        (from..self.len()?).find_map(|position| match self.loaded.get(&position) {
            Some(item) => wanted(item).then_some(Next::Item(position)),
            None => self.is_missing(position).then_some(Next::Unknown(position)),
        })
    }

    /// Forgets everything but the size of pages; the next page starts afresh.
    pub fn reset(&mut self) {
        *self = Self::in_pages_of(self.page_size);
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
pub(super) mod tests {
    use super::*;
    use crate::domain::{Object, ObjectKind};

    pub(in crate::domain) fn item(n: usize) -> Item {
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

    fn is_pending(item: &Item) -> bool {
        item.status == ItemStatus::Pending
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
        assert_eq!(list.next(3, is_pending), Some(Next::Item(4)));
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
    fn what_is_not_wanted_is_not_next() {
        let mut list = Worklist::default();
        let (n, total, items) = page(1, 4, &[]);
        list.place(n, total, items);
        list.set_status(&"i1".into(), ItemStatus::Completed);
        let wanted = |item: &Item| is_pending(item) && item.id.as_str() != "i0";
        assert_eq!(list.next(0, wanted), Some(Next::Item(2)));
        assert_eq!(list.next(4, wanted), None);
    }

    #[test]
    fn as_many_completed_by_others_as_added_is_noticed_where_pages_meet() {
        let mut list = Worklist::default();
        let (n, total, items) = page(1, 40, &[]);
        list.place(n, total, items);
        // 5 is completed and 40 is added: the total stays.
        let (n, total, items) = page(1, 41, &[5]);
        assert_eq!(total, 40);
        list.place(n, total, items);
        assert_eq!(id_at(&list, 5).as_deref(), Some("i6"));
        assert_eq!(list.position(&"i5".into()), None);
    }

    #[test]
    fn pages_far_away_are_let_go_and_asked_for_again() {
        let mut list = Worklist::default();
        for n in (1..=100).rev() {
            let (n, total, items) = page(n, 10_000, &[]);
            list.place(n, total, items);
            list.keep_near(std::slice::from_ref(&(10_000 - n * PAGE..10_000 - n * PAGE + 1)));
            assert!(list.iter().count() <= 6 * PAGE, "{}", list.iter().count());
        }
        list.keep_near(std::slice::from_ref(&(5000..5001)));
        assert_eq!(list.missing_pages(0..PAGE), [100]);
        assert_eq!(list.missing_pages(9_900..10_000), [] as [usize; 0], "the end is always at hand");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_not_asked_for_forever() {
        let mut list = Worklist::default();
        let (n, total, mut items) = page(1, 3, &[]);
        items.pop();
        list.place(n, total, items);
        assert_eq!(list.missing_pages(0..3), [] as [usize; 0]);
        assert_eq!(list.next(0, |_| false), None);
    }
}
