//! A browser: it keeps cookies, follows nothing by itself, and reads the page at the end.

use std::collections::BTreeMap;

use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE, USER_AGENT};
use http::{Request, Response};
use serde_json::Value;
use url::Url;

use super::lab::{Lab, text_of};

/// A browser with one portal.
pub(crate) struct Browser<'l> {
    lab: &'l Lab,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What it calls itself.
    pub(crate) agent: &'static str,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    /// Where the browser is sent.
    pub(crate) fn location(&self) -> Url {
        assert_eq!(self.status, 302, "{}", self.body);
        self.headers[LOCATION].to_str().unwrap().parse().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What the page posts, and to whom.
    pub(crate) fn message(&self) -> (String, Value) {
        let start = "<script type=\"application/json\" id=\"answer\">";
        let (_, rest) = self.body.split_once(start).unwrap();
        let mut answer: Value = serde_json::from_str(rest.split_once('<').unwrap().0).unwrap();
        let origin = answer["origin"].as_str().unwrap().to_owned();
        assert_eq!(answer["message"]["type"], "authorization_response");
        (origin, answer["message"].take())
    }

    /// The error the page posts.
    pub(crate) fn error(&self) -> String {
        let (_, message) = self.message();
        message["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The headers that set a cookie.
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        let set = self.headers.get_all(SET_COOKIE).iter();
        set.map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }
}

impl<'l> Browser<'l> {
    pub(crate) fn new(lab: &'l Lab) -> Self {
        Self {
            lab,
            cookies: BTreeMap::new(),
            agent: "curl/8",
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, &[], "").await
    }

    /// As scripts of the portal ask.
    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> Page {
        let script = [("x-requested-with", "XMLHttpRequest")];
        self.send(method, path, &script, "").await
    }

    pub(crate) async fn post_form(&mut self, path: &str, form: &str) -> Page {
        let form_type = [(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        self.send("POST", path, &form_type, form).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Page {
        let request = Request::builder().method(method).uri(path);
        let mut request = request.header(USER_AGENT, self.agent);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer: Response<Body> = self.lab.send(request).await;
        let headers = answer.headers().clone();
        let (status, body) = text_of(answer).await;
        let page = Page {
            status,
            headers,
            body,
        };
        self.keep(&page);
        page
    }

    fn keep(&mut self, page: &Page) {
        for cookie in page.set_cookies() {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
