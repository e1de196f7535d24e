//! A catalog of users, as sign-in sees it.

use async_trait::async_trait;
use identity::Directory;
use model::Filter;
use platform::Result;

/// One user: the name, and rows of the index.
pub(crate) struct Person(&'static str, Vec<(&'static str, Option<&'static str>)>);

/// All users.
#[derive(Default)]
pub(crate) struct People(Vec<Person>);

impl People {
    /// Alice with an address and annotations, bob with an address, and two twins with the same one.
    pub(crate) fn usual() -> Self {
        Self(vec![
            person(
                "alice",
                &[
                    ("spec.profile.email", "alice@acme.org"),
                    ("metadata.annotations.google.com/email", "alice@acme.org"),
                    ("metadata.annotations.google.com/user-id", "a-1"),
                    ("metadata.annotations.github.com/user-id", "1"),
                    ("metadata.annotations.gitlab.com/user-id", "1"),
                    ("metadata.annotations.git.acme.org/user-id", "1"),
                    ("metadata.annotations.microsoft.com/email", "alice@acme.org"),
                    ("metadata.annotations.graph.microsoft.com/user-id", "a-1"),
                    ("metadata.annotations.okta.com/email", "alice@acme.org"),
                    ("metadata.annotations.bitbucket.org/username", "alice"),
                    ("metadata.annotations.bitbucket.org/user-id", "a-1"),
                ],
            ),
            person("bob", &[("spec.profile.email", "bob@acme.org")]),
            person("twin-a", &[("spec.profile.email", "twin@acme.org")]),
            person("twin-b", &[("spec.profile.email", "twin@acme.org")]),
        ])
    }
}

fn person(name: &'static str, rows: &[(&'static str, &'static str)]) -> Person {
    let mut rows: Vec<_> = rows
        .iter()
        .map(|(key, value)| (*key, Some(*value)))
        .collect();
    rows.push(("kind", Some("user")));
    Person(name, rows)
}

#[async_trait]
impl Directory for People {
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let known = self
            .0
            .iter()
            .any(|Person(name, _)| user_ref == reference(name));
        Ok(known.then(|| vec![user_ref.to_owned(), "group:default/all".to_owned()]))
    }

    async fn find_users(&self, filter: Filter, limit: usize) -> Result<Vec<String>> {
        let fitting = self
            .0
            .iter()
            .filter(|Person(_, rows)| filter.matches_rows(rows));
        Ok(fitting
            .take(limit)
            .map(|Person(name, _)| reference(name))
            .collect())
    }
}

fn reference(name: &str) -> String {
    format!("user:default/{name}")
}
