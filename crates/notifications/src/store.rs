//! SQL of notifications.

use platform::db::{Migration, Param, Row, Tx};
use platform::{Millis, Result};

use crate::notification::{Notification, Payload, Severity};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    feature: "notifications",
    version: 1,
    name: "message",
    sqlite: include_str!("../migrations/0001_message.sqlite.sql"),
    postgres: include_str!("../migrations/0001_message.postgres.sql"),
}];

/// What is read of a message, and of the marks of the user of the first parameter.
const COLUMNS: &str = "m.id, m.user_ref, m.origin, m.title, m.description, m.link, m.topic, \
                       m.scope, m.icon, m.severity, m.created_at, m.updated_at, s.read_at, s.saved_at";
/// The messages that the user of the first parameter sees.
const SEEN: &str = "from notifications_message m left join notifications_mark s \
                    on s.message_id = m.id and s.user_ref = $1 \
                    where (m.user_ref = $1 or m.user_ref is null)";

/// Which messages of a user are meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub ids: Option<Vec<String>>,
    pub topic: Option<String>,
    /// A part of title, description or link.
    pub search: Option<String>,
    pub is_read: Option<bool>,
    pub is_saved: Option<bool>,
    pub created_after: Option<Millis>,
    pub minimum_severity: Option<Severity>,
    pub order: Vec<Order>,
    pub limit: i64,
    pub offset: i64,
}

/// One field to order by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub field: OrderField,
    pub is_descending: bool,
}

/// What lists can be ordered by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OrderField {
    Created,
    Updated,
    Title,
    Topic,
    Origin,
    Severity,
}

impl OrderField {
    fn column(self) -> &'static str {
        match self {
            Self::Created => "m.created_at",
            Self::Updated => "coalesce(m.updated_at, m.created_at)",
            Self::Title => "m.title",
            Self::Topic => "m.topic",
            Self::Origin => "m.origin",
            Self::Severity => "m.severity",
        }
    }
}

/// Conditions with their parameters, the user first.
struct Filter<'a> {
    sql: String,
    params: Vec<Param<'a>>,
}

impl<'a> Filter<'a> {
    fn new(tx: &Tx<'_>, user_ref: &'a str, query: &'a Query) -> Self {
        let mut filter = Self {
            sql: SEEN.to_owned(),
            params: vec![user_ref.into()],
        };
        if let Some(ids) = &query.ids {
            let ids = serde_json::Value::from(ids.as_slice()).to_string();
            filter.and(ids.into(), |n| format!("m.id in {}", tx.each_text(n)));
        }
        if let Some(topic) = &query.topic {
            filter.and(topic.into(), |n| format!("m.topic = ${n}"));
        }
        if let Some(search) = &query.search {
            filter.and(pattern(search).into(), |n| {
                let like = |column: &str| format!("lower({column}) like ${n} escape '\\'");
                let columns = ["m.title", "m.description", "m.link"].map(like);
                format!("({})", columns.join(" or "))
            });
        }
        for (is_set, column) in [(query.is_read, "s.read_at"), (query.is_saved, "s.saved_at")] {
            let condition = match is_set {
                Some(true) => "is not null",
                Some(false) => "is null",
                None => continue,
            };
            filter.sql += " and ";
            filter.sql += column;
            filter.sql += " ";
            filter.sql += condition;
        }
        if let Some(at) = query.created_after {
            filter.and(at.into(), |n| {
                format!("coalesce(m.updated_at, m.created_at) >= ${n}")
            });
        }
        if let Some(severity) = query.minimum_severity {
            filter.and(severity.rank().into(), |n| format!("m.severity >= ${n}"));
        }
        filter
    }

    fn and(&mut self, param: Param<'a>, condition: impl FnOnce(usize) -> String) {
        self.params.push(param);
        self.sql += " and ";
        self.sql += &condition(self.params.len());
    }
}

/// A text as a part of others, for `like`.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The messages of a user that a query asks for.
pub(crate) fn list(tx: &mut Tx<'_>, user_ref: &str, query: &Query) -> Result<Vec<Notification>> {
    let Filter { sql, mut params } = Filter::new(tx, user_ref, query);
    let mut columns: Vec<String> = query
        .order
        .iter()
        .map(|order| {
            let direction = if order.is_descending { "desc" } else { "asc" };
            format!("{} {direction}", order.field.column())
        })
        .collect();
    columns.push("m.created_at desc".to_owned());
    columns.push("m.id".to_owned());
    params.push(query.limit.into());
    params.push(query.offset.into());
    let (limit, offset) = (params.len() - 1, params.len());
    let order = columns.join(", ");
    let sql = format!("select {COLUMNS} {sql} order by {order} limit ${limit} offset ${offset}");
    tx.query(&sql, &params)?.into_iter().map(message).collect()
}

fn message(mut row: Row) -> Result<Notification> {
    Ok(Notification {
        id: row.take(0)?,
        user_ref: row.take(1)?,
        origin: row.take(2)?,
        payload: Payload {
            title: row.take(3)?,
            description: row.take(4)?,
            link: row.take(5)?,
            topic: row.take(6)?,
            scope: row.take(7)?,
            icon: row.take(8)?,
            severity: Some(Severity::of_rank(row.take(9)?)),
        },
        created_at: row.take(10)?,
        updated_at: row.take(11)?,
        read_at: row.take(12)?,
        saved_at: row.take(13)?,
        is_new: false,
    })
}

/// How many messages a query asks for.
pub(crate) fn count(tx: &mut Tx<'_>, user_ref: &str, query: &Query) -> Result<i64> {
    let Filter { sql, params } = Filter::new(tx, user_ref, query);
    let mut row = tx.query_one(&format!("select count(*) {sql}"), &params)?;
    row.take(0)
}

/// The topics of the messages that a query asks for.
pub(crate) fn topics(tx: &mut Tx<'_>, user_ref: &str, query: &Query) -> Result<Vec<String>> {
    let Filter { sql, params } = Filter::new(tx, user_ref, query);
    let sql = format!("select distinct m.topic {sql} and m.topic is not null order by m.topic");
    let rows = tx.query(&sql, &params)?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// Where the messages of a user come from: origins, and topics if they have one.
pub(crate) fn origins(tx: &mut Tx<'_>, user_ref: &str) -> Result<Vec<(String, Option<String>)>> {
    let sql = format!("select distinct m.origin, m.topic {SEEN} order by m.origin, m.topic");
    let rows = tx.query(&sql, &[user_ref.into()])?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// The message of an origin with a scope, of a user or of everybody.
pub(crate) fn find_scope(
    tx: &mut Tx<'_>,
    origin: &str,
    scope: &str,
    user_ref: Option<&str>,
) -> Result<Option<Notification>> {
    let sql = format!(
        "select {COLUMNS} from notifications_message m left join notifications_mark s \
         on s.message_id = m.id and s.user_ref = m.user_ref \
         where m.origin = $1 and m.scope = $2 and coalesce(m.user_ref, '') = $3"
    );
    let user_ref = user_ref.unwrap_or_default();
    let row = tx.query_opt(&sql, &[origin.into(), scope.into(), user_ref.into()])?;
    row.map(message).transpose()
}

/// Adds messages; those that are there already stay.
pub(crate) fn insert(tx: &mut Tx<'_>, messages: &[Notification]) -> Result<()> {
    let rows: Vec<Vec<Param<'_>>> = messages
        .iter()
        .map(|message| {
            let payload = &message.payload;
            vec![
                (&message.id).into(),
                message.user_ref.as_deref().into(),
                (&message.origin).into(),
                (&payload.title).into(),
                payload.description.as_deref().into(),
                payload.link.as_deref().into(),
                payload.topic.as_deref().into(),
                payload.scope.as_deref().into(),
                payload.icon.as_deref().into(),
                payload.severity.unwrap_or_default().rank().into(),
                message.created_at.into(),
            ]
        })
        .collect();
    tx.insert(
        "notifications_message (id, user_ref, origin, title, description, link, topic, scope, \
         icon, severity, created_at)",
        &rows,
        "on conflict (id) do nothing",
    )
}

/// Writes a message anew; nobody has read it.
pub(crate) fn replace(tx: &mut Tx<'_>, message: &Notification) -> Result<()> {
    let payload = &message.payload;
    tx.execute(
        "update notifications_message set title = $2, description = $3, link = $4, topic = $5, \
         icon = $6, severity = $7, updated_at = $8 where id = $1",
        &[
            (&message.id).into(),
            (&payload.title).into(),
            payload.description.as_deref().into(),
            payload.link.as_deref().into(),
            payload.topic.as_deref().into(),
            payload.icon.as_deref().into(),
            payload.severity.unwrap_or_default().rank().into(),
            message.updated_at.into(),
        ],
    )?;
    tx.execute(
        "update notifications_mark set read_at = null where message_id = $1",
        &[(&message.id).into()],
    )
    .map(drop)
}

/// What becomes of the marks of a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub is_read: Option<bool>,
    pub is_saved: Option<bool>,
    pub now: Millis,
}

/// Marks messages of a user, which the user must see.
pub(crate) fn mark(tx: &mut Tx<'_>, user_ref: &str, ids: &[String], marks: Marks) -> Result<()> {
    let rows: Vec<Vec<Param<'_>>> = ids
        .iter()
        .map(|id| vec![id.into(), user_ref.into()])
        .collect();
    tx.insert(
        "notifications_mark (message_id, user_ref)",
        &rows,
        "on conflict (message_id, user_ref) do nothing",
    )?;
    let all = serde_json::Value::from(ids).to_string();
    for (column, is_set) in [("read_at", marks.is_read), ("saved_at", marks.is_saved)] {
        let Some(is_set) = is_set else { continue };
        let at = is_set.then_some(marks.now);
        // The time of a mark that is there stays.
        let value = if is_set {
            format!("coalesce({column}, $2)")
        } else {
            "$2".to_owned()
        };
        let each = tx.each_text(3);
        tx.execute(
            &format!(
                "update notifications_mark set {column} = {value} \
                 where user_ref = $1 and message_id in {each}"
            ),
            &[user_ref.into(), at.into(), (&all).into()],
        )?;
    }
    Ok(())
}

/// What a user said of an origin, or of one topic of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub channel: String,
    pub origin: String,
    /// Empty for all.
    pub topic: String,
    pub is_enabled: bool,
}

/// What a user said.
pub(crate) fn settings(tx: &mut Tx<'_>, user_ref: &str) -> Result<Vec<Setting>> {
    let rows = tx.query(
        "select channel, origin, topic, is_enabled from notifications_setting \
         where user_ref = $1 order by channel, origin, topic",
        &[user_ref.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Setting {
                channel: row.take(0)?,
                origin: row.take(1)?,
                topic: row.take(2)?,
                is_enabled: row.take::<i64>(3)? != 0,
            })
        })
        .collect()
}

/// Replaces all that a user said.
pub(crate) fn set_settings(tx: &mut Tx<'_>, user_ref: &str, settings: &[Setting]) -> Result<()> {
    tx.execute(
        "delete from notifications_setting where user_ref = $1",
        &[user_ref.into()],
    )?;
    let rows: Vec<Vec<Param<'_>>> = settings
        .iter()
        .map(|setting| {
            vec![
                user_ref.into(),
                (&setting.channel).into(),
                (&setting.origin).into(),
                (&setting.topic).into(),
                i64::from(setting.is_enabled).into(),
            ]
        })
        .collect();
    tx.insert(
        "notifications_setting (user_ref, channel, origin, topic, is_enabled)",
        &rows,
        "on conflict (user_ref, channel, origin, topic) do nothing",
    )
}

/// Who does not want to hear from an origin, or of a topic of it.
pub(crate) fn unwilling(
    tx: &mut Tx<'_>,
    channel: &str,
    origin: &str,
    topic: Option<&str>,
) -> Result<Vec<String>> {
    let rows = tx.query(
        "select distinct user_ref from notifications_setting \
         where channel = $1 and origin = $2 and topic in ('', $3) and is_enabled = 0",
        &[
            channel.into(),
            origin.into(),
            topic.unwrap_or_default().into(),
        ],
    )?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// Removes messages that are older, with their marks; how many.
pub(crate) fn delete_old(tx: &mut Tx<'_>, before: Millis, limit: i64) -> Result<usize> {
    let rows = tx.query(
        "select id from notifications_message where coalesce(updated_at, created_at) < $1 \
         order by created_at limit $2",
        &[before.into(), limit.into()],
    )?;
    let ids: Vec<String> = rows
        .into_iter()
        .map(|mut row| row.take(0))
        .collect::<Result<_>>()?;
    let all = serde_json::Value::from(ids.as_slice()).to_string();
    for (table, column) in [
        ("notifications_mark", "message_id"),
        ("notifications_message", "id"),
    ] {
        let each = tx.each_text(1);
        tx.execute(
            &format!("delete from {table} where {column} in {each}"),
            &[(&all).into()],
        )?;
    }
    Ok(ids.len())
}
