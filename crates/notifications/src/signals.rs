//! Who is connected, and which channels they listen to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of one process; past that, newcomers are refused.
const MAX_CONNECTIONS: usize = 10_000;
/// Channels of one connection.
const MAX_CHANNELS: usize = 100;
/// Bytes of the name of a channel.
const MAX_CHANNEL: usize = 255;
/// Messages that wait for a connection; one that lets more wait is ended.
const MAX_WAITING: usize = 64;

/// Whom a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipients<'a> {
    /// Everybody who is connected.
    Everybody,
    /// A user, or the members of a group, by reference.
    User(&'a str),
}

/// The connections of this process; clones share them.
#[derive(Clone, Default)]
pub struct Signals(Arc<Shared>);

#[derive(Default)]
struct Shared {
    connections: Mutex<Connections>,
    closed: CancellationToken,
}

#[derive(Default)]
struct Connections {
    last_id: u64,
    by_id: BTreeMap<u64, Connection>,
}

struct Connection {
    /// References the user is known by; none for somebody unknown.
    refs: Vec<String>,
    channels: BTreeSet<String>,
    outbox: mpsc::Sender<Arc<str>>,
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.connections.lock().by_id.len();
        f.debug_struct("Signals")
            .field("connections", &count)
            .finish()
    }
}

impl Signals {
    /// Ends all connections when the process stops.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (closed, stop) = (self.0.closed.clone(), stop.clone());
        tasks.spawn(async move {
            stop.cancelled().await;
            closed.cancel();
        });
    }

    /// Sends a message to who is connected now and listens to the channel.
    pub fn send(&self, to: Recipients<'_>, channel: &str, message: &impl Serialize) {
        #[derive(Serialize)]
        struct Signal<'a, M> {
            channel: &'a str,
            message: &'a M,
        }
        let Ok(text) = serde_json::to_string(&Signal { channel, message }) else {
            return tracing::error!(channel, "a signal cannot be written as JSON");
        };
        let text: Arc<str> = text.into();
        self.0.connections.lock().by_id.retain(|_, connection| {
            !connection.hears(to, channel) || connection.outbox.try_send(Arc::clone(&text)).is_ok()
        });
    }

    /// Somebody who connected; `None` when there are too many.
    pub(crate) fn join(&self, refs: Vec<String>) -> Option<Member> {
        let (outbox, inbox) = mpsc::channel(MAX_WAITING);
        let mut connections = self.0.connections.lock();
        if connections.by_id.len() >= MAX_CONNECTIONS {
            return None;
        }
        connections.last_id += 1;
        let id = connections.last_id;
        let connection = Connection {
            refs,
            channels: BTreeSet::new(),
            outbox,
        };
        connections.by_id.insert(id, connection);
        Some(Member {
            id,
            signals: self.clone(),
            inbox,
        })
    }
}

impl Connection {
    fn hears(&self, to: Recipients<'_>, channel: &str) -> bool {
        let is_meant = match to {
            Recipients::Everybody => true,
            Recipients::User(entity_ref) => self.refs.iter().any(|it| it == entity_ref),
        };
        is_meant && self.channels.contains(channel)
    }
}

/// A connection from the inside; it is forgotten when this is dropped.
pub(crate) struct Member {
    id: u64,
    signals: Signals,
    /// Ends when the connection cannot keep up.
    pub(crate) inbox: mpsc::Receiver<Arc<str>>,
}

impl Member {
    /// Listens to a channel, unless it has too many already.
    pub(crate) fn subscribe(&self, channel: &str) {
        self.change(|channels| {
            if channels.len() < MAX_CHANNELS && channel.len() <= MAX_CHANNEL {
                channels.insert(channel.to_owned());
            }
        });
    }

    pub(crate) fn unsubscribe(&self, channel: &str) {
        self.change(|channels| {
            channels.remove(channel);
        });
    }

    /// When all connections are to end.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.signals.0.closed.clone()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeSet<String>)) {
        let mut connections = self.signals.0.connections.lock();
        if let Some(connection) = connections.by_id.get_mut(&self.id) {
            change(&mut connection.channels);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.signals.0.connections.lock().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received(member: &mut Member) -> Vec<String> {
        std::iter::from_fn(|| member.inbox.try_recv().ok())
            .map(|text| text.to_string())
            .collect()
    }

    #[test]
    fn who_listens_and_is_meant_hears() {
        let signals = Signals::default();
        let join = |refs: &[&str]| {
            let refs = refs.iter().map(|it| (*it).to_owned()).collect();
            signals.join(refs).unwrap()
        };
        let mut ann = join(&["user:default/ann", "group:default/crew"]);
        let mut bob = join(&["user:default/bob"]);
        let mut nobody = join(&[]);
        for member in [&ann, &bob, &nobody] {
            member.subscribe("c");
        }
        let messages = [
            (Recipients::User("user:default/ann"), "c", "1"),
            (Recipients::User("group:default/crew"), "c", "2"),
            (Recipients::User("user:default/ann"), "d", "3"),
            (Recipients::Everybody, "c", "4"),
        ];
        for (to, channel, text) in messages {
            signals.send(to, channel, &json!(text));
        }
        bob.unsubscribe("c");
        signals.send(Recipients::Everybody, "c", &json!("5"));
        let expected = |texts: &[&str]| -> Vec<String> {
            let signal = |text| format!(r#"{{"channel":"c","message":"{text}"}}"#);
            texts.iter().map(signal).collect()
        };
        assert_eq!(received(&mut ann), expected(&["1", "2", "4", "5"]));
        assert_eq!(received(&mut bob), expected(&["4"]));
        assert_eq!(received(&mut nobody), expected(&["4", "5"]));
    }

    #[test]
    fn what_one_connection_can_hold_is_bounded() {
        let signals = Signals::default();
        let mut member = signals.join(vec![]).unwrap();
        for index in 0..=MAX_CHANNELS {
            member.subscribe(&index.to_string());
        }
        member.subscribe(&"x".repeat(MAX_CHANNEL + 1));
        let last = MAX_CHANNELS.to_string();
        signals.send(Recipients::Everybody, &last, &json!(1));
        assert_eq!(received(&mut member), [] as [&str; 0]);
        for _ in 0..=MAX_WAITING {
            signals.send(Recipients::Everybody, "0", &json!(1));
        }
        assert_eq!(received(&mut member).len(), MAX_WAITING);
        assert!(member.inbox.is_closed(), "it let too many messages wait");
    }

    #[test]
    fn who_left_is_forgotten_and_makes_room() {
        let signals = Signals::default();
        let mut members: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| signals.join(vec![]).unwrap())
            .collect();
        assert!(signals.join(vec![]).is_none());
        members.pop();
        assert!(signals.join(vec![]).is_some());
    }
}
