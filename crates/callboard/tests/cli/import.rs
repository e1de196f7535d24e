//! `callboard catalog import`

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::backstage::{Backstage, Row};
use crate::portal::{Portal, serve_text};
use crate::stage::Stage;

const LOCATION_ID: &str = "11111111-1111-4111-8111-111111111111";
const U_LOCATION: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const U_SHOP: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const U_TEAM: &str = "aaaaaaaa-0000-4000-8000-000000000003";
const U_OLD: &str = "aaaaaaaa-0000-4000-8000-000000000004";
const U_LEGACY: &str = "aaaaaaaa-0000-4000-8000-000000000005";
const U_MENDED: &str = "aaaaaaaa-0000-4000-8000-000000000006";

/// An entity with the annotations that ingestion adds.
fn entity(kind: &str, name: &str, location: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "annotations": {
            "backstage.io/managed-by-location": location,
            "backstage.io/managed-by-origin-location": location,
        }},
        "spec": spec,
    })
}

fn component(name: &str, location: &str) -> Value {
    let spec = json!({"type": "service", "lifecycle": "production", "owner": "team"});
    entity("Component", name, location, &spec)
}

/// A Backstage with a registered location, a configured one at a path that is not ours, and a
/// provider that Callboard does not have.
async fn backstage(stage: &Stage, url: &str) -> Backstage {
    let backstage = Backstage::new(stage).await;
    backstage.add_location(LOCATION_ID, url).await;
    let registered = format!("url:{url}");
    let generated = model::location_entity_name("url", url);
    let spec = json!({"type": "url", "target": url});
    let old = "file:/app/entities.yaml";
    let old_name = model::location_entity_name("file", "/app/entities.yaml");
    let old_spec = json!({"type": "file", "target": "/app/entities.yaml"});
    let team = json!({"type": "team", "children": []});
    let rows = [
        (
            U_LOCATION,
            entity("Location", &generated, &registered, &spec),
            registered.as_str(),
            "DefaultLocationStore".to_owned(),
            false,
        ),
        (
            U_SHOP,
            component("shop", &registered),
            &registered,
            format!("location:default/{generated}"),
            false,
        ),
        (
            U_TEAM,
            entity("Group", "team", "url:https://github.com/org", &team),
            "github:org",
            "GithubOrgEntityProvider:production".to_owned(),
            false,
        ),
        (
            U_OLD,
            entity("Location", &old_name, old, &old_spec),
            old,
            "ConfigLocationProvider".to_owned(),
            false,
        ),
        (
            U_LEGACY,
            component("legacy", old),
            old,
            format!("location:default/{old_name}"),
            false,
        ),
        (
            U_MENDED,
            component("mended", "url:https://github.com/org"),
            "github:org",
            "GithubOrgEntityProvider:production".to_owned(),
            true,
        ),
    ];
    for (uid, entity, location_key, source, is_broken) in rows {
        let location_key = Some(location_key);
        backstage
            .add(Row {
                uid,
                entity,
                location_key,
                source: &source,
                is_broken,
            })
            .await;
    }
    backstage
}

fn generated(url: &str) -> String {
    format!(
        "location:default/{}",
        model::location_entity_name("url", url)
    )
}

/// What the audit log has of imports, the oldest first.
fn recorded(stage: &Stage) -> Vec<String> {
    let log = stage.run(&["audit", "export"]).expect(0).out;
    let records = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut told: Vec<String> = records
        .filter(|record: &Value| record["via"] == "operator")
        .inspect(|record| {
            let has_digest = record["before"].is_string() || record["after"].is_string();
            assert!(has_digest, "{record}");
        })
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("action"), text("subject"), text("detail"))
        })
        .collect();
    told.reverse();
    told
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn written(name: &str, title: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n  \
         title: {title}\nspec: {{type: service, lifecycle: production, owner: team}}\n"
    )
}

fn stage(port: u16, web: u16) -> Stage {
    let stage = Stage::configured(&json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": {"host": "127.0.0.1", "port": port},
            "reading": {"allow": [{"host": format!("127.0.0.1:{web}")}]},
        },
        "catalog": {"locations": [{"type": "file", "target": "./entities.yaml"}]},
    }));
    stage.write("entities.yaml", &written("legacy", "read here"));
    stage
}

#[tokio::test]
async fn a_backstage_is_taken_over_with_its_uids() {
    let web = serve_text(written("shop", "read anew"));
    let port = free_port();
    let stage = stage(port, web);
    let url = format!("http://127.0.0.1:{web}/catalog-info.yaml");
    let source = backstage(&stage, &url).await.close();

    let import = ["catalog", "import", &source, "--format", "json"];
    let trial = stage
        .run(&[&import[..], &["--dry-run"]].concat())
        .expect(0)
        .json();
    let first = stage.run(&import).expect(0).json();
    assert_eq!(trial, first, "a trial tells what the import does");
    assert_eq!(first["locationsAdded"], 1);
    assert_eq!(first["entitiesAdded"], 5, "{first}");
    assert_eq!(
        first["entitiesWaiting"], 3,
        "team, mended and legacy: {first}"
    );
    assert_eq!(first["entitiesUnreadable"], 0);
    assert_eq!(
        first["absentProviders"],
        json!({"GithubOrgEntityProvider:production": 2})
    );
    assert_eq!(
        first["absentConfigLocations"],
        json!(["file:/app/entities.yaml"])
    );
    let second = stage.run(&import).expect(0).json();
    assert_eq!(second["locationsAdded"], 0);
    assert_eq!(second["entitiesAdded"], 0);
    assert_eq!(second["entitiesPresent"], 5, "{second}");
    assert_eq!(
        recorded(&stage),
        [
            "catalog.entity.import catalog of a Backstage: 5 came, 0 got another uid",
            &format!("catalog.location.register {}: ", generated(&url)),
        ],
        "the second import changed nothing"
    );

    let portal = Portal::start(&stage, port);
    let by_name =
        |kind: &str, name: &str| format!("/api/catalog/entities/by-name/{kind}/default/{name}");
    for (kind, name, uid, title) in [
        ("component", "shop", U_SHOP, json!("read anew")),
        ("component", "legacy", U_LEGACY, json!("read here")),
        ("component", "mended", U_MENDED, Value::Null),
        ("group", "team", U_TEAM, Value::Null),
    ] {
        let entity = portal.wait_for(&by_name(kind, name), |entity| {
            let is_related = entity["relations"]
                .as_array()
                .is_some_and(|list| !list.is_empty());
            is_related && entity["metadata"].get("title").unwrap_or(&Value::Null) == &title
        });
        assert_eq!(entity["metadata"]["uid"], uid, "{kind} {name}");
    }
    let locations = portal.get("/api/catalog/locations").unwrap();
    assert_eq!(locations[0]["data"]["id"], LOCATION_ID, "{locations}");
    assert_eq!(locations[0]["data"]["target"], url);
    drop(portal);
    stage.run(&["catalog", "conflicts"]).expect(0);
}

#[tokio::test]
async fn entities_that_are_here_already_get_their_uid_back() {
    let web = serve_text(written("shop", "read anew"));
    let port = free_port();
    let stage = stage(port, web);
    let url = format!("http://127.0.0.1:{web}/catalog-info.yaml");
    let path = "/api/catalog/entities/by-name/component/default/legacy";
    {
        let portal = Portal::start(&stage, port);
        let entity = portal.wait_for(path, |entity| entity["metadata"]["uid"].is_string());
        assert_ne!(entity["metadata"]["uid"], U_LEGACY);
    }
    let source = backstage(&stage, &url).await.close();
    let report = stage
        .run(&["catalog", "import", &source, "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(report["uidsChanged"], 1, "{report}");
    let portal = Portal::start(&stage, port);
    portal.wait_for(path, |entity| entity["metadata"]["uid"] == U_LEGACY);
}

#[tokio::test]
async fn the_source_is_left_as_it_is() {
    let stage = stage(free_port(), 1);
    let source = backstage(&stage, "https://example.com/a.yaml")
        .await
        .close();
    let before = std::fs::read(&source).ok();
    stage.run(&["catalog", "import", &source]).expect(0);
    assert_eq!(std::fs::read(&source).ok(), before);
}

#[test]
fn sources_that_are_none_are_refused() {
    let stage = stage(7007, 1);
    stage.write("empty.sqlite", "");
    stage.write(
        "text.sqlite",
        "this is no database, but long enough to be read as one "
            .repeat(20)
            .as_str(),
    );
    let secret = crate::stage::SECRET;
    let url = format!(
        "postgres://user:{secret}@127.0.0.1:{}/x?sslmode=disable",
        free_port()
    );
    for (source, said) in [
        ("gone", "is no folder, no file"),
        ("empty.sqlite", "not the catalog database of a Backstage"),
        ("text.sqlite", "cannot read the Backstage database"),
        (&url, "cannot read the Backstage database"),
        (
            &format!("postgres://user:{secret}@:x"),
            "not one of a PostgreSQL database",
        ),
    ] {
        let run = stage.run(&["catalog", "import", source]).expect(1);
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
}

#[test]
fn a_folder_becomes_registered_files() {
    let stage = stage(7007, 1);
    let leads = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n\
        spec: {targets: [./parts/*.yaml]}\n";
    let user = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: a}\nspec: {memberOf: []}\n";
    stage.write("catalog/all.yaml", leads);
    stage.write("catalog/parts/a.yaml", &written("a", "A"));
    stage.write("catalog/parts/b.yaml", &written("b", "B"));
    stage.write("catalog/alone.yaml", user);
    stage.write("catalog/other.yaml", "apiVersion: v1\nkind: Secret\n");
    let import = ["catalog", "import", "catalog", "--format", "json"];
    let trial = stage
        .run(&[&import[..], &["--dry-run"]].concat())
        .expect(0)
        .json();
    let first = stage.run(&import).expect(0).json();
    assert_eq!(trial, first);
    assert_eq!(
        first,
        json!({"locationsAdded": 2, "locationsPresent": 0, "locationsRemoved": 0,
            "filesBelowOthers": 2, "kindsRefused": {"User": 1}})
    );
    std::fs::remove_file(stage.path("catalog/alone.yaml")).unwrap();
    let second = stage.run(&import).expect(0).json();
    assert_eq!(second["locationsPresent"], 1);
    assert_eq!(second["locationsRemoved"], 1);
    let actions: Vec<String> = recorded(&stage)
        .iter()
        .map(|record| record.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        actions,
        [
            "catalog.location.register",
            "catalog.location.register",
            "catalog.location.unregister",
        ]
    );
    let text = stage.run(&["catalog", "import", "catalog"]).expect(0);
    assert!(
        text.out
            .starts_with("0 files registered, 1 there already, 0 gone\n"),
        "{}",
        text.out
    );
}
