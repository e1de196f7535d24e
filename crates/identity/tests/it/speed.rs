//! What a request pays for authentication. Run with `--ignored --nocapture` for figures.

use std::time::Instant;

use super::lab::{Lab, STATIC_TOKEN, bearer, settings};

#[tokio::test]
#[ignore = "prints figures instead of checking"]
async fn cost_of_a_verified_token() {
    const N: u32 = 200_000;
    let lab = Lab::new(settings());
    let user = lab.user_token().await;
    let authenticator = lab.identity.authenticator("catalog");
    for (name, token) in [("user", &*user), ("static", STATIC_TOKEN)] {
        let headers = bearer(token);
        authenticator.authenticate(&headers).await.unwrap();
        let start = Instant::now();
        for _ in 0..N {
            authenticator.authenticate(&headers).await.unwrap();
        }
        println!("{name} token, cached: {:?}", start.elapsed() / N);
    }
    let start = Instant::now();
    for _ in 0..1_000 {
        Lab::with_store(settings(), lab.store.clone())
            .authenticate(&user)
            .await
            .unwrap();
    }
    println!(
        "user token, first seen (and keys loaded): {:?}",
        start.elapsed() / 1_000
    );
}
