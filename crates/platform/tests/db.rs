//! The database layer, on SQLite or (with `TEST_DATABASE_URL`) PostgreSQL.

use std::time::Duration;

use platform::db::{Db, Migration, Settings, Tx, acquire_lease, release_lease, renew_lease};
use platform::{Code, Error};
use testkit::TestDb;

const NOTE: &str =
    "create table note (id bigint primary key, text text, flag boolean, x double precision)";
const SCHEMA: &[Migration] = &[Migration {
    feature: "note",
    version: 1,
    name: "notes",
    sqlite: NOTE,
    postgres: NOTE,
}];

fn count(tx: &mut Tx<'_>) -> platform::Result<i64> {
    tx.query_one("select count(*) from note", &[])?.take(0)
}

#[tokio::test]
async fn values_come_back_as_they_were_written() {
    let test = TestDb::new(SCHEMA).await;
    let row = test.db.write(|tx| {
        tx.execute(
            "insert into note (id, text, flag, x) values ($1, $2, $3, $4)",
            &[
                7_i64.into(),
                "grün 'quoted' $1".into(),
                true.into(),
                0.5.into(),
            ],
        )?;
        let mut row = tx.query_one(
            "select x, flag, text, id from note where text = $2 and id = $1",
            &[7_i64.into(), "grün 'quoted' $1".into()],
        )?;
        Ok((
            row.take::<f64>(0)?,
            row.take::<bool>(1)?,
            row.take::<String>(2)?,
            row.take::<i64>(3)?,
        ))
    });
    assert_eq!(
        row.await.unwrap(),
        (0.5, true, "grün 'quoted' $1".to_owned(), 7)
    );
}

#[tokio::test]
async fn nulls_are_read_as_none_and_refused_elsewhere() {
    let test = TestDb::new(SCHEMA).await;
    let read = test.db.write(|tx| {
        let none: Option<&str> = None;
        tx.execute("insert into note (id, text) values (1, $1)", &[none.into()])?;
        let optional: Option<String> = tx.query_one("select text from note", &[])?.take(0)?;
        let required = tx
            .query_one("select text from note", &[])?
            .take::<String>(0);
        Ok((optional, required.unwrap_err().code()))
    });
    assert_eq!(read.await.unwrap(), (None, Code::Internal));
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing() {
    let test = TestDb::new(SCHEMA).await;
    let failed = test.db.write(|tx| {
        tx.execute("insert into note (id) values (1)", &[])?;
        Err::<(), _>(Error::conflict("no"))
    });
    assert_eq!(failed.await.unwrap_err().code(), Code::Conflict);
    assert_eq!(test.db.read(count).await.unwrap(), 0);
}

#[tokio::test]
async fn a_panic_leaves_nothing_and_the_database_usable() {
    let test = TestDb::new(SCHEMA).await;
    let failed = test.db.write(|tx| -> platform::Result<()> {
        tx.execute("insert into note (id) values (1)", &[])?;
        panic!("on purpose");
    });
    assert_eq!(failed.await.unwrap_err().code(), Code::Internal);
    assert_eq!(test.db.write(count).await.unwrap(), 0);
}

#[tokio::test]
async fn a_duplicate_key_is_a_conflict() {
    let test = TestDb::new(SCHEMA).await;
    let twice = test.db.write(|tx| {
        tx.execute("insert into note (id) values (1)", &[])?;
        tx.execute("insert into note (id) values (1)", &[])
    });
    assert_eq!(twice.await.unwrap_err().code(), Code::Conflict);
}

#[tokio::test]
async fn many_statements_report_each_count() {
    let test = TestDb::new(SCHEMA).await;
    let counts = test.db.write(|tx| {
        let rows = (0..1000_i64).map(|id| vec![id.into()]).collect::<Vec<_>>();
        tx.execute_each("insert into note (id) values ($1)", &rows)?;
        let rows = [vec![5_i64.into()], vec![5000_i64.into()]];
        let deleted = tx.execute_each("delete from note where id = $1", &rows)?;
        let found = tx.query_each("select id from note where id = $1", &[vec![6_i64.into()]])?;
        let listed = format!("select count(*) from note where id in {}", tx.each_int(1));
        let n: i64 = tx.query_one(&listed, &["[1,2,5]".into()])?.take(0)?;
        Ok((deleted, found[0].len(), n, count(tx)?))
    });
    assert_eq!(counts.await.unwrap(), (vec![1, 0], 1, 2, 999));
}

#[tokio::test]
async fn replicas_that_start_together_make_the_database_once() {
    let test = TestDb::new(SCHEMA).await;
    let Settings::Postgres(mut settings) = test.settings.clone() else {
        return;
    };
    for round in 0..5 {
        let name = format!("{}_{round}", settings.schema);
        settings.config.dbname(&name);
        let opened = (0..4).map(|_| Db::open(Settings::Postgres(settings.clone()), SCHEMA));
        let opened = futures::future::try_join_all(opened).await.unwrap();
        assert_eq!(opened[3].read(count).await.unwrap(), 0);
    }
}

fn count_of(tx: &mut Tx<'_>, text: &str) -> platform::Result<i64> {
    let sql = "select count(*) from note where text = $1";
    tx.query_one(sql, &[text.into()])?.take(0)
}

#[tokio::test]
async fn many_rows_are_inserted_in_their_order_and_conflicts_are_dealt_with() {
    let test = TestDb::new(SCHEMA).await;
    for n in [0_i64, 1, 63, 64, 65, 200] {
        let found = test.db.write(move |tx| {
            tx.execute("delete from note where id >= 0", &[])?;
            let rows = |text: &'static str| (0..n).map(move |id| vec![id.into(), text.into()]);
            let old: Vec<_> = rows("old").step_by(2).collect();
            tx.insert("note (id, text)", &old, "")?;
            let new: Vec<_> = rows("new").collect();
            tx.insert("note (id, text)", &new, "on conflict do nothing")?;
            let kept = count_of(tx, "old")?;
            let update = "on conflict (id) do update set text = excluded.text";
            tx.insert("note (id, text)", &new, update)?;
            Ok((kept, count_of(tx, "new")?))
        });
        assert_eq!(found.await.unwrap(), ((n + 1) / 2, n), "{n} rows");
    }
}

#[tokio::test]
async fn concurrent_writers_do_not_lose_updates() {
    let test = TestDb::new(SCHEMA).await;
    test.db
        .write(|tx| tx.execute("insert into note (id, x) values (1, 0)", &[]))
        .await
        .unwrap();
    let increments = (0..40).map(|_| {
        test.db.write(|tx| {
            let x: f64 = tx
                .query_one("select x from note where id = 1", &[])?
                .take(0)?;
            tx.execute("update note set x = $1 where id = 1", &[(x + 1.0).into()])
        })
    });
    futures::future::try_join_all(increments).await.unwrap();
    let x = test
        .db
        .read(|tx| tx.query_one("select x from note", &[])?.take::<f64>(0));
    assert!((x.await.unwrap() - 40.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_commit_wakes_subscribers_of_every_replica() {
    let test = TestDb::new(SCHEMA).await;
    let replica = match &test.settings {
        platform::db::Settings::Postgres(_) => Db::connect(test.settings.clone()).await.unwrap(),
        // Replicas of a SQLite database are clones of one handle.
        _ => test.db.clone(),
    };
    // Longer, with the name of the schema, than a channel of PostgreSQL may be.
    let channel = "a_channel_with_a_name_that_is_rather_long";
    let mut woken = replica.subscribe(channel);
    replica.listen();
    if let platform::db::Settings::Postgres(_) = test.settings {
        // The first wake-up says that the listener is connected.
        tokio::time::timeout(Duration::from_mins(1), woken.changed())
            .await
            .unwrap()
            .unwrap();
    }
    test.db.write(move |tx| tx.notify(channel)).await.unwrap();
    tokio::time::timeout(Duration::from_mins(1), woken.changed())
        .await
        .unwrap()
        .unwrap();
    replica.close();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let test = TestDb::new(SCHEMA).await;
    test.db
        .write(|tx| tx.execute("update platform_migration set version = 9", &[]))
        .await
        .unwrap();
    let error = Db::open(test.settings.clone(), SCHEMA).await.unwrap_err();
    assert!(
        error.message().contains("newer version of Callboard"),
        "{error:?}"
    );
    assert_eq!(test.db.read(count).await.unwrap(), 0);
}

#[tokio::test]
async fn migrations_run_once_whoever_starts_first() {
    let test = TestDb::new(SCHEMA).await;
    let again = (0..4).map(|_| Db::open(test.settings.clone(), SCHEMA));
    futures::future::try_join_all(again).await.unwrap();
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_growing_token() {
    let test = TestDb::new(SCHEMA).await;
    let steps = test.db.write(|tx| {
        let a = acquire_lease(tx, "job", "a", 0, 10)?.map(|lease| lease.token);
        let b_early = acquire_lease(tx, "job", "b", 5, 10)?;
        let a_again = acquire_lease(tx, "job", "a", 6, 10)?.map(|lease| lease.token);
        let b = acquire_lease(tx, "job", "b", 20, 10)?.unwrap();
        let stale = platform::db::Lease {
            token: 1,
            holder: "a".into(),
            ..b.clone()
        };
        let a_lost = renew_lease(tx, &stale, 21, 10)?;
        release_lease(tx, &b)?;
        let c = acquire_lease(tx, "job", "c", 22, 10)?.map(|lease| lease.token);
        Ok((a, b_early, a_again, b.token, a_lost, c))
    });
    assert_eq!(
        steps.await.unwrap(),
        (Some(1), None, Some(1), 2, false, Some(3))
    );
}
