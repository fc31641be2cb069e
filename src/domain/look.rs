//! The last look at a queue before it is called done.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Item;

/// Passes after which an ever-changing list is believed: each of them found nothing.
const MOST_PASSES: u32 = 20;
/// Answers in a row that lead no further before looking is given up.
const MOST_STALLS: u32 = 20;

/// Reads a whole list page by page, oldest items first, until it is certain that there was a moment
/// at which the list held nothing but what was read.
///
/// The list changes while it is read: with one item completed and one added between two pages, an
/// item slips from a page not yet read onto one read before, and no number tells. So unless one
/// page holds everything, the list is read again, and only believed when the second reading shows
/// what the first one did. Whoever uses this judges the items of each page and stops at a find.
#[derive(Debug, Clone, PartialEq)]
pub struct LastLook {
    page_size: usize,
    /// The page to be asked for.
    page: usize,
    /// Items read in this pass, counted from the oldest.
    read: usize,
    digest: u64,
    /// How many items the pass before has read, and their digest.
    before: Option<(usize, u64)>,
    passes: u32,
    stalls: u32,
    is_over: bool,
}

impl LastLook {
    /// A look at a list that comes in pages of this size.
    #[must_use]
    pub fn new(page_size: usize) -> Self {
        Self {
            page_size: page_size.max(1),
            page: 1,
            read: 0,
            digest: 0,
            before: None,
            passes: 0,
            stalls: 0,
            is_over: false,
        }
    }

    /// The page to ask for next; each answer must be to a question asked after the answer before.
    #[must_use]
    pub fn page(&self) -> usize {
        self.page
    }

    /// Whether everything has been seen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes in the page asked for, newest first, and the server's total.
    pub fn take(&mut self, total: usize, newest_first: &[Item]) {
        if self.page == 1 && total <= self.page_size {
            self.is_over = true;
            return;
        }
        // Counted from the oldest, which additions do not move.
        let end = total.saturating_sub((self.page - 1) * self.page_size);
        let start = total.saturating_sub(self.page * self.page_size);
        if (start..end).contains(&self.read) {
            self.stalls = 0;
            self.read_on(end, newest_first.iter().rev().skip(self.read - start));
        } else {
            self.stalls += 1;
        }
        if self.read >= total {
            self.end_pass();
        }
        self.is_over |= self.stalls > MOST_STALLS || self.passes >= MOST_PASSES;
        self.page = total.saturating_sub(self.read + 1) / self.page_size + 1;
    }

    fn read_on<'a>(&mut self, end: usize, items: impl Iterator<Item = &'a Item>) {
        for item in items {
            let mut hasher = DefaultHasher::new();
            (self.digest, item.id.as_str(), item.updated_at.as_nanosecond()).hash(&mut hasher);
            self.digest = hasher.finish();
            self.read += 1;
            // As it was when the pass before ended, so that then this was all there was.
            self.is_over |= self.before == Some((self.read, self.digest));
        }
        // Rows that could not be read are passed over.
        self.read = self.read.max(end);
    }

    fn end_pass(&mut self) {
        self.before = Some((self.read, self.digest));
        self.passes += 1;
        (self.read, self.digest) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::worklist::tests::item;
    use super::*;

    /// A list as oldest first numbers; answers one page of two.
    fn answer(look: &mut LastLook, list: &[usize]) {
        let from = (look.page() - 1) * 2;
        let page: Vec<Item> = list.iter().rev().skip(from).take(2).map(|n| item(*n)).collect();
        look.take(list.len(), &page);
    }

    #[test]
    fn one_page_is_seen_at_once_and_more_are_read_twice() {
        for (len, answers) in [(0, 1), (2, 1), (3, 5), (6, 7)] {
            let list: Vec<usize> = (0..len).collect();
            let mut look = LastLook::new(2);
            let mut taken = 0;
            while !look.is_over() {
                answer(&mut look, &list);
                taken += 1;
            }
            assert_eq!(taken, answers, "{len} items");
        }
    }

    #[test]
    fn a_completion_and_an_addition_between_two_pages_are_noticed() {
        let mut look = LastLook::new(2);
        let before: Vec<usize> = vec![0, 1, 2, 3];
        answer(&mut look, &before);
        answer(&mut look, &before);
        // 0 is completed and 4 is added: 2 slips onto the page that has just been read.
        let after: Vec<usize> = vec![1, 2, 3, 4];
        answer(&mut look, &after);
        let mut seen_again = 0;
        while !look.is_over() {
            answer(&mut look, &after);
            seen_again += 1;
        }
        assert!(seen_again >= 4, "two whole passes over what there is now: {seen_again}");
    }

    #[test]
    fn additions_alone_do_not_keep_it_from_ending() {
        let mut look = LastLook::new(2);
        let mut list: Vec<usize> = vec![0, 1, 2, 3];
        let mut answers = 0;
        while !look.is_over() && answers < 50 {
            answer(&mut look, &list);
            answers += 1;
            if answers % 4 == 0 {
                list.push(list.len());
            }
        }
        assert!(look.is_over() && look.passes < 3, "{look:?}");
    }

    #[test]
    fn a_server_that_contradicts_itself_does_not_keep_it_looking() {
        let mut look = LastLook::new(2);
        for _ in 0..100 {
            let total = if look.page() == 1 { 9 } else { 0 };
            look.take(total, &[]);
        }
        assert!(look.is_over());
    }
}
