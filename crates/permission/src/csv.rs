//! Roles and policies as Casbin writes them: `p, role, permission, action, effect` and
//! `g, member, role`, one on a line.
//!
//! A line that is wrong is left out and reported, the others count. So does the first of several
//! equal lines; of two that contradict each other, none does.

use std::collections::HashMap;

use model::{Position, Problem};

use crate::policy::{Action, Effect, Membership, PolicySet, Rule, Source};
use crate::reference::{self, Kinds};

/// Lines of a file; more are left out.
const MAX_LINES: usize = 1_000_000;

/// Reads the text of a file; `name` is what problems call it.
pub fn read_csv(text: &str, name: &str) -> (PolicySet, Vec<Problem>) {
    let mut reader = Reader {
        file: name,
        ..Reader::default()
    };
    for (number, line) in (1..).zip(text.lines()).take(MAX_LINES) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parsed = fields(line).and_then(|fields| reader.add(&fields, number));
        if let Err(message) = parsed {
            reader.report(number, message);
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'n> {
    file: &'n str,
    rules: Vec<(u32, Rule)>,
    memberships: HashMap<Membership, u32>,
    order: Vec<Membership>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn add(&mut self, fields: &[String], line: u32) -> Result<(), String> {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        match *fields.as_slice() {
            ["p", subject, permission, action, effect] => {
                let rule = rule(subject, permission, action, effect)?;
                self.rules.push((line, rule));
                Ok(())
            }
            ["g", member, role] => self.add_membership(member, role, line),
            ["p", ..] => Err("a policy has a role, a permission, an action and an effect".into()),
            ["g", ..] => Err("Group policy should have length 2".into()),
            _ => Err("a line begins with `p` or `g`".into()),
        }
    }

    fn add_membership(&mut self, member: &str, role: &str, line: u32) -> Result<(), String> {
        let membership = Membership {
            member: member.to_lowercase(),
            role: role.to_owned(),
        };
        check_membership(&membership)?;
        if let Some(first) = self.memberships.get(&membership) {
            return Err(format!("line {first} says the same"));
        }
        self.memberships.insert(membership.clone(), line);
        self.order.push(membership);
        Ok(())
    }

    fn report(&mut self, line: u32, message: String) {
        let position = Position { line, column: 1 };
        let problem = Problem::error("policy.line", "", message);
        self.problems.push(problem.at(self.file, Some(position)));
    }

    fn finish(mut self) -> (PolicySet, Vec<Problem>) {
        let mut set = PolicySet::default();
        let mut effects: HashMap<(String, String, Action), Vec<(u32, Effect)>> = HashMap::new();
        for (line, rule) in &self.rules {
            let key = (rule.subject.clone(), rule.permission.clone(), rule.action);
            effects.entry(key).or_default().push((*line, rule.effect));
        }
        for (line, rule) in std::mem::take(&mut self.rules) {
            let key = (rule.subject.clone(), rule.permission.clone(), rule.action);
            let same = effects.get(&key).map(Vec::as_slice).unwrap_or_default();
            let other = same.iter().find(|(_, effect)| *effect != rule.effect);
            if let Some((other, _)) = other {
                self.report(
                    line,
                    format!("line {other} says the opposite; neither counts"),
                );
            } else if let Some((first, _)) = same.iter().find(|(first, _)| *first < line) {
                self.report(line, format!("line {first} says the same"));
            } else {
                if rule.subject.starts_with("role:") {
                    set.add_role(&rule.subject, Source::CsvFile);
                }
                set.rules.push(rule);
            }
        }
        for membership in self.order {
            set.add_role(&membership.role, Source::CsvFile);
            set.memberships.push(membership);
        }
        self.problems
            .sort_by_key(|problem| problem.position.map(|position| position.line));
        (set, self.problems)
    }
}

/// A rule of four texts, or what is wrong with them.
pub(crate) fn rule(
    subject: &str,
    permission: &str,
    action: &str,
    effect: &str,
) -> Result<Rule, String> {
    reference::check(subject, Kinds::Any)?;
    if permission.is_empty() {
        return Err("'permission' field must not be empty".into());
    }
    if permission.contains('"') {
        return Err(
            "'permission' contains double quotes (\") which are not supported by the RBAC policy \
             persistence format."
                .into(),
        );
    }
    if action.is_empty() {
        return Err("'policy' field must not be empty".into());
    }
    let action = Action::of_name(action).ok_or_else(|| {
        let names = Action::ALL.map(Action::name).join(", ");
        format!("'policy' has invalid value: '{action}'. It should be one of: {names}")
    })?;
    if effect.is_empty() {
        return Err("'effect' field must not be empty".into());
    }
    let effect = Effect::of_name(effect).ok_or_else(|| {
        format!("'effect' has invalid value: '{effect}'. It should be: 'allow' or 'deny'")
    })?;
    Ok(Rule {
        subject: subject.to_owned(),
        permission: permission.to_owned(),
        action,
        effect,
    })
}

/// Fails unless a user or group gets a role.
pub(crate) fn check_membership(membership: &Membership) -> Result<(), String> {
    let Membership { member, role } = membership;
    let row = format!("{member},{role}");
    for reference in [member, role] {
        reference::check(reference, Kinds::Any)
            .map_err(|cause| format!("Failed to validate group policy {row}. Cause: {cause}"))?;
    }
    let reason = match (member.split_once(':'), role.split_once(':')) {
        (Some(("role", _)), _) => "rbac-backend plugin doesn't support role inheritance.",
        (Some(("group", _)), Some(("group", _))) => {
            "Group inheritance information could be provided only with help of Catalog API."
        }
        (_, Some(("group", _))) => {
            "User membership information could be provided only with help of Catalog API."
        }
        (_, Some(("user", _))) => "a user is not a role.",
        _ => return Ok(()),
    };
    Err(format!("Group policy is invalid: {row}. {reason}"))
}

/// The fields of a line: separated by commas, with blanks around them, in quotes where needed.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            let (field, after) = unquoted(quoted)?;
            fields.push(field);
            let after = after.trim_start();
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None if after.is_empty() => return Ok(fields),
                None => return Err("there is something behind a quoted field".into()),
            }
        } else {
            let (field, next) = match rest.split_once(',') {
                Some((field, next)) => (field, Some(next)),
                None => (rest, None),
            };
            fields.push(field.trim_end().to_owned());
            match next {
                Some(next) => rest = next,
                None => return Ok(fields),
            }
        }
    }
}

/// The field up to its closing quote, and what is behind; two quotes stand for one.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_casbin_reads_them() {
        let text = "\
# the team
g, user:default/Alice, role:default/team
g,group:default/a,role:default/team

p, role:default/team, catalog-entity, read, allow
p, \"role:default/team\", \"catalog.entity.create\" , create, deny
  p,user:default/bob,kubernetes.proxy,use,allow
";
        let (set, problems) = read_csv(text, "policy.csv");
        assert_eq!(problems, []);
        assert_eq!(set.roles.keys().collect::<Vec<_>>(), ["role:default/team"]);
        let members: Vec<_> = set.memberships.iter().map(|it| &*it.member).collect();
        assert_eq!(members, ["user:default/alice", "group:default/a"]);
        let rules: Vec<_> = set
            .rules
            .iter()
            .map(|it| (&*it.subject, &*it.permission, it.action, it.effect))
            .collect();
        assert_eq!(
            rules,
            [
                (
                    "role:default/team",
                    "catalog-entity",
                    Action::Read,
                    Effect::Allow
                ),
                (
                    "role:default/team",
                    "catalog.entity.create",
                    Action::Create,
                    Effect::Deny
                ),
                (
                    "user:default/bob",
                    "kubernetes.proxy",
                    Action::Use,
                    Effect::Allow
                ),
            ]
        );
    }

    #[test]
    fn a_wrong_line_is_left_out_and_reported() {
        let good = "p, role:default/a, x, read, allow";
        let cases = [
            ("p, role:default/a, x, read", "an action and an effect"),
            (
                "p, role:default/a, x, eat, allow",
                "'policy' has invalid value: 'eat'",
            ),
            (
                "p, role:default/a, x, read, maybe",
                "'effect' has invalid value",
            ),
            (
                "p, role:default/a, , read, allow",
                "'permission' field must not be empty",
            ),
            ("p, a, x, read, allow", "kind"),
            (
                "p, \"role:default/a, x, read, allow",
                "a quote is not closed",
            ),
            ("p, \"a\"b, x, read, allow", "behind a quoted field"),
            (
                "p, role:default/a, \"x\"\"\", read, allow",
                "contains double quotes",
            ),
            ("g, role:default/b, role:default/a", "role inheritance"),
            ("g, group:default/b, group:default/a", "Group inheritance"),
            ("g, user:default/b, group:default/a", "User membership"),
            ("g, user:default/b", "length 2"),
            ("g2, a, b", "begins with `p` or `g`"),
            (good, "line 1 says the same"),
        ];
        for (line, expected) in cases {
            let (set, problems) = read_csv(&format!("{good}\n{line}"), "f");
            assert_eq!(set.rules.len(), 1, "{line}");
            assert_eq!(problems.len(), 1, "{line}");
            assert!(
                problems[0].message.contains(expected),
                "{}",
                problems[0].message
            );
            assert_eq!(problems[0].position.unwrap().line, 2);
        }
    }

    #[test]
    fn of_lines_that_contradict_each_other_none_counts() {
        let text = "p, role:default/a, x, read, allow\np, role:default/a, x, read, deny\n\
                    p, role:default/a, y, read, deny";
        let (set, problems) = read_csv(text, "f");
        assert_eq!(set.rules.len(), 1);
        assert_eq!(set.rules[0].permission, "y");
        assert_eq!(problems.len(), 2);
    }
}
