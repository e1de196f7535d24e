//! `permission_rule`.

use platform::Result;
use platform::db::{Param, Tx};

use super::broken;
use crate::policy::{Action, Effect, Rule};

pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<Rule>> {
    let rows = tx.query(
        "select subject, permission, action, effect from permission_rule \
         order by subject, permission, action, effect",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let (action, effect): (String, String) = (row.take(2)?, row.take(3)?);
            Ok(Rule {
                subject: row.take(0)?,
                permission: row.take(1)?,
                action: Action::of_name(&action).ok_or_else(|| broken("rule"))?,
                effect: Effect::of_name(&effect).ok_or_else(|| broken("rule"))?,
            })
        })
        .collect()
}

fn params(rule: &Rule) -> Vec<Param<'_>> {
    vec![
        (&rule.subject).into(),
        (&rule.permission).into(),
        rule.action.name().into(),
        rule.effect.name().into(),
    ]
}

pub(crate) fn is_there(tx: &mut Tx<'_>, rule: &Rule) -> Result<bool> {
    let row = tx.query_opt(
        "select 1 from permission_rule \
         where subject = $1 and permission = $2 and action = $3 and effect = $4",
        &params(rule),
    )?;
    Ok(row.is_some())
}

pub(crate) fn insert(tx: &mut Tx<'_>, rules: &[Rule]) -> Result<()> {
    let rows: Vec<_> = rules.iter().map(params).collect();
    tx.execute_each(
        "insert into permission_rule (subject, permission, action, effect) \
         values ($1, $2, $3, $4)",
        &rows,
    )
    .map(drop)
}

pub(crate) fn delete(tx: &mut Tx<'_>, rules: &[Rule]) -> Result<()> {
    let rows: Vec<_> = rules.iter().map(params).collect();
    tx.execute_each(
        "delete from permission_rule \
         where subject = $1 and permission = $2 and action = $3 and effect = $4",
        &rows,
    )
    .map(drop)
}
