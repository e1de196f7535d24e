//! A run through the requests: variables, waiting, and answers made comparable.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::answer::Answer;
use crate::compare;
use crate::fixture::{Fixture, TOKEN};
use crate::request::{After, Request, Until};
use crate::socket::{self, Raw};

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// What a run knows.
pub(crate) struct Session<'a> {
    fixture: &'a Fixture,
    variables: BTreeMap<String, String>,
}

impl<'a> Session<'a> {
    /// Signs in as a guest.
    pub(crate) fn sign_in(fixture: &'a Fixture) -> Self {
        let variables = [
            ("static", TOKEN.to_owned()),
            ("base", format!("http://{}", fixture.portal)),
            ("catalog", fixture.catalog().to_str().unwrap().to_owned()),
            ("bad", "not-a-token".to_owned()),
        ];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let mut session = Self { fixture, variables };
        let headers = [
            ("Host".to_owned(), fixture.portal.to_string()),
            ("X-Requested-With".to_owned(), "XMLHttpRequest".to_owned()),
        ];
        let path = "/api/auth/guest/refresh";
        let raw = socket::send(fixture.portal, "GET", path, &headers, None).unwrap();
        let body: Value = serde_json::from_slice(&raw.body).unwrap();
        let token = body["backstageIdentity"]["token"]
            .as_str()
            .unwrap()
            .to_owned();
        session.variables.insert("user".to_owned(), token);
        session
    }

    /// Makes a request, again and again if it says so; the last answer.
    pub(crate) fn run(&mut self, request: &Request, expected: &Answer) -> Answer {
        for write in &request.write {
            fs::write(self.fixture.catalog().join(&write.file), &write.text).unwrap();
        }
        if let Some(after) = &request.after {
            self.wait(request, after);
        }
        let timeout = request.until.as_ref().map_or(0, |until| until.timeout);
        let end = Instant::now() + Duration::from_secs(timeout);
        loop {
            let raw = self.send(request, &request.method, &request.path);
            let text = String::from_utf8_lossy(&raw.body).into_owned();
            let answer = self.answer(&raw, &text);
            let is_done = request.until.as_ref().is_none_or(|until| {
                let verdict = compare::verdict(request, expected, &answer);
                let as_recorded = verdict.wrong.is_none() && verdict.difference.is_none();
                is_reached(until, &answer, &text, as_recorded)
            });
            if is_done || Instant::now() >= end {
                self.save(request, &text);
                return answer;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn wait(&self, request: &Request, after: &After) {
        let end = Instant::now() + Duration::from_secs(after.timeout);
        loop {
            let raw = self.send(request, "GET", &after.path);
            let text = String::from_utf8_lossy(&raw.body);
            if text.contains(&after.contains) {
                return;
            }
            assert!(Instant::now() < end, "{} waits in vain: {text}", request.id);
            std::thread::sleep(PAUSE);
        }
    }

    fn send(&self, request: &Request, method: &str, path: &str) -> Raw {
        let mut headers = vec![("Host".to_owned(), self.fixture.portal.to_string())];
        let mut add = |name: &str, value: String| {
            let is_given = request
                .headers
                .keys()
                .any(|given| given.eq_ignore_ascii_case(name));
            if !is_given {
                headers.push((name.to_owned(), value));
            }
        };
        add("Accept", "application/json, */*".to_owned());
        if let Some(token) = request
            .auth
            .as_ref()
            .and_then(|auth| self.variables.get(auth))
        {
            add("Authorization", format!("Bearer {token}"));
        }
        if request.json.is_some() {
            add("Content-Type", "application/json".to_owned());
        }
        let given = request
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.filled(value.as_ref()?))));
        headers.extend(given);
        let json = request.json.as_ref().map(Value::to_string);
        let body = json
            .or_else(|| request.body.clone())
            .map(|body| self.filled(&body))
            .filter(|_| method != "GET");
        let path = self.filled(path);
        socket::send(
            self.fixture.portal,
            method,
            &path,
            &headers,
            body.as_deref(),
        )
        .unwrap_or_else(|error| panic!("{}: {error}", request.id))
    }

    /// A text of the list with variables, ports and folders of this run.
    fn filled(&self, text: &str) -> String {
        let mut text = self.fixture.localised(text);
        for (name, value) in &self.variables {
            text = text.replace(&format!("$({name})"), value);
        }
        text
    }

    fn answer(&self, raw: &Raw, text: &str) -> Answer {
        let content_type = raw.header("content-type").to_owned();
        Answer::new(raw.status, content_type, &self.fixture.recorded(text))
    }

    fn save(&mut self, request: &Request, text: &str) {
        for (name, pointer) in &request.save {
            let body: Value = serde_json::from_str(text).unwrap_or_default();
            let value = body
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("unsaved");
            self.variables.insert(name.clone(), value.to_owned());
        }
    }
}

fn is_reached(until: &Until, answer: &Answer, text: &str, as_recorded: bool) -> bool {
    until.status.is_none_or(|status| status == answer.status)
        && until
            .contains
            .as_ref()
            .is_none_or(|part| text.contains(part))
        && until
            .absent
            .as_ref()
            .is_none_or(|part| !text.contains(part))
        && (!until.recorded || as_recorded)
}
