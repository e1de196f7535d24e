//! Completion of fields with what source control hosts show a user.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;
use platform::http::Json;
use serde_json::{Value, json};

use crate::bench::Bench;

/// A host that shows lists to who has the token of the user; in pages where it has more.
async fn host() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    authority
}

async fn answer(request: Request) -> Response {
    let token = request.headers().get(AUTHORIZATION);
    if token.is_none_or(|it| it != "Bearer of-the-user") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (path, query) = (
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
    );
    let is_page = |number: &str| {
        query
            .split('&')
            .any(|pair| pair == format!("page={number}"))
    };
    let page = |list: Value| if is_page("1") { list } else { json!([]) };
    let values = |list: Value| json!({ "values": page(list) });
    Json(match path {
        "/user/orgs" => page(json!([{"login": "acme"}, {"login": "other"}])),
        "/user/repos" if is_page("1") => (0..100)
            .map(|n| json!({"full_name": format!("acme/r{n}")}))
            .collect(),
        "/user/repos" if is_page("2") => json!([{"full_name": "acme/last"}]),
        "/repos/acme/shop/branches" => page(json!([{"name": "main"}, {"name": "next"}])),
        "/groups" => page(json!([{"id": 5, "full_path": "acme/web"}])),
        "/user" => json!({"id": 3, "username": "ada"}),
        "/groups/5/projects" => page(json!([{"name": " Shop ", "path": "shop"}])),
        "/users/3/projects" => page(json!([{"name": "Own", "path": "own"}])),
        "/workspaces" => values(json!([{"slug": "acme"}])),
        "/workspaces/acme/projects" => values(json!([{"key": "SHOP"}])),
        "/repositories/acme" if query.contains("q=project.key%3D%22SHOP%22") => {
            values(json!([{"slug": "api"}]))
        }
        "/repositories/acme/api/refs/branches" => values(json!([{"name": "main"}])),
        _ => return StatusCode::NOT_FOUND.into_response(),
    })
    .into_response()
}

fn ids(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn fields_are_completed_with_what_the_user_may_see() {
    let authority = host().await;
    let base = format!("http://{authority}");
    let one = json!([{"host": authority, "baseUrl": base, "apiBaseUrl": base, "token": "secret"}]);
    let cloud = json!([{"apiBaseUrl": base, "token": "secret"}]);
    let integrations = json!({"github": one, "gitlab": [], "gitea": [], "bitbucketCloud": cloud});
    let github = Bench::with_integrations(&authority, &integrations).await;
    let integrations = json!({"github": [], "gitlab": one, "gitea": []});
    let gitlab = Bench::with_integrations(&authority, &integrations).await;
    for (bench, resource, mut context, expected) in [
        (&github, "github/owners", json!({}), vec!["acme", "other"]),
        (
            &github,
            "github/branches",
            json!({"owner": "acme", "repository": "shop"}),
            vec!["main", "next"],
        ),
        (&gitlab, "gitlab/groups", json!({}), vec!["5", "3"]),
        (
            &gitlab,
            "gitlab/repositories",
            json!({"id": "5"}),
            vec!["shop"],
        ),
        (
            &gitlab,
            "gitlab/repositories",
            json!({"id": "3"}),
            vec!["own"],
        ),
        (
            &github,
            "bitbucket-cloud/workspaces",
            json!({}),
            vec!["acme"],
        ),
        (
            &github,
            "bitbucket-cloud/projects",
            json!({"workspace": "acme"}),
            vec!["SHOP"],
        ),
        (
            &github,
            "bitbucket-cloud/repositories",
            json!({"workspace": "acme", "project": "SHOP"}),
            vec!["api"],
        ),
        (
            &github,
            "bitbucket-cloud/branches",
            json!({"workspace": "acme", "repository": "api"}),
            vec!["main"],
        ),
    ] {
        if !resource.starts_with("bitbucket") {
            context["host"] = authority.as_str().into();
        }
        let body = json!({"token": "of-the-user", "context": context});
        let path = format!("/v2/autocomplete/{resource}");
        let (status, answer) = bench.post(&path, body).await;
        assert_eq!(status, 200, "{resource}: {answer}");
        assert_eq!(ids(&answer), expected, "{resource}");
    }
    let body = json!({"token": "of-the-user", "context": {"host": authority}});
    let path = "/v2/autocomplete/github/repositoriesWithOwner";
    let (_, answer) = github.post(path, body).await;
    let ids = ids(&answer);
    assert_eq!((ids.len(), ids[100]), (101, "acme/last"));
}

#[tokio::test]
async fn without_a_good_token_nothing_is_shown() {
    let authority = host().await;
    let base = format!("http://{authority}");
    // The configuration has credentials, which are for nobody who fills in a form.
    let one = json!([{"host": authority, "apiBaseUrl": base, "token": "of-the-user"}]);
    let integrations = json!({"github": one, "gitlab": [], "gitea": []});
    let bench = Bench::with_integrations(&authority, &integrations).await;
    let host = json!({"host": authority});
    for (resource, token, context, status) in [
        ("github/owners", "", &host, 400),
        ("github/owners", "wrong", &host, 403),
        (
            "github/owners",
            "of-the-user",
            &json!({"host": "example.com"}),
            400,
        ),
        (
            "github/owners",
            "of-the-user",
            &json!({"host": "169.254.169.254"}),
            400,
        ),
        ("gitlab/groups", "of-the-user", &host, 400),
        ("github/branches", "of-the-user", &host, 400),
        ("github/nothing", "of-the-user", &host, 400),
        ("nothing/owners", "of-the-user", &host, 400),
    ] {
        let path = format!("/v2/autocomplete/{resource}");
        let body = json!({"token": token, "context": context});
        let (found, answer) = bench.post(&path, body).await;
        assert_eq!(found, status, "{resource} with `{token}`: {answer}");
    }
}
