//! From the configuration of the product to the settings of this crate.

use platform::config::{
    AzureConfig, BitbucketCloudConfig, BitbucketServerConfig, GiteaConfig, GithubConfig,
    GitlabConfig, IntegrationsConfig, ReadingConfig, ReadingLimits, Secret,
};

use crate::settings::{
    AzureCredential, AzureSettings, BitbucketCloudSettings, BitbucketServerSettings, GiteaSettings,
    GithubAppSettings, GithubSettings, GitlabSettings, Limits, ReadingSettings, Settings,
};

impl Settings {
    /// Takes over `integrations`, `backend.reading` and the bounds of reading.
    pub fn from_config(
        integrations: &IntegrationsConfig,
        reading: &ReadingConfig,
        limits: &ReadingLimits,
    ) -> Self {
        let mut settings = Self {
            github: integrations.github.iter().map(github).collect(),
            gitlab: integrations.gitlab.iter().map(gitlab).collect(),
            gitea: integrations.gitea.iter().map(gitea).collect(),
            bitbucket_cloud: integrations
                .bitbucket_cloud
                .iter()
                .map(bitbucket_cloud)
                .collect(),
            bitbucket_server: integrations
                .bitbucket_server
                .iter()
                .map(bitbucket_server)
                .collect(),
            azure: integrations.azure.iter().map(azure).collect(),
            reading: Vec::new(),
            limits: Limits {
                file_bytes: usize::try_from(limits.max_file_bytes).unwrap_or(usize::MAX),
                requests_per_host: usize::try_from(limits.max_requests_per_host)
                    .unwrap_or(usize::MAX),
                ..Limits::default()
            },
        };
        settings
            .reading
            .extend(reading.allow.iter().map(|rule| ReadingSettings {
                host: rule.host.clone(),
                paths: rule.paths.clone(),
            }));
        settings.take_over_bitbucket(integrations);
        settings
    }

    /// The deprecated key held both kinds of Bitbucket, told apart by the host.
    fn take_over_bitbucket(&mut self, integrations: &IntegrationsConfig) {
        for item in &integrations.bitbucket {
            let username = item.username.as_ref().map(text);
            if item.host == "bitbucket.org" {
                self.bitbucket_cloud.push(BitbucketCloudSettings {
                    username,
                    token: trimmed(item.token.as_ref()),
                    app_password: item.app_password.clone(),
                    api_base_url: item.api_base_url.clone(),
                    ..BitbucketCloudSettings::default()
                });
            } else {
                self.bitbucket_server.push(BitbucketServerSettings {
                    host: item.host.clone(),
                    api_base_url: item.api_base_url.clone(),
                    token: trimmed(item.token.as_ref()),
                    username,
                    password: item.app_password.clone(),
                });
            }
        }
    }
}

fn github(config: &GithubConfig) -> GithubSettings {
    let apps = config.apps.iter().map(|app| GithubAppSettings {
        app_id: app.app_id.to_string(),
        private_key: app.private_key.clone(),
        allowed_installation_owners: app.allowed_installation_owners.clone().unwrap_or_default(),
    });
    GithubSettings {
        host: config.host.clone(),
        api_base_url: config.api_base_url.clone(),
        raw_base_url: config.raw_base_url.clone(),
        token: trimmed(config.token.as_ref()),
        apps: apps.collect(),
    }
}

fn gitlab(config: &GitlabConfig) -> GitlabSettings {
    GitlabSettings {
        host: config.host.clone(),
        base_url: config.base_url.clone(),
        api_base_url: config.api_base_url.clone(),
        token: trimmed(config.token.as_ref()),
    }
}

fn gitea(config: &GiteaConfig) -> GiteaSettings {
    GiteaSettings {
        host: config.host.clone(),
        base_url: config.base_url.clone(),
        username: config.username.as_ref().map(text),
        password: trimmed(config.password.as_ref()),
    }
}

fn bitbucket_cloud(config: &BitbucketCloudConfig) -> BitbucketCloudSettings {
    BitbucketCloudSettings {
        username: config.username.as_ref().map(text),
        token: trimmed(config.token.as_ref()),
        app_password: trimmed(config.app_password.as_ref()),
        client_id: config.client_id.clone(),
        client_secret: trimmed(config.client_secret.as_ref()),
        ..BitbucketCloudSettings::default()
    }
}

fn bitbucket_server(config: &BitbucketServerConfig) -> BitbucketServerSettings {
    BitbucketServerSettings {
        host: config.host.clone(),
        api_base_url: config.api_base_url.clone(),
        token: trimmed(config.token.as_ref()),
        username: config.username.as_ref().map(text),
        password: config.password.clone(),
    }
}

fn azure(config: &AzureConfig) -> AzureSettings {
    let mut credentials: Vec<AzureCredential> = config
        .credentials
        .iter()
        .map(|item| AzureCredential {
            organizations: item.organizations.clone().unwrap_or_default(),
            personal_access_token: trimmed(item.personal_access_token.as_ref()),
            client_id: item.client_id.clone(),
            client_secret: item.client_secret.clone(),
            tenant_id: item.tenant_id.clone(),
            login_base_url: None,
        })
        .collect();
    // The deprecated way to give one token.
    credentials.extend(config.token.as_ref().map(|token| AzureCredential {
        personal_access_token: trimmed(Some(token)),
        ..AzureCredential::default()
    }));
    AzureSettings {
        host: config.host.clone(),
        base_url: None,
        credentials,
    }
}

fn text(secret: &Secret) -> String {
    secret.expose().trim().to_owned()
}

/// Tokens read from files often end with a newline; an empty one is none.
fn trimmed(secret: Option<&Secret>) -> Option<Secret> {
    let text = secret?.expose().trim();
    (!text.is_empty()).then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScmIntegrations;
    use serde_json::json;
    use url::Url;

    fn settings(integrations: serde_json::Value) -> Settings {
        let integrations: IntegrationsConfig = serde_json::from_value(integrations).unwrap();
        let reading = json!({"allow": [{"host": "*.example.com", "paths": ["/a"]}]});
        let reading: ReadingConfig = serde_json::from_value(reading).unwrap();
        let limits = ReadingLimits {
            max_file_bytes: 5_000,
            max_requests_per_host: 3,
        };
        Settings::from_config(&integrations, &reading, &limits)
    }

    #[test]
    fn keys_of_app_config_arrive() {
        let settings = settings(json!({
            "github": [{"host": "github.com", "token": "ghp\n",
                "apps": [{"appId": 7, "privateKey": "pem"}]}],
            "gitlab": [{"host": "git.example", "baseUrl": "https://git.example/gl", "token": ""}],
            "gitea": [{"host": "gitea.example", "password": "p"}],
            "bitbucketCloud": [{"username": "u", "appPassword": "p"}],
            "bitbucketServer": [{"host": "bb.example", "token": "t"}],
            "azure": [{"credentials": [{"organizations": ["o"], "personalAccessToken": "p"}]}],
        }));
        let exposed = |secret: &Option<Secret>| secret.as_ref().map(|s| s.expose().to_owned());
        assert_eq!(exposed(&settings.github[0].token).as_deref(), Some("ghp"));
        assert_eq!(settings.github[0].apps[0].app_id, "7");
        assert_eq!(settings.gitlab[0].token, None);
        assert_eq!(
            settings.gitlab[0].base_url.as_deref(),
            Some("https://git.example/gl")
        );
        assert_eq!(exposed(&settings.gitea[0].password).as_deref(), Some("p"));
        assert_eq!(settings.bitbucket_cloud[0].username.as_deref(), Some("u"));
        assert_eq!(settings.bitbucket_server[0].host, "bb.example");
        assert_eq!(settings.azure[0].host, "dev.azure.com");
        assert_eq!(settings.azure[0].credentials[0].organizations, ["o"]);
        assert_eq!(settings.reading[0].host, "*.example.com");
        assert_eq!(
            (
                settings.limits.file_bytes,
                settings.limits.requests_per_host
            ),
            (5_000, 3)
        );
        let integrations = ScmIntegrations::new(&settings).unwrap();
        let url = Url::parse("https://bb.example/projects/P/repos/r").unwrap();
        assert!(integrations.by_url(&url).unwrap().is_authenticated());
        assert!(!format!("{settings:?}").contains("ghp"));
    }

    #[test]
    fn deprecated_keys_still_count() {
        let settings = settings(json!({
            "bitbucket": [{"host": "bitbucket.org", "token": "t"}, {"host": "bb.example"}],
            "azure": [{"host": "dev.azure.com", "token": "t"}],
        }));
        assert_eq!(settings.bitbucket_cloud.len(), 1);
        assert_eq!(settings.bitbucket_server[0].host, "bb.example");
        assert!(
            settings.azure[0].credentials[0]
                .personal_access_token
                .is_some()
        );
    }
}
