//! What the audit log is told: whom a user let act for them, and what such programs got.

use std::sync::Arc;

use platform::ctx::{Caller, Reach, User};
use platform::http::Act;

/// A program and the user it acts for.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) client_id: String,
    pub(crate) user_ref: String,
}

impl Agent {
    /// As who does something in the audit log; it is shown to nothing that decides.
    fn caller(&self) -> Arc<Caller> {
        let client: Arc<str> = self.client_id.as_str().into();
        Arc::new(Caller::User(User {
            entity_ref: self.user_ref.clone(),
            ownership: [].into(),
            expires_at: 0,
            limited_token: None,
            actor: Some(Arc::clone(&client)),
            agent: Some(client),
            reach: Reach::Read,
        }))
    }

    /// The program got tokens, with certain scopes.
    pub(crate) fn got_tokens(&self, scope: &str) -> Act {
        Act {
            detail: Some(scope.into()),
            ..self.act("auth.agent.token")
        }
    }

    /// The program, or somebody in its place, showed what was used before.
    pub(crate) fn used_twice(&self, what: &str) -> Act {
        Act {
            detail: Some(format!("{what} was used before; the session is over").into()),
            is_refused: true,
            ..self.act("auth.agent.token")
        }
    }

    /// The program gave its session up.
    pub(crate) fn left(&self) -> Act {
        self.act("auth.agent.end")
    }

    fn act(&self, action: &'static str) -> Act {
        Act {
            action,
            subject: self.user_ref.as_str().into(),
            detail: None,
            caller: Some(self.caller()),
            is_refused: false,
        }
    }
}

/// A user did something about a program; who it was is known by their credentials.
pub(crate) fn answered(action: &'static str, client_id: &str, detail: Option<&str>) -> Act {
    Act {
        action,
        subject: client_id.into(),
        detail: detail.filter(|it| !it.is_empty()).map(Arc::from),
        caller: None,
        is_refused: false,
    }
}
