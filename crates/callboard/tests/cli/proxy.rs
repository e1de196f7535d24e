//! The proxy of a running portal.

use serde_json::{Value, json};

use crate::doctor::free_port;
use crate::portal::{Portal, serve_text};
use crate::stage::Stage;

#[test]
fn endpoints_follow_the_configuration() {
    let port = free_port();
    let target = |text: &str| format!("http://127.0.0.1:{}", serve_text(text.to_owned()));
    let stage = Stage::configured(&json!({
        "backend": {"listen": {"host": "127.0.0.1", "port": port}},
        "proxy": {"endpoints": {"/one": target("{\"is\": 1}")}},
    }));
    let portal = Portal::start(&stage, port);
    portal.wait_for("/api/proxy/one/x", |answer| answer["is"] == 1);

    let mut config: Value = serde_json::from_str(&stage.read("app-config.yaml")).unwrap();
    config["proxy"]["endpoints"] = json!({"/two": target("{\"is\": 2}")});
    stage.write("app-config.yaml", &config.to_string());
    portal.wait_for("/api/proxy/two/x", |answer| answer["is"] == 2);
    assert_eq!(portal.get("/api/proxy/one/x"), None);
    let records = "/api/audit/records?action=proxy.endpoints.reload";
    portal.wait_for(records, |page| page["items"][0]["detail"] == "1 endpoints");
}
