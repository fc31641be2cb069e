//! Lists that come in parts: by page number, or by cursor.

use std::collections::HashSet;
use std::hash::Hash;

use serde::de::DeserializeOwned;

use super::transport::Query;
use super::wire::List;
use super::{ApiError, Client};

/// Most rows of a page by number.
pub(super) const LIMIT: u32 = 100;
/// Rows after which reading on is given up: more than any trace or queue shows at once.
const MOST_ROWS: usize = 20_000;

/// Part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Rows of this page.
    pub data: Vec<T>,
    /// Rows of all pages.
    pub total: usize,
    /// Number of pages; 0 when there are no rows.
    pub pages: usize,
}

impl Client {
    /// One page, counted from 1.
    pub(super) async fn page<R: DeserializeOwned, T>(
        &self,
        path: &[&str],
        query: Query<'_>,
        (page, limit): (u32, u32),
        domain: impl Fn(R) -> Option<T>,
    ) -> Result<Page<T>, ApiError> {
        let (page, limit) = (page.to_string(), limit.to_string());
        let query = [query, &[("page", &page), ("limit", &limit)]].concat();
        let list: List = self.get(path, &query).await?;
        let total = list.meta.total_items.unwrap_or(list.data.len());
        let pages = list.meta.total_pages.unwrap_or(usize::from(total > 0));
        Ok(Page { data: list.rows(domain), total, pages })
    }

    /// All pages. Rows that move while reading come once.
    pub(super) async fn all_pages<R: DeserializeOwned, T, K: Hash + Eq>(
        &self,
        path: &[&str],
        query: Query<'_>,
        domain: impl Fn(R) -> Option<T>,
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, ApiError> {
        let (mut seen, mut all) = (HashSet::new(), Vec::new());
        for number in 1.. {
            let page = self.page(path, query, (number, LIMIT), &domain).await?;
            all.extend(page.data.into_iter().filter(|row| seen.insert(key(row))));
            if number as usize >= page.pages || all.len() >= MOST_ROWS {
                break;
            }
        }
        Ok(all)
    }

    /// All parts of a list with a cursor.
    pub(super) async fn all_parts<R: DeserializeOwned, T>(
        &self,
        path: &[&str],
        query: Query<'_>,
        domain: impl Fn(R) -> Option<T>,
    ) -> Result<Vec<T>, ApiError> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut part = query.to_vec();
            part.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let list: List = self.get(path, &part).await?;
            all.extend(list.rows(&domain));
            // A cursor that does not move would never end.
            let next = list.meta.cursor.filter(|next| !next.is_empty() && cursor.as_ref() != Some(next));
            if next.is_none() || all.len() >= MOST_ROWS {
                return Ok(all);
            }
            cursor = next;
        }
    }
}

/// Splits ids so that a list of them fits an address: at most `most` ids and `bytes` bytes, with
/// room for `extra` bytes around each.
pub(super) fn chunks<'a>(ids: &[&'a str], most: usize, bytes: usize, extra: usize) -> Vec<Vec<&'a str>> {
    let mut chunks: Vec<Vec<&str>> = Vec::new();
    let mut used = bytes;
    for id in ids {
        // Every byte may take three once escaped.
        let size = escaped_len(id) + extra;
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < most && used + size <= bytes => chunk.push(id),
            _ => {
                used = 0;
                chunks.push(vec![id]);
            }
        }
        used += size;
    }
    chunks
}

fn escaped_len(id: &str) -> usize {
    id.bytes().map(|b| if b.is_ascii_alphanumeric() || b"-_.".contains(&b) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_addresses_short() {
        let lens =
            |ids: &[&str], most, bytes| chunks(ids, most, bytes, 1).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lens(&[], 2, 100), [0; 0]);
        assert_eq!(lens(&["a", "b", "c"], 2, 100), [2, 1]);
        assert_eq!(lens(&["aaaa", "bbbb", "cccc"], 9, 10), [2, 1]);
        assert_eq!(lens(&["ä", "b"], 9, 8), [1, 1]);
        assert_eq!(lens(&["far too long for one address", "b"], 9, 8), [1, 1]);
    }
}
