//! `argocd:create-resources`: a project and an application of Argo CD.

use http::Method;
use platform::actions::Run;
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::Reach;
use super::publish::text;
use crate::outgoing::{Body, Request};

/// The cluster that Argo CD itself runs in.
const OWN_CLUSTER: &str = "https://kubernetes.default.svc";

/// An installation of Argo CD. Entry of `argocd.appLocatorMethods[].instances`.
#[derive(Debug, Clone)]
pub struct ArgoInstance {
    /// Name that steps use.
    pub name: String,
    /// Where its API is.
    pub url: Url,
    /// How to sign in.
    pub login: ArgoLogin,
}

/// How to sign in to Argo CD.
#[derive(Debug, Clone)]
pub enum ArgoLogin {
    /// With a token.
    Token(Secret),
    /// With a name and a password.
    Password {
        /// Name.
        username: String,
        /// Password.
        password: Secret,
    },
}

pub(super) async fn create_resources(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let named = |name: &str| text(input, name).unwrap_or_default();
    let wanted = named("argoInstance");
    let instance = reach.argo.iter().find(|it| it.name == wanted);
    let instance = instance.ok_or_else(|| {
        Error::input(format!(
            "Unable to find Argo instance named \"{wanted}\"; \
             `argocd.appLocatorMethods` has none of that name"
        ))
    })?;
    let authorization = sign_in(reach, instance).await?;
    let app = named("appName");
    let project = text(input, "projectName").unwrap_or(app);
    // Making what is there already, and the same, is no error of Argo CD.
    for (path, body) in [
        ("api/v1/projects", project_body(input, project)),
        ("api/v1/applications", application_body(input, app, project)),
    ] {
        let answer = send(reach, instance, Some(&authorization), path, body).await?;
        run.log
            .info(&format!("Created {} {path}", answer["metadata"]["name"]));
    }
    Ok(json!({}))
}

fn project_body(input: &Value, project: &str) -> Value {
    json!({ "project": {
        "metadata": { "name": project },
        "spec": {
            "destinations": [
                { "name": "local", "namespace": input["namespace"], "server": OWN_CLUSTER },
            ],
            "sourceRepos": [input["repoUrl"]],
        },
    }})
}

fn application_body(input: &Value, app: &str, project: &str) -> Value {
    json!({
        "metadata": {
            "name": app,
            "labels": { "backstage-name": text(input, "labelValue").unwrap_or(app) },
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "destination": { "namespace": input["namespace"], "server": OWN_CLUSTER },
            "project": project,
            "revisionHistoryLimit": 10,
            "source": { "path": input["path"], "repoURL": input["repoUrl"] },
            "syncPolicy": {
                "automated": { "allowEmpty": true, "prune": true, "selfHeal": true },
                "retry": {
                    "backoff": { "duration": "5s", "factor": 2, "maxDuration": "5m" },
                    "limit": 10,
                },
                "syncOptions": ["CreateNamespace=false"],
            },
        },
    })
}

async fn sign_in(reach: &Reach, instance: &ArgoInstance) -> Result<Secret> {
    let token = match &instance.login {
        ArgoLogin::Token(token) => token.clone(),
        ArgoLogin::Password { username, password } => {
            let body = json!({ "username": username, "password": password.expose() });
            let answer = send(reach, instance, None, "api/v1/session", body).await?;
            let token = answer["token"].as_str().unwrap_or_default();
            Secret::new(token.to_owned())
        }
    };
    Ok(Secret::new(format!("Bearer {}", token.expose())))
}

async fn send(
    reach: &Reach,
    instance: &ArgoInstance,
    authorization: Option<&Secret>,
    path: &str,
    body: Value,
) -> Result<Value> {
    let base = instance.url.as_str().trim_end_matches('/');
    let url = Url::parse(&format!("{base}/{path}"))
        .map_err(|error| Error::internal("the URL of Argo CD is wrong").with_source(error))?;
    let request = Request {
        authorization: authorization.cloned(),
        body: Some(Body::Json(body)),
        ..Request::new(Method::POST, url)
    };
    let answer = reach.outgoing.send(request).await?;
    if !answer.is_success() {
        return Err(answer.error("Argo CD"));
    }
    answer.json()
}
