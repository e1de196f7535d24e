//! Tampering is found.

use audit::{Fault, Reads};

use super::Lab;

/// What somebody with access to the database does, and what is found then.
const CASES: &[(&str, &[Fault])] = &[
    (
        "update audit_record set actor = 'user:default/other' where seq = 3",
        &[Fault::Changed { seq: 3 }],
    ),
    (
        "update audit_record set detail = '' where seq = 5",
        &[Fault::Changed { seq: 5 }],
    ),
    (
        "update audit_record set hash = 'aa' where seq = 2",
        &[Fault::Changed { seq: 2 }, Fault::Changed { seq: 3 }],
    ),
    (
        "update audit_record set hash = 'aa' where seq = 5",
        &[Fault::Changed { seq: 5 }, Fault::Changed { seq: 5 }],
    ),
    (
        "delete from audit_record where seq = 2",
        &[Fault::Missing { from: 2, to: 2 }],
    ),
    (
        "delete from audit_record where seq in (1, 2)",
        &[Fault::Missing { from: 1, to: 2 }],
    ),
    (
        "delete from audit_record where seq >= 4",
        &[Fault::Missing { from: 4, to: 5 }],
    ),
    (
        "delete from audit_record",
        &[Fault::Missing { from: 1, to: 5 }],
    ),
    (
        "insert into audit_record (seq, at, via, action, actor, subject, outcome, hash) \
         values (6, 1, 'api', 'a', 'b', 'c', 'denied', 'd')",
        &[Fault::Unknown { from: 6 }],
    ),
];

#[tokio::test]
async fn a_changed_or_removed_record_is_found() {
    for (tampering, faults) in CASES {
        let lab = Lab::new(Reads::default()).await;
        lab.record(5).await;
        let sql = (*tampering).to_owned();
        let tamper = move |tx: &mut platform::db::Tx<'_>| tx.batch(&sql);
        lab.db.db.write(tamper).await.unwrap();
        let found = lab.audit.verify(None).await.unwrap();
        assert_eq!(found.faults, *faults, "{tampering}");
    }
}

#[tokio::test]
async fn an_untouched_log_is_whole() {
    let lab = Lab::new(Reads::default()).await;
    assert_eq!(lab.audit.verify(None).await.unwrap().n_faults, 0);
    lab.record(2_500).await;
    let found = lab.audit.verify(None).await.unwrap();
    assert_eq!((found.n_records, found.last), (2_500, 2_500));
    assert_eq!(found.faults, []);
}

#[tokio::test]
async fn a_chain_that_was_written_anew_does_not_have_the_hash_kept_elsewhere() {
    let (lab, other) = (
        Lab::new(Reads::default()).await,
        Lab::new(Reads::default()).await,
    );
    lab.record(3).await;
    other.record(2).await;
    let kept = lab.audit.verify(None).await.unwrap().hash;
    assert_eq!(lab.audit.verify(Some(&kept)).await.unwrap().faults, []);
    let found = other.audit.verify(Some(&kept)).await.unwrap();
    assert_eq!(found.faults, [Fault::OtherEnd]);
}
