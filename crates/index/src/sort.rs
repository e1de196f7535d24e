//! Sorting numbers by texts that live elsewhere.
//!
//! A comparison sort would follow two cold pointers per comparison. This one loads seven bytes of
//! every text, sorts by them, and looks again only within groups that are still equal, so that a
//! long common prefix costs one pass per seven bytes.

use std::cmp::Ordering;

/// Groups shorter than this are compared directly.
const SHORT: usize = 12;

/// Bytes looked at per pass; the eighth byte of the key says whether the text goes on.
const STEP: usize = 7;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Keyed {
    key: u64,
    item: u32,
}

/// Sorts items by their texts, bytewise; equal texts are ordered by item.
pub(crate) fn by_text<'a>(items: &mut [u32], text: impl Fn(u32) -> &'a [u8]) {
    let mut keyed: Vec<Keyed> = items
        .iter()
        .map(|item| Keyed {
            key: 0,
            item: *item,
        })
        .collect();
    let mut todo = vec![(0, keyed.len(), 0)];
    while let Some((start, end, depth)) = todo.pop() {
        let part = &mut keyed[start..end];
        if part.len() < SHORT {
            part.sort_unstable_by(|a, b| compare((text(a.item), a.item), (text(b.item), b.item)));
            continue;
        }
        for entry in &mut *part {
            entry.key = key(text(entry.item), depth);
        }
        part.sort_unstable();
        let mut at = start;
        for group in part.chunk_by(|a, b| a.key == b.key) {
            if group.len() > 1 && goes_on(group[0].key) {
                todo.push((at, at + group.len(), depth + STEP));
            }
            at += group.len();
        }
    }
    for (item, entry) in items.iter_mut().zip(keyed) {
        *item = entry.item;
    }
}

/// Seven bytes from `depth`, then how many bytes there were; 8 stands for more than seven.
fn key(text: &[u8], depth: usize) -> u64 {
    let rest = text.get(depth..).unwrap_or_default();
    let mut bytes = [0; 8];
    let n = rest.len().min(STEP);
    bytes[..n].copy_from_slice(&rest[..n]);
    bytes[STEP] = u8::try_from(rest.len().min(STEP + 1)).unwrap_or_default();
    u64::from_be_bytes(bytes)
}

fn goes_on(key: u64) -> bool {
    key & 0xff > STEP as u64
}

fn compare(a: (&[u8], u32), b: (&[u8], u32)) -> Ordering {
    a.cmp(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sorted_bytewise() {
        let mut texts: Vec<String> = (0..3_000_u32)
            .map(|n| {
                let n = n.wrapping_mul(2_654_435_761) % 1_500;
                let long = "common prefix of many texts ".repeat(n as usize % 3);
                format!("{long}{}{n}", if n % 5 == 0 { "\0" } else { "" })
            })
            .collect();
        texts.extend(["", "\0", "\0\0", "abcdefg", "abcdefg\0", "abcdefgh"].map(str::to_owned));
        let mut items: Vec<u32> = (0..).take(texts.len()).collect();
        by_text(&mut items, |item| texts[item as usize].as_bytes());
        let mut expected: Vec<u32> = (0..).take(texts.len()).collect();
        expected.sort_by_key(|item| (&texts[*item as usize], *item));
        assert_eq!(items, expected);
    }
}
