//! What changed, told to those who listen.
//!
//! Invariants: who listens through a filter hears of an entity only when the filter holds for it,
//! before the change or after it; nobody who listens holds up the follower; whoever cannot keep up
//! is told to load everything again, never left with a gap.

use std::collections::HashMap;
use std::sync::Arc;

use index::Index;
use model::Filter;
use parking_lot::Mutex;
use platform::{Error, Result};
use tokio::sync::broadcast;

/// Changes that are told one by one; a batch with more is a reason to load again.
pub(crate) const MAX_TOLD: usize = 200;
/// Batches that somebody may be late.
const CAPACITY: usize = 64;
/// Who may listen at once, in all and under one name.
const MAX_LISTENERS: usize = 4096;
const MAX_OF_ONE: usize = 128;

/// What a batch changed for those who look through one filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// Entities by reference.
    Entities {
        /// They are new, or not what they were.
        changed: Vec<String>,
        /// They are gone, or no longer to be seen.
        removed: Vec<String>,
    },
    /// What is known may be old.
    Everything,
}

/// News of a revision.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub rev: i64,
    pub news: Arc<News>,
}

/// Tells each batch that the index takes to everybody who listens.
#[derive(Default)]
pub(crate) struct Feed(Mutex<Rooms>);

#[derive(Default)]
struct Rooms {
    by_filter: HashMap<Filter, broadcast::Sender<Issue>>,
    /// How many listen, by who they are.
    seats: HashMap<String, usize>,
    is_closed: bool,
}

/// What each filter lets through of a batch: references by position, `None` where nothing is seen.
pub(crate) struct Sighting(HashMap<Filter, Vec<Option<String>>>);

/// The right to listen; given back when dropped.
pub(crate) struct Seat {
    feed: Arc<Feed>,
    name: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.feed.0.lock();
        if let Some(n) = rooms.seats.get_mut(&self.name) {
            *n -= 1;
            if *n == 0 {
                rooms.seats.remove(&self.name);
            }
        }
    }
}

impl Feed {
    /// Takes a seat for somebody.
    pub(crate) fn sit(self: &Arc<Self>, name: &str) -> Result<Seat> {
        let mut rooms = self.0.lock();
        let taken: usize = rooms.seats.values().sum();
        let own = rooms.seats.get(name).copied().unwrap_or(0);
        if taken >= MAX_LISTENERS || own >= MAX_OF_ONE {
            return Err(Error::unavailable("Too many streams are open"));
        }
        rooms.seats.insert(name.to_owned(), own + 1);
        Ok(Seat {
            feed: Arc::clone(self),
            name: name.to_owned(),
        })
    }

    /// News as the filter lets them through, from the next batch on.
    pub(crate) fn listen(&self, filter: Filter) -> Result<broadcast::Receiver<Issue>> {
        let mut rooms = self.0.lock();
        if rooms.is_closed {
            return Err(Error::unavailable("The portal is shutting down"));
        }
        rooms.by_filter.retain(|_, room| room.receiver_count() > 0);
        let room = rooms.by_filter.entry(filter);
        let room = room.or_insert_with(|| broadcast::Sender::new(CAPACITY));
        Ok(room.subscribe())
    }

    /// Ends all streams, and lets nobody in any more.
    pub(crate) fn close(&self) {
        let mut rooms = self.0.lock();
        rooms.is_closed = true;
        rooms.by_filter.clear();
    }

    /// Looks at entities before a batch changes them; `None` when there is nothing to compare with.
    pub(crate) fn look(&self, index: &Index, ids: &[i64]) -> Option<Sighting> {
        let filters: Vec<Filter> = {
            let rooms = self.0.lock();
            let busy = rooms.by_filter.iter();
            let busy = busy.filter(|(_, room)| room.receiver_count() > 0);
            busy.map(|(filter, _)| filter.clone()).collect()
        };
        let is_small = ids.len() <= MAX_TOLD;
        let sight = |filter: Filter| {
            let seen = see(index, &filter, ids);
            (filter, seen)
        };
        is_small.then(|| Sighting(filters.into_iter().map(sight).collect()))
    }

    /// Looks again, and tells what is different.
    pub(crate) fn tell(&self, index: &Index, rev: i64, ids: &[i64], before: Option<Sighting>) {
        let mut before = before.map(|sighting| sighting.0).unwrap_or_default();
        let rooms = self.0.lock();
        for (filter, room) in &rooms.by_filter {
            // Who came in meanwhile has no view of before.
            let news = match before.remove(filter) {
                Some(before) => compare(before, see(index, filter, ids)),
                None => Some(News::Everything),
            };
            if let Some(news) = news {
                let news = Arc::new(news);
                // Nobody there is no error.
                let _ = room.send(Issue { rev, news });
            }
        }
    }
}

/// The references of those entities that a filter lets through.
pub(crate) fn see(index: &Index, filter: &Filter, ids: &[i64]) -> Vec<Option<String>> {
    let matcher = index.matcher(filter);
    let seen = |id: &i64| {
        let hit = index.by_id(*id).filter(|hit| matcher.matches(hit.slot))?;
        Some(index.meta(hit.slot).entity_ref.to_owned())
    };
    ids.iter().map(seen).collect()
}

/// What is different, if anything is.
fn compare(before: Vec<Option<String>>, after: Vec<Option<String>>) -> Option<News> {
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    for pair in before.into_iter().zip(after) {
        match pair {
            (_, Some(now)) => changed.push(now),
            (Some(gone), None) => removed.push(gone),
            (None, None) => {}
        }
    }
    let is_news = !(changed.is_empty() && removed.is_empty());
    is_news.then_some(News::Entities { changed, removed })
}

#[cfg(test)]
mod tests {
    use index::{Document, Row};

    use super::*;

    fn put(index: &mut Index, id: i64, name: &str, owner: &str) {
        let row = Row {
            key: "relations.ownedby",
            value: Some(owner),
            original: None,
        };
        index.upsert(Document {
            id,
            entity_ref: &format!("component:default/{name}"),
            uid: name,
            etag: "e",
            body_len: 0,
            rows: &[row],
        });
    }

    fn owned_by(owner: &str) -> Filter {
        Filter::equals("relations.ownedby", owner)
    }

    fn told(listener: &mut broadcast::Receiver<Issue>) -> Option<News> {
        listener.try_recv().ok().map(|issue| (*issue.news).clone())
    }

    fn entities(changed: &[&str], removed: &[&str]) -> News {
        let full = |names: &[&str]| {
            let names = names.iter().map(|name| format!("component:default/{name}"));
            names.collect()
        };
        News::Entities {
            changed: full(changed),
            removed: full(removed),
        }
    }

    #[test]
    fn each_hears_of_what_they_see_before_or_after() {
        let (feed, mut index) = (Feed::default(), Index::new());
        put(&mut index, 1, "kept", "a");
        put(&mut index, 2, "given", "a");
        put(&mut index, 3, "deleted", "a");
        let mut listeners = [
            Filter::everything(),
            owned_by("a"),
            owned_by("b"),
            Filter::nothing(),
        ]
        .map(|filter| feed.listen(filter).unwrap());
        let ids = [1, 2, 3, 4];
        let before = feed.look(&index, &ids);
        put(&mut index, 1, "kept", "a");
        put(&mut index, 2, "given", "b");
        index.remove(3);
        feed.tell(&index, 7, &ids, before);
        let news = listeners.each_mut().map(told);
        assert_eq!(
            news,
            [
                Some(entities(&["kept", "given"], &["deleted"])),
                Some(entities(&["kept"], &["given", "deleted"])),
                Some(entities(&["given"], &[])),
                None,
            ]
        );
    }

    #[test]
    fn who_came_in_during_a_batch_loads_again() {
        let (feed, index) = (Feed::default(), Index::new());
        let before = feed.look(&index, &[1]);
        let mut late = feed.listen(Filter::everything()).unwrap();
        feed.tell(&index, 1, &[1], before);
        assert_eq!(told(&mut late), Some(News::Everything));
    }

    #[test]
    fn many_changes_are_a_reason_to_load_again() {
        let (feed, index) = (Feed::default(), Index::new());
        let mut listener = feed.listen(Filter::everything()).unwrap();
        let ids: Vec<i64> = (0..=200).collect();
        let before = feed.look(&index, &ids);
        feed.tell(&index, 1, &ids, before);
        assert_eq!(told(&mut listener), Some(News::Everything));
    }

    #[test]
    fn nobody_listens_after_the_end() {
        let feed = Feed::default();
        let mut listener = feed.listen(Filter::everything()).unwrap();
        feed.close();
        assert_eq!(
            listener.try_recv().unwrap_err(),
            broadcast::error::TryRecvError::Closed
        );
        assert!(feed.listen(Filter::everything()).is_err());
    }

    #[test]
    fn one_caller_has_a_bounded_number_of_streams() {
        let feed = Arc::new(Feed::default());
        let mut seats: Vec<Seat> = (0..MAX_OF_ONE).map(|_| feed.sit("a").unwrap()).collect();
        assert!(feed.sit("a").is_err());
        assert!(feed.sit("b").is_ok());
        seats.pop();
        assert!(feed.sit("a").is_ok());
    }
}
