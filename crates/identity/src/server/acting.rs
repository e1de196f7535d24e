//! Clients that act for a user: what the user sees of them, and how the user ends it.

use platform::Result;
use platform::clock::Millis;
use serde::Serialize;

use super::client::Client;
use super::grant::{CLIENT, Grant, REFRESH};
use super::token::Offline;
use crate::Identity;

/// A client that may come for tokens of a user.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Acting {
    id: String,
    client_id: String,
    /// What a registered client calls itself; clients with a document are known by its address.
    client_name: Option<String>,
    scope: String,
    resource: Option<String>,
    /// When the user said yes.
    created_at: Millis,
    /// When it ends, unless the client comes again.
    expires_at: Millis,
}

impl Identity {
    /// The clients that act for a user, the newest first.
    pub(crate) async fn list_acting(&self, user_ref: &str) -> Result<Vec<Acting>> {
        let now = self.clock.now();
        let grants = self.store.list_grants(REFRESH, user_ref).await?;
        let mut acting = Vec::with_capacity(grants.len());
        for grant in grants.into_iter().rev() {
            if grant.expires_at > now {
                acting.push(self.acting(grant).await?);
            }
        }
        Ok(acting)
    }

    async fn acting(&self, grant: Grant) -> Result<Acting> {
        let offline: Offline = grant.read()?;
        let registered = self.store.find_grant(CLIENT, &offline.client_id).await?;
        let client = registered.map(|it| it.read::<Client>()).transpose()?;
        Ok(Acting {
            id: grant.id,
            client_id: offline.client_id,
            client_name: client.map(|client| client.name),
            scope: offline.scope,
            resource: offline.resource,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
        })
    }

    /// Ends what a client may do for a user; the client, if there was one.
    pub(crate) async fn end_acting(&self, user_ref: &str, id: &str) -> Result<Option<String>> {
        let found = self.store.find_grant(REFRESH, id).await?;
        let Some(grant) = found.filter(|grant| grant.owner == user_ref) else {
            return Ok(None);
        };
        let offline: Offline = grant.read()?;
        let is_ended = self.store.delete_grant(REFRESH, id).await?;
        Ok(is_ended.then_some(offline.client_id))
    }
}
