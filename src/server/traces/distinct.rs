//! The order in which the real store lists the distinct ids of a group: as they lie in its hash table,
//! which starts with eight cells and becomes four times as large whenever it is more than half full.

use std::mem;

/// Multipliers of the hash of short texts.
const FIRST: u64 = 0x9ae1_6a3b_2f90_404f;
const SECOND: u64 = 0xc949_d7c7_509e_6557;
const PAIR: u64 = 0x9ddf_ea08_eb38_2d69;
/// CRC-32C, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Ids in the order in which the store lists them; given in the order in which it reads them.
pub fn listed(ids: Vec<String>) -> Vec<String> {
    let mut table = Table { cells: vec![None; 8], count: 0 };
    for id in ids {
        table.put(id);
    }
    table.cells.into_iter().flatten().map(|(_, id)| id).collect()
}

struct Table {
    /// As many as a power of two; what finds its cell taken lies in the next free one.
    cells: Vec<Option<(u32, String)>>,
    count: usize,
}

impl Table {
    fn put(&mut self, id: String) {
        let hash = hash(id.as_bytes());
        let place = self.place(hash, &id);
        if self.cells[place].is_none() {
            self.cells[place] = Some((hash, id));
            self.count += 1;
        }
        if self.count > self.cells.len() / 2 {
            self.grow();
        }
    }

    fn place(&self, hash: u32, id: &str) -> usize {
        let last = self.cells.len() - 1;
        let mut place = hash as usize & last;
        while self.cells[place].as_ref().is_some_and(|(_, other)| other != id) {
            place = (place + 1) & last;
        }
        place
    }

    /// Moves what lies in the old cells, and what had overflowed into the first of the new ones.
    fn grow(&mut self) {
        let old = self.cells.len();
        self.cells.resize(old * 4, None);
        let mut at = 0;
        while at < old || self.cells[at].is_some() {
            if let Some((hash, id)) = mem::take(&mut self.cells[at]) {
                let place = self.place(hash, &id);
                self.cells[place] = Some((hash, id));
            }
            at += 1;
        }
    }
}

fn hash(id: &[u8]) -> u32 {
    let size = id.len() as u64;
    match id.len() {
        0 => 0,
        1..4 => low(three(id, size)),
        4..8 => low(pair(size + (number(&id[..4]) << 3), number(&id[id.len() - 4..]))),
        _ => words(id),
    }
}

/// Of a text of one to three bytes: from its first, middle and last.
fn three(id: &[u8], size: u64) -> u64 {
    let byte = |at: usize| u64::from(id[at]);
    let start = byte(0) + (byte(id.len() / 2) << 8);
    let end = size + (byte(id.len() - 1) << 2);
    folded(start.wrapping_mul(FIRST) ^ end.wrapping_mul(SECOND)).wrapping_mul(FIRST)
}

fn pair(low: u64, high: u64) -> u64 {
    let first = folded((low ^ high).wrapping_mul(PAIR));
    folded((high ^ first).wrapping_mul(PAIR)).wrapping_mul(PAIR)
}

/// The checksum of whole words of eight bytes and, whatever is left, of the last eight.
fn words(id: &[u8]) -> u32 {
    let tail = id.len() - 8;
    let whole = (0..tail.max(1)).step_by(8).fold(u32::MAX, |sum, at| checksum(sum, &id[at..at + 8]));
    checksum(whole, &id[tail..])
}

fn checksum(sum: u32, word: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
    word.iter().fold(sum, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

fn folded(n: u64) -> u64 {
    n ^ (n >> 47)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// The low half, which is all that finds a cell.
fn low(n: u64) -> u32 {
    let [a, b, c, d, ..] = n.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("trace-029", &["ev", "gen", "retr", "root"], &["gen", "retr", "root", "ev"])]
    #[case("trace-028", &["ev", "gen", "retr", "root"], &["retr", "root", "ev", "gen"])]
    #[case("trace-027", &["ev", "gen", "retr", "root"], &["ev", "gen", "retr", "root"])]
    fn ids_come_in_the_order_of_their_cells(
        #[case] trace: &str,
        #[case] read: &[&str],
        #[case] order: &[&str],
    ) {
        let ids = |parts: &[&str]| parts.iter().map(|part| format!("{trace}-{part}")).collect::<Vec<_>>();
        assert_eq!(listed(ids(read)), ids(order));
    }

    #[test]
    fn no_id_gets_lost_or_doubled_when_the_table_grows() {
        let ids: Vec<String> = (0..5000).map(|n| format!("{n:o}")).collect();
        let mut found = listed([ids.clone(), ids.clone()].concat());
        found.sort();
        let mut all = ids;
        all.sort();
        assert_eq!(found, all);
    }
}
