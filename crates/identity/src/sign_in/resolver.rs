//! Sign-in resolvers: named ways to find the user. Reference 3 §2.3.

use std::borrow::Cow;

use model::Filter;
use platform::config::ResolverConfig;
use platform::{Code, Result};

use super::attempt::FailedStep;
use super::facts::{Fact, Facts};
use crate::directory::Directory;

/// Longest value that is looked for.
const MAX_VALUE: usize = 200;
/// What the person is told when no resolver finds a user.
const UNRESOLVED: &str = "Failed to sign-in, unable to resolve user identity. Please verify that \
                          your catalog contains the expected User entities that would match your \
                          configured sign-in resolver.";

/// How a resolver compares a person with the users of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Email address and `spec.profile.email`.
    ProfileEmail,
    /// What is before the `@` and the name of the entity.
    EmailLocalPart,
    /// A fact and the name of the entity.
    Name(Fact),
    /// A fact and an annotation.
    Annotation(Cow<'static, str>, Fact),
}

/// A resolver under the name it has in the configuration.
pub(crate) type Named = (&'static str, Rule);

/// The resolvers every provider has.
pub(crate) const COMMON: [Named; 2] = [
    ("emailMatchingUserEntityProfileEmail", Rule::ProfileEmail),
    ("emailLocalPartMatchingUserEntityName", Rule::EmailLocalPart),
];

/// A configured resolver.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    name: &'static str,
    rule: Rule,
    allowed_domains: Option<Vec<String>>,
    lets_strangers_in: bool,
}

/// A user who has been found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) user_ref: String,
    /// `None` for somebody who is not in the catalog.
    pub(crate) ownership: Option<Vec<String>>,
}

/// What the person is told, as a JavaScript error has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) name: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { name, message }
    }
}

/// Nobody was found: what the person is told, and what operators are.
#[derive(Debug)]
pub(crate) struct Unresolved {
    pub(crate) refusal: Refusal,
    pub(crate) steps: Vec<FailedStep>,
    pub(crate) fix: String,
}

/// Why one resolver found nobody.
enum Miss {
    /// There is no such user; the next resolver may know one.
    Absent,
    /// Whatever the next one would find, this person may not sign in.
    Refused(Refusal, String),
}

/// What a resolver looks for.
struct Wanted {
    /// In words, for operators.
    text: String,
    lookup: Lookup,
    /// Who signs in if there is no such user and strangers are let in.
    fallback: Option<String>,
}

enum Lookup {
    Ref(String),
    Match(Filter),
}

impl Resolver {
    /// A resolver by its configured name; `own` are those of the provider beside the common ones.
    pub(crate) fn new(config: &ResolverConfig, own: &[Named]) -> Result<Self, String> {
        let mut known = COMMON.iter().chain(own);
        let found = known.find(|(name, _)| *name == config.resolver);
        let Some((name, rule)) = found.cloned() else {
            let names: Vec<_> = COMMON.iter().chain(own).map(|(name, _)| *name).collect();
            return Err(format!(
                "there is no resolver `{}`; known are {}",
                config.resolver,
                names.join(", ")
            ));
        };
        let domains = config.allowed_domains.as_ref();
        Ok(Self {
            name,
            rule,
            allowed_domains: domains.map(|list| list.0.clone()),
            lets_strangers_in: config.dangerously_allow_sign_in_without_user_in_catalog,
        })
    }

    /// As configured.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What to look for, in the order of looking.
    fn wanted(&self, facts: &Facts) -> Result<Vec<Wanted>, Miss> {
        match &self.rule {
            Rule::ProfileEmail => Ok(by_profile_email(self.email(facts)?)),
            Rule::EmailLocalPart => {
                let email = self.email(facts)?;
                let (local, _) = email.split_once('@').unwrap_or((email, ""));
                Ok(vec![by_name(local)])
            }
            Rule::Name(fact) => Ok(vec![by_name(required(facts, *fact)?)]),
            Rule::Annotation(annotation, fact) => {
                Ok(vec![by_annotation(annotation, required(facts, *fact)?)])
            }
        }
    }

    fn email<'f>(&self, facts: &'f Facts) -> Result<&'f str, Miss> {
        let email = required(facts, Fact::Email)?;
        let (_, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let is_allowed = self.allowed_domains.as_ref().is_none_or(|allowed| {
            let mut allowed = allowed.iter();
            allowed.any(|allowed| allowed.eq_ignore_ascii_case(domain))
        });
        if is_allowed {
            return Ok(email);
        }
        Err(Miss::Refused(
            Refusal::new(
                Code::Forbidden.name(),
                "Sign-in user email is not from an allowed domain",
            ),
            format!("add `{domain}` to `allowedDomains` of the resolver, if it belongs there"),
        ))
    }

    async fn resolve(
        &self,
        facts: &Facts,
        directory: &dyn Directory,
        steps: &mut Vec<FailedStep>,
    ) -> Result<Result<Resolved, Miss>> {
        let wanted = match self.wanted(facts) {
            Ok(wanted) => wanted,
            Err(miss) => {
                if let Miss::Refused(refusal, _) = &miss {
                    steps.push(self.step(None, &refusal.message));
                }
                return Ok(Err(miss));
            }
        };
        let mut fallback = None;
        for Wanted {
            text,
            lookup,
            fallback: stranger,
        } in wanted
        {
            match find(directory, lookup).await? {
                Found::One(user_ref, ownership) => {
                    let ownership = Some(ownership);
                    return Ok(Ok(Resolved {
                        user_ref,
                        ownership,
                    }));
                }
                Found::Several => {
                    steps.push(self.step(Some(text), "several users"));
                    return Ok(Err(ambiguous()));
                }
                Found::Nobody => steps.push(self.step(Some(text), "no such user")),
            }
            fallback = stranger;
        }
        Ok(match fallback.filter(|_| self.lets_strangers_in) {
            Some(user_ref) => Ok(Resolved {
                user_ref,
                ownership: None,
            }),
            None => Err(Miss::Absent),
        })
    }

    fn step(&self, looked_for: Option<String>, outcome: &str) -> FailedStep {
        FailedStep {
            resolver: Some(self.name.to_owned()),
            looked_for,
            outcome: outcome.to_owned(),
        }
    }
}

/// Asks the resolvers in order. The outer error is a catalog that cannot be asked.
pub(crate) async fn resolve(
    resolvers: &[Resolver],
    facts: &Facts,
    directory: &dyn Directory,
) -> Result<Result<Resolved, Box<Unresolved>>> {
    let mut steps = Vec::new();
    for resolver in resolvers {
        match resolver.resolve(facts, directory, &mut steps).await? {
            Ok(resolved) => return Ok(Ok(resolved)),
            Err(Miss::Absent) => {}
            Err(Miss::Refused(refusal, fix)) => {
                return Ok(Err(Box::new(Unresolved {
                    refusal,
                    steps,
                    fix,
                })));
            }
        }
    }
    let last = steps.iter().rev().find_map(|step| step.looked_for.clone());
    let fix = match last {
        Some(looked_for) => format!(
            "add a User entity with {looked_for}, or choose a resolver that fits your users"
        ),
        None => "add a resolver to `signIn.resolvers`".to_owned(),
    };
    let refusal = Refusal::new(Code::Internal.name(), UNRESOLVED);
    Ok(Err(Box::new(Unresolved {
        refusal,
        steps,
        fix,
    })))
}

enum Found {
    One(String, Vec<String>),
    Several,
    Nobody,
}

async fn find(directory: &dyn Directory, lookup: Lookup) -> Result<Found> {
    let user_ref = match lookup {
        Lookup::Ref(user_ref) => user_ref,
        Lookup::Match(filter) => {
            let mut users = directory.find_users(filter, 2).await?;
            match (users.pop(), users.is_empty()) {
                (Some(user), true) => user,
                (Some(_), false) => return Ok(Found::Several),
                (None, _) => return Ok(Found::Nobody),
            }
        }
    };
    Ok(match directory.ownership(&user_ref).await? {
        Some(ownership) => Found::One(user_ref, ownership),
        None => Found::Nobody,
    })
}

fn required(facts: &Facts, fact: Fact) -> Result<&str, Miss> {
    let value = facts.get(fact).filter(|value| !value.is_empty());
    if let Some(value) = value {
        if value.len() <= MAX_VALUE {
            return Ok(value);
        }
        return Err(Miss::Refused(
            failed("Login failed, the user profile is too long"),
            format!("the {} is longer than {MAX_VALUE} bytes", fact.name()),
        ));
    }
    let fix = match (fact, facts.email_doubt) {
        (Fact::Email, Some(doubt)) => doubt.to_owned(),
        (Fact::Email, None) => "ask for the scope `email`, and see that the provider sends the \
                                claim"
            .to_owned(),
        _ => format!(
            "the provider sent no {}; choose another resolver",
            fact.name()
        ),
    };
    let article = if fact == Fact::Email || fact == Fact::Id {
        "an"
    } else {
        "a"
    };
    let text = format!(
        "Login failed, user profile does not contain {article} {}",
        fact.name()
    );
    Err(Miss::Refused(failed(text), fix))
}

fn failed(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::Internal.name(), message)
}

fn ambiguous() -> Miss {
    Miss::Refused(
        Refusal::new(
            Code::Conflict.name(),
            "User lookup resulted in multiple matches",
        ),
        "make the value unique among User entities".to_owned(),
    )
}

/// By the whole address, then without what follows a `+`.
fn by_profile_email(email: &str) -> Vec<Wanted> {
    let wanted = |email: &str| Wanted {
        text: format!("spec.profile.email `{email}`"),
        lookup: Lookup::Match(Filter::equals("spec.profile.email", email)),
        fallback: user_ref(email),
    };
    let mut all = vec![wanted(email)];
    if let Some((local, domain)) = email.rsplit_once('@')
        && let Some((name, _)) = local.split_once('+')
        && !name.is_empty()
    {
        all.push(wanted(&format!("{name}@{domain}")));
    }
    all
}

fn by_name(name: &str) -> Wanted {
    let lower = name.to_lowercase();
    let entity = format!("user:default/{lower}");
    Wanted {
        text: format!("name `{lower}` (`{entity}`)"),
        lookup: Lookup::Ref(entity),
        fallback: user_ref(name),
    }
}

fn by_annotation(annotation: &str, value: &str) -> Wanted {
    let key = format!("metadata.annotations.{annotation}");
    Wanted {
        text: format!("annotation `{annotation}: {value}`"),
        lookup: Lookup::Match(Filter::equals(&key, value)),
        fallback: user_ref(value),
    }
}

/// The reference of somebody who is not in the catalog; `None` when the name could be taken for
/// something else than a name.
fn user_ref(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.+@".contains(c);
    let fits = !name.is_empty() && name.chars().all(is_plain);
    fits.then(|| format!("user:default/{}", name.to_lowercase()))
}

#[cfg(test)]
mod tests;
