//! What sign-in asks of the catalog.

use async_trait::async_trait;
use catalog::Catalog;
use model::Filter;
use platform::Result;

/// Knows users and what they own things through; the catalog, in the product.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The user and their groups; `None` when there is no such user.
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>>;

    /// References of the users that fulfil a filter, at most `limit` of them.
    async fn find_users(&self, filter: Filter, limit: usize) -> Result<Vec<String>>;
}

#[async_trait]
impl Directory for Catalog {
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        Ok(Catalog::ownership(self, user_ref))
    }

    async fn find_users(&self, filter: Filter, limit: usize) -> Result<Vec<String>> {
        Ok(Catalog::find_users(self, filter, limit))
    }
}
