//! URLs of source control hosts: which integration, resolving, edit links, repositories, slugs.

use integrations::settings::{
    AzureSettings, BitbucketServerSettings, GiteaSettings, GithubSettings, GitlabSettings,
};
use integrations::{Kind, ReferenceKind, ResolveError, ScmIntegrations, Settings};
use proptest::prelude::*;
use url::Url;

fn integrations() -> ScmIntegrations {
    let text = str::to_owned;
    let settings = Settings {
        github: vec![GithubSettings {
            host: text("ghe.example"),
            ..GithubSettings::default()
        }],
        gitlab: vec![GitlabSettings {
            host: text("git.example"),
            base_url: Some(text("https://git.example/gitlab/")),
            ..GitlabSettings::default()
        }],
        gitea: vec![GiteaSettings {
            host: text("gitea.example:3000"),
            ..GiteaSettings::default()
        }],
        bitbucket_server: vec![BitbucketServerSettings {
            host: text("bb.example"),
            api_base_url: Some(text("https://bb.example/ctx/rest/api/1.0")),
            ..BitbucketServerSettings::default()
        }],
        azure: vec![AzureSettings {
            host: text("acme.visualstudio.com"),
            ..AzureSettings::default()
        }],
        ..Settings::default()
    };
    ScmIntegrations::new(&settings).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn hosts_and_products() {
    let integrations = integrations();
    for (target, kind) in [
        ("https://github.com/o/r", Some(Kind::Github)),
        ("https://GitHub.com:443/o/r", Some(Kind::Github)),
        ("https://github.com:8443/o/r", None),
        ("https://raw.githubusercontent.com/o/r/main/x", None),
        ("https://ghe.example/o/r", Some(Kind::Github)),
        ("https://gitlab.com/o/r", Some(Kind::Gitlab)),
        ("https://git.example/gitlab/o/r", Some(Kind::Gitlab)),
        ("https://bitbucket.org/o/r", Some(Kind::BitbucketCloud)),
        (
            "https://bb.example/projects/P/repos/r",
            Some(Kind::BitbucketServer),
        ),
        ("https://dev.azure.com/o/p/_git/r", Some(Kind::Azure)),
        ("https://acme.visualstudio.com/p/_git/r", Some(Kind::Azure)),
        ("https://gitea.example:3000/o/r", Some(Kind::Gitea)),
        ("https://gitea.example/o/r", None),
        ("file:///etc/passwd", None),
    ] {
        assert_eq!(integrations.kind(&url(target)), kind, "{target}");
    }
}

/// URL, owner, name, revision and path; `-` where there is none.
const REPOSITORIES: &str = "
https://github.com/o/r                                      o      r  -          -
https://github.com/o/r.git                                  o      r  -          -
https://github.com/o/r/blob/main/a/b.yaml                   o      r  main       a/b.yaml
https://github.com/o/r/tree/feature%2Fx/%C3%A9/c            o      r  feature/x  é/c
https://ghe.example/o/r/raw/v1/x.yaml                       o      r  v1         x.yaml
https://gitlab.com/g/s/t/r/-/blob/main/x.yaml               g/s/t  r  main       x.yaml
https://gitlab.com/g/r/blob/main/x/blob/y.yaml              g      r  main       x/blob/y.yaml
https://git.example/gitlab/g/r/-/tree/main/a/               g      r  main       a/
https://gitlab.com/g/s/r/                                   g/s    r  -          -
https://gitea.example:3000/o/r/src/branch/main/a/x          o      r  main       a/x
https://gitea.example:3000/o/r/src/tag/v1/x                 o      r  v1         x
https://gitea.example:3000/o/r/_edit/main/x                 o      r  main       x
https://bitbucket.org/w/r/src/main/x.yaml                   w      r  main       x.yaml
https://bb.example/ctx/projects/P/repos/r/browse/a/x        P      r  -          a/x
https://bb.example/ctx/projects/P/repos/r/browse/x?at=refs%2Fheads%2Fdev  P  r  dev  x
https://bb.example/ctx/users/ann/repos/r/raw/x              ~ann   r  -          x
https://bb.example/ctx/scm/P/r.git                          P      r  -          -
https://dev.azure.com/org/proj/_git/r?path=%2Fa%2Fx.yaml    proj   r  -          a/x.yaml
https://dev.azure.com/org/proj/_git/r?path=/x&version=GBm   proj   r  m          x
https://dev.azure.com/org/_git/r?path=/x                    r      r  -          x
https://acme.visualstudio.com/proj/_git/r?path=/x           proj   r  -          x
";

#[test]
fn repositories_revisions_and_paths() {
    let integrations = integrations();
    for line in REPOSITORIES.trim().lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let repo = integrations.parse(&url(columns[0])).unwrap().unwrap();
        let or_dash = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                text.to_owned()
            }
        };
        let reference = repo
            .reference
            .map_or(String::new(), |reference| reference.name);
        let found = [
            repo.owner,
            repo.name,
            or_dash(&reference),
            or_dash(&repo.path),
        ];
        assert_eq!(found, columns[1..], "{line}");
    }
    let tag = url("https://dev.azure.com/org/proj/_git/r?path=/x&version=GTv1");
    let reference = integrations
        .parse(&tag)
        .unwrap()
        .unwrap()
        .reference
        .unwrap();
    assert_eq!(
        (&*reference.name, reference.kind),
        ("v1", ReferenceKind::Tag)
    );
}

#[test]
fn what_is_no_repository_is_refused() {
    let integrations = integrations();
    for target in [
        "https://github.com/",
        "https://github.com/o",
        "https://github.com/o/r/blob/main/%2e%2e%2f%2e%2e%2fuser/repos",
        "https://github.com/o/r/blob/main/%252e%252e%252f%252e%252e%252fuser",
        "https://github.com/o/r/blob/..%2f..%2fx/y",
        "https://github.com/o/r/blob/main/a%00b",
        "https://gitlab.com/g%2f..%2fh/r/-/blob/main/x",
        "https://git.example/elsewhere/g/r",
        "https://gitea.example:3000/o",
        "https://bb.example/projects/P/repos/r/browse/x",
        "https://dev.azure.com/org/proj",
        "https://dev.azure.com/org/proj/_git/r?path=/a/../../x",
        "https://dev.azure.com/org/proj/_git/r?path=/x&version=XXmain",
    ] {
        let parsed = integrations.parse(&url(target));
        assert!(
            parsed.as_ref().is_some_and(Result::is_err),
            "{target}: {parsed:?}"
        );
    }
}

#[test]
fn targets_are_resolved_where_their_file_is() {
    let integrations = integrations();
    // base, target, result
    let cases = [
        // Absolute targets stay as they are, to the letter.
        (
            "https://github.com/o/r/blob/main/x.yaml",
            "https://a.b/c d",
            "https://a.b/c d",
        ),
        // GitHub: relative to the file, from the root, and always as `tree`.
        (
            "https://github.com/o/r/blob/main/a/x.yaml",
            "./y.yaml",
            "https://github.com/o/r/tree/main/a/y.yaml",
        ),
        (
            "https://github.com/o/r/blob/main/a/x.yaml",
            "../b/*.yaml",
            "https://github.com/o/r/tree/main/b/*.yaml",
        ),
        (
            "https://github.com/o/r/blob/main/a/x.yaml",
            "/b/y",
            "https://github.com/o/r/tree/main/b/y",
        ),
        (
            "https://github.com/o/r/blob/main/a/x.yaml",
            "./",
            "https://github.com/o/r/tree/main/a/",
        ),
        (
            "https://github.com/o/r/blob/main/x.yaml",
            "./",
            "https://github.com/o/r/tree/main/",
        ),
        (
            "https://ghe.example/o/r/blob/feature%2Fx/a/x.yaml?q=1",
            "/b",
            "https://ghe.example/o/r/tree/feature%2Fx/b?q=1",
        ),
        (
            "https://gitlab.com/g/s/r/-/blob/main/a/x.yaml",
            "/b.yaml",
            "https://gitlab.com/g/s/r/-/blob/main/b.yaml",
        ),
        (
            "https://git.example/gitlab/g/r/-/blob/main/a/x",
            "/b",
            "https://git.example/gitlab/g/r/-/blob/main/b",
        ),
        (
            "https://gitea.example:3000/o/r/src/branch/main/a/x",
            "/b",
            "https://gitea.example:3000/o/r/src/branch/main/b",
        ),
        (
            "https://bitbucket.org/w/r/src/main/a/x",
            "../y",
            "https://bitbucket.org/w/r/src/main/y",
        ),
        (
            "https://bb.example/ctx/projects/P/repos/r/browse/a/x?at=dev",
            "/b",
            "https://bb.example/ctx/projects/P/repos/r/browse/b?at=dev",
        ),
        (
            "https://bb.example/ctx/projects/P/repos/r/browse/a/x?at=dev",
            "b",
            "https://bb.example/ctx/projects/P/repos/r/browse/a/b?at=dev",
        ),
        (
            "https://dev.azure.com/o/p/_git/r?path=%2Fa%2Fx.yaml&version=GBmain",
            "./y.yaml",
            "https://dev.azure.com/o/p/_git/r?path=%2Fa%2Fy.yaml&version=GBmain",
        ),
        (
            "https://dev.azure.com/o/p/_git/r?path=%2Fa%2Fx.yaml",
            "/b",
            "https://dev.azure.com/o/p/_git/r?path=%2Fb",
        ),
        // Hosts without integration: as browsers do.
        (
            "https://wiki.example/a/x.yaml?q",
            "../y",
            "https://wiki.example/y",
        ),
        (
            "https://wiki.example/a/x.yaml",
            "/y",
            "https://wiki.example/y",
        ),
    ];
    for (base, target, expected) in cases {
        let resolved = integrations.resolve_url(target, base);
        assert_eq!(resolved.as_deref(), Ok(expected), "{target} at {base}");
    }
}

#[test]
fn targets_that_leave_the_repository_are_refused() {
    let integrations = integrations();
    let base = "https://github.com/o/r/blob/main/a/x.yaml";
    for target in [
        "../../../../../other/secret/blob/main/x",
        "/../../../../other/secret",
        "/%2e%2e/%2e%2e/dev/x",
        "a/..%2f..%2f..%2fx",
        "a/%252e%252e%252fx",
        "\\\\evil.example\\x",
        "..\\..\\..\\..\\x",
        "../../dev/a",
    ] {
        let resolved = integrations.resolve_url(target, base);
        assert_eq!(resolved, Err(ResolveError::Traversal), "{target}");
    }
    let bad_base = "https://github.com/o/r/blob/main/%2e%2e%2f%2e%2e%2fx";
    assert_eq!(
        integrations.resolve_url("/y", bad_base),
        Err(ResolveError::Traversal)
    );
    for base in ["/etc/catalog.yaml", "", "not a url"] {
        assert_eq!(
            integrations.resolve_url("./y", base),
            Err(ResolveError::Invalid),
            "{base}"
        );
    }
}

#[test]
fn edit_links() {
    let integrations = integrations();
    for (target, expected) in [
        (
            "https://github.com/o/r/blob/main/x.yaml",
            "https://github.com/o/r/edit/main/x.yaml",
        ),
        (
            "https://github.com/o/r/tree/main/tree/x",
            "https://github.com/o/r/edit/main/tree/x",
        ),
        ("https://github.com/o/r", "https://github.com/o/r"),
        (
            "https://gitlab.com/g/s/r/-/blob/m/x",
            "https://gitlab.com/g/s/r/-/edit/m/x",
        ),
        (
            "https://gitlab.com/g/r/blob/m/x",
            "https://gitlab.com/g/r/blob/m/x",
        ),
        (
            "https://gitea.example:3000/o/r/src/branch/main/x",
            "https://gitea.example:3000/o/r/_edit/main/x",
        ),
        (
            "https://bitbucket.org/w/r/src/main/x",
            "https://bitbucket.org/w/r/src/main/x?mode=edit&at=main",
        ),
        (
            "https://bb.example/ctx/projects/P/repos/r/browse/x?at=dev",
            "https://bb.example/ctx/projects/P/repos/r/browse/x",
        ),
        (
            "https://dev.azure.com/o/p/_git/r?path=/x",
            "https://dev.azure.com/o/p/_git/r?path=/x",
        ),
        ("https://wiki.example/x", "https://wiki.example/x"),
        ("no url", "no url"),
    ] {
        assert_eq!(integrations.resolve_edit_url(target), expected, "{target}");
    }
}

#[test]
fn one_repository_or_two() {
    let integrations = integrations();
    let file = "https://github.com/o/r/blob/main/x.yaml";
    for (other, expected) in [
        ("https://github.com/o/r/tree/dev/a/y.yaml", Some(true)),
        ("https://github.com/O/R/blob/main/y", Some(true)),
        ("https://github.com/o/s/blob/main/x.yaml", Some(false)),
        ("https://gitlab.com/o/r/-/blob/main/x.yaml", Some(false)),
        ("https://github.com/o/r", None),
        ("https://wiki.example/x", None),
    ] {
        assert_eq!(
            integrations.same_repository(&url(file), &url(other)),
            expected,
            "{other}"
        );
    }
    let azure = |org: &str| url(&format!("https://dev.azure.com/{org}/p/_git/r?path=/x"));
    assert_eq!(
        integrations.same_repository(&azure("a"), &azure("b")),
        Some(false)
    );
}

#[test]
fn slugs_and_names_of_analysed_repositories() {
    let integrations = integrations();
    for (target, slug, name) in [
        (
            "https://github.com/a/b",
            Some(("github.com/project-slug", "a/b")),
            "b",
        ),
        (
            "https://ghe.example/a/b/blob/m/x",
            Some(("github.com/project-slug", "a/b")),
            "b",
        ),
        (
            "https://gitlab.com/g/s/r",
            Some(("gitlab.com/project-slug", "g/s/r")),
            "r",
        ),
        (
            "https://bitbucket.org/w/r/src/main/x",
            Some(("bitbucket.org/project-slug", "w/r")),
            "r",
        ),
        (
            "https://dev.azure.com/o/p/_git/r",
            Some(("dev.azure.com/project-slug", "p/r")),
            "r",
        ),
        ("https://bb.example/ctx/projects/P/repos/r", None, "r"),
        ("https://gitea.example:3000/o/r", None, "r"),
        ("http://127.0.0.1:9/repo", None, "repo"),
        ("http://127.0.0.1:9/", None, ""),
    ] {
        let slug = slug.map(|(key, value): (_, &str)| (key, value.to_owned()));
        assert_eq!(integrations.project_slug(&url(target)), slug, "{target}");
        assert_eq!(integrations.repository_name(&url(target)), name, "{target}");
    }
}

#[test]
fn broken_configuration_is_named() {
    let host = |host: &str| GithubSettings {
        host: host.to_owned(),
        ..GithubSettings::default()
    };
    let api = |api: &str| GithubSettings {
        api_base_url: Some(api.to_owned()),
        ..GithubSettings::default()
    };
    for (settings, expected) in [
        (
            host("https://x"),
            "`integrations.github`: `https://x` is not a valid host",
        ),
        (
            host("a/b"),
            "`integrations.github`: `a/b` is not a valid host",
        ),
        (
            api("ftp://x"),
            "`integrations.github`: `apiBaseUrl` must be a plain http(s) URL",
        ),
        (
            api("https://u:p@x"),
            "`integrations.github`: `apiBaseUrl` must be a plain http(s) URL",
        ),
    ] {
        let settings = Settings {
            github: vec![settings],
            ..Settings::default()
        };
        assert_eq!(
            ScmIntegrations::new(&settings).unwrap_err().to_string(),
            expected
        );
    }
}

const BASES: [&str; 6] = [
    "https://github.com/o/r/blob/main/a/b/x.yaml",
    "https://gitlab.com/g/s/r/-/blob/main/a/b/x.yaml",
    "https://gitea.example:3000/o/r/src/branch/main/a/b/x.yaml",
    "https://bitbucket.org/w/r/src/main/a/b/x.yaml",
    "https://bb.example/ctx/projects/P/repos/r/browse/a/b/x.yaml?at=main",
    "https://dev.azure.com/o/p/_git/r?path=%2Fa%2Fb%2Fx.yaml&version=GBmain",
];

proptest! {
    #[test]
    fn relative_targets_never_leave_the_repository_and_revision(
        target in r"(\.\./|\./|/|\\|%2e%2e|%2f|%252e|a|b/|//|\.|\?|#|@|:|é| ){0,12}",
        base in prop::sample::select(&BASES[..]),
    ) {
        let integrations = integrations();
        prop_assume!(Url::parse(&target).is_err());
        if let Ok(resolved) = integrations.resolve_url(&target, base) {
            let before = integrations.parse(&url(base)).unwrap().unwrap();
            let after = integrations.parse(&url(&resolved)).unwrap().unwrap();
            prop_assert_eq!(url(base).origin(), url(&resolved).origin());
            prop_assert_eq!(before.full_name(), after.full_name());
            prop_assert_eq!(before.reference, after.reference);
            prop_assert!(after.path.split('/').all(|segment| segment != ".."));
        }
    }

    #[test]
    fn any_url_is_handled(path in ".{0,60}", host in prop::sample::select(&[
        "github.com", "git.example", "gitea.example:3000", "bitbucket.org", "bb.example",
        "dev.azure.com", "acme.visualstudio.com",
    ][..])) {
        let integrations = integrations();
        let text = format!("https://{host}/{path}");
        integrations.resolve_edit_url(&text);
        let _ = integrations.resolve_url(&path, &text);
        if let Ok(url) = Url::parse(&text) {
            integrations.project_slug(&url);
            integrations.repository_name(&url);
            integrations.same_repository(&url, &url);
        }
    }
}
