//! What a user owns who left the catalog while their token is still good.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity::Directory;
use model::Filter;
use parking_lot::Mutex;
use platform::Result;
use platform::ctx::Caller;
use serde_json::{Value, json};

use super::lab::{Lab, settings};
use super::vendor::Vendor;

const ANN: &str = "user:default/ann";

/// A catalog with one user, until she leaves: her team, and what is above it.
struct Leaving(Mutex<Option<Vec<String>>>);

#[async_trait]
impl Directory for Leaving {
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        Ok(self.0.lock().clone().filter(|_| user_ref == ANN))
    }

    async fn find_users(&self, _filter: Filter, _limit: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// The groups of then would count as hers directly, although some are only above her own: whoever
/// names those as super users would have made her one by her leaving.
#[tokio::test]
async fn who_leaves_the_catalog_owns_through_themself_alone() {
    let refs = [ANN, "group:default/team", "group:default/above"].map(str::to_owned);
    let directory = Arc::new(Leaving(Mutex::new(Some(refs.to_vec()))));
    let known = Arc::clone(&directory) as Arc<dyn Directory>;
    let lab = Lab::among(settings(), Arc::default(), Vendor::new(), Some(known));
    let issued = lab.identity.issue_user_token(ANN, refs.to_vec()).await;
    let token = issued.unwrap().token;
    let owned = async || match &*lab.authenticate(&token).await.unwrap() {
        Caller::User(user) => user.ownership.to_vec(),
        caller => panic!("{caller:?}"),
    };
    let told = async || {
        let (status, body) = lab.get("/api/auth/v1/userinfo", &token).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["claims"]["ent"].clone()
    };
    assert_eq!(owned().await, refs);
    assert_eq!(told().await, json!(refs));

    *directory.0.lock() = None;
    lab.clock.advance(Duration::from_mins(1));
    assert_eq!(owned().await, [ANN]);
    assert_eq!(told().await, json!([ANN]));
}
