//! Parts of a queue, so that several people can work through it without meeting.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::ItemId;

/// Part `k` of `n`, counted from 1.
///
/// An item is in it when the first eight bytes of the SHA-256 of its id, read as one big-endian
/// number, leave `k − 1` after division by `n`. Other programs can compute the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    k: u32,
    n: u32,
}

impl Shard {
    /// Whether an item is in this part.
    #[must_use]
    pub fn includes(self, item: &ItemId) -> bool {
        let digest = Sha256::digest(item.as_str().as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.n) == u64::from(self.k - 1)
    }

    /// How many parts there are.
    #[must_use]
    pub fn parts(self) -> u32 {
        self.n
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.k, self.n)
    }
}

/// A text that names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a shard is K/N with 1 ≤ K ≤ N, such as 2/3")]
pub struct NotAShard;

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let (k, n) = text.split_once('/').ok_or(NotAShard)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| NotAShard);
        let shard = Self { k: number(k)?, n: number(n)? };
        if (1..=shard.n).contains(&shard.k) { Ok(shard) } else { Err(NotAShard) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_and_shown() {
        for (text, shown) in [("1/1", "1/1"), ("2/3", "2/3"), (" 2 / 3 ", "2/3")] {
            assert_eq!(text.parse::<Shard>().map(|shard| shard.to_string()), Ok(shown.into()), "{text}");
        }
        for text in ["", "2", "/", "0/3", "4/3", "0/0", "-1/3", "1/3/5", "a/b", "1/99999999999"] {
            assert_eq!(text.parse::<Shard>(), Err(NotAShard), "{text}");
        }
    }

    #[test]
    fn the_shard_of_an_item_never_changes() {
        // SHA-256 of "abc" begins ba7816bf8f01cfea: 13436514500253700074, which is
        // 0 mod 3 and 4 mod 10.
        for (n, its) in [(1, 1), (3, 1), (10, 5)] {
            for k in 1..=n {
                assert_eq!(Shard { k, n }.includes(&"abc".into()), k == its, "{k}/{n}");
            }
        }
    }

    #[test]
    fn every_item_is_in_exactly_one_shard() {
        for n in 0..500 {
            let id = ItemId::from(format!("item-{n}"));
            assert_eq!((1..=7).filter(|k| Shard { k: *k, n: 7 }.includes(&id)).count(), 1, "{id}");
        }
    }
}
