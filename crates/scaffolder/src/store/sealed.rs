//! What of tasks is sealed, with which key.
//!
//! Invariant: a task that was begun, or has secrets, says which key opens it, in a form that processes
//! of versions before do not take for a key of theirs: they would take what is sealed for nothing.

use platform::Result;
use platform::db::{Db, Param, Row, Tx};
use platform::seal::Keyring;

use super::tasks::json;

/// What stands before the id of a key.
const KEPT: &str = "kept:";
/// Tasks that are looked for at once.
const PAGE: i64 = 200;

/// What a task says of the key that opens it.
pub(crate) fn mark(key: &str) -> String {
    format!("{KEPT}{key}")
}

/// What tasks say of keys that a process has: of versions before, the id alone.
pub(crate) fn marks(keys: &[String]) -> Vec<String> {
    let marks = keys.iter().map(|key| mark(key));
    marks.chain(keys.iter().cloned()).collect()
}

/// A column that is sealed for the task that its row is of.
struct Column {
    table: &'static str,
    task: &'static str,
    name: &'static str,
    is_bytes: bool,
}

const COLUMNS: [Column; 5] = [
    Column {
        table: "scaffolder_step",
        task: "task_id",
        name: "output",
        is_bytes: false,
    },
    Column {
        table: "scaffolder_checkpoint",
        task: "task_id",
        name: "value",
        is_bytes: false,
    },
    Column {
        table: "scaffolder_workspace",
        task: "task_id",
        name: "content",
        is_bytes: true,
    },
    Column {
        table: "scaffolder_mask",
        task: "task_id",
        name: "content",
        is_bytes: false,
    },
    Column {
        table: "scaffolder_task",
        task: "id",
        name: "secrets",
        is_bytes: false,
    },
];

/// What of tasks was looked through for a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reencrypted {
    /// How much there is.
    pub n_all: usize,
    /// How much was not sealed with the first key, and is now.
    pub n_changed: usize,
    /// What none of the keys opens: it stays as it is.
    pub n_closed: usize,
}

/// Seals with the first key what tasks keep and what is not.
///
/// Each task is written by itself, so that processes at work are not held up. What cannot be opened is
/// counted: a task that failed long ago does not keep others from their new key.
pub async fn reencrypt(db: &Db, keyring: &Keyring) -> Result<Reencrypted> {
    let mut total = Reencrypted::default();
    let mut closed = Vec::new();
    for column in &COLUMNS {
        let mut after = String::new();
        loop {
            let last = after.clone();
            let ids = db.read(move |tx| column.list_tasks(tx, &last)).await?;
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            for id in ids {
                let (keyring, task) = (keyring.clone(), id.clone());
                let update = move |tx: &mut Tx<'_>| column.update(tx, &task, &keyring);
                let done = db.write(update).await?;
                total.n_all += done.n_all;
                total.n_changed += done.n_changed;
                total.n_closed += done.n_closed;
                if done.n_closed > 0 {
                    closed.push(id);
                }
            }
        }
    }
    if let Some(key) = keyring.ids().first() {
        let (mark, closed) = (mark(key), json(&closed));
        db.write(move |tx| update_marks(tx, &mark, &closed)).await?;
    }
    Ok(total)
}

/// Says of all tasks but some that they are opened with a key.
fn update_marks(tx: &mut Tx<'_>, mark: &str, but: &str) -> Result<()> {
    let but_those = tx.each_text(2);
    tx.execute(
        &format!(
            "update scaffolder_task set seal_id = $1 where seal_id <> $1 and id not in {but_those}"
        ),
        &[mark.into(), but.into()],
    )
    .map(drop)
}

impl Column {
    /// The next tasks that have something in it.
    fn list_tasks(&self, tx: &mut Tx<'_>, after: &str) -> Result<Vec<String>> {
        let Self {
            table, task, name, ..
        } = self;
        let rows = tx.query(
            &format!(
                "select distinct {task} from {table} where {name} is not null and {task} > $1 \
                 order by {task} limit $2"
            ),
            &[after.into(), PAGE.into()],
        )?;
        rows.into_iter().map(|mut row| row.take(0)).collect()
    }

    /// Seals what a task has in it with the first key.
    fn update(&self, tx: &mut Tx<'_>, id: &str, keyring: &Keyring) -> Result<Reencrypted> {
        let Self {
            table, task, name, ..
        } = self;
        let rows = tx.query(
            &format!("select {name} from {table} where {task} = $1 and {name} is not null"),
            &[id.into()],
        )?;
        let sql = format!("update {table} set {name} = $2 where {task} = $1 and {name} = $3");
        let mut done = Reencrypted::default();
        for row in rows {
            done.n_all += 1;
            match self.update_one(tx, &sql, (id, row), keyring)? {
                Update::None => {}
                Update::Sealed => done.n_changed += 1,
                Update::Closed => done.n_closed += 1,
            }
        }
        Ok(done)
    }

    fn update_one(
        &self,
        tx: &mut Tx<'_>,
        sql: &str,
        (id, mut row): (&str, Row),
        keyring: &Keyring,
    ) -> Result<Update> {
        if self.is_bytes {
            let stored: Vec<u8> = row.take(0)?;
            if keyring.is_current(&stored) {
                return Ok(Update::None);
            }
            let Ok(plain) = keyring.open_bytes(stored.clone(), id) else {
                return Ok(Update::Closed);
            };
            let sealed = keyring.seal_bytes(plain, id)?;
            let params: [Param<'_>; 3] = [
                id.into(),
                sealed.as_slice().into(),
                stored.as_slice().into(),
            ];
            tx.execute(sql, &params)?;
        } else {
            let stored: String = row.take(0)?;
            if keyring.is_current(&stored) {
                return Ok(Update::None);
            }
            let Ok(plain) = keyring.open(stored.clone(), id) else {
                return Ok(Update::Closed);
            };
            let sealed = keyring.seal(&plain, id)?;
            tx.execute(sql, &[id.into(), sealed.into(), stored.into()])?;
        }
        Ok(Update::Sealed)
    }
}

/// What became of a row.
enum Update {
    /// It was sealed with the first key before.
    None,
    Sealed,
    /// None of the keys opens it.
    Closed,
}
