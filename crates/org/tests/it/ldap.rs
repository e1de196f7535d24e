//! A real directory: `slapd` of OpenLDAP, started for the test. Where it is not installed, these
//! tests say so and do nothing.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use integrations::settings::Settings;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::double::{provider, run};

const SLAPD: &str = "/usr/sbin/slapd";
const SECRET: &str = "directory-s3cret";
const START: Duration = Duration::from_secs(20);

/// A running directory; dropping it ends it.
struct Slapd {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Slapd {
    /// `None` where there is no `slapd`.
    fn start(n_more: usize) -> Option<Self> {
        if !Path::new(SLAPD).exists() {
            let _ = writeln!(std::io::stderr(), "skipped: `{SLAPD}` is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = format!(
            "include /etc/ldap/schema/core.schema\n\
             include /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload memberof\n\
             pidfile {0}/slapd.pid\nsizelimit 100\n\
             database mdb\nsuffix \"dc=acme,dc=org\"\nrootdn \"cn=admin,dc=acme,dc=org\"\n\
             rootpw {SECRET}\ndirectory {0}/data\noverlay memberof\n\
             access to * by dn=\"uid=reader,dc=acme,dc=org\" read by anonymous auth by * none\n",
            folder.path().display()
        );
        fs::write(at("slapd.conf"), config).unwrap();
        fs::write(at("all.ldif"), ldif(n_more)).unwrap();
        let conf = at("slapd.conf");
        let added = Command::new("/usr/sbin/slapadd")
            .args([
                "-f".as_ref(),
                conf.as_os_str(),
                "-l".as_ref(),
                at("all.ldif").as_os_str(),
            ])
            .output()
            .unwrap();
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        let url = format!("ldap://127.0.0.1:{port}");
        let child = Command::new(SLAPD)
            .args(["-d", "0", "-h", &url, "-f"])
            .arg(&conf)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < START, "slapd does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            child,
            url,
            _folder: folder,
        })
    }

    fn config(&self) -> Value {
        json!({"default": {
            "target": self.url,
            "bind": {"dn": "uid=reader,dc=acme,dc=org", "secret": SECRET},
            "users": {
                "dn": "ou=people,dc=acme,dc=org",
                "options": {"filter": "(uid=*)"},
                "set": {"metadata.annotations": {"acme.org/source": "directory"}},
                "map": {"description": "title"},
            },
            "groups": [{
                "dn": "ou=groups,dc=acme,dc=org",
                "options": {"scope": "sub", "filter": "(objectClass=groupOfNames)"},
                "map": {"description": "o"},
            }],
        }})
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ldif(n_more: usize) -> String {
    let mut text = format!(
        "dn: dc=acme,dc=org\nobjectClass: domain\ndc: acme\n\n\
         dn: uid=reader,dc=acme,dc=org\nobjectClass: account\nobjectClass: simpleSecurityObject\n\
         uid: reader\nuserPassword: {SECRET}\n\n\
         dn: ou=people,dc=acme,dc=org\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,dc=acme,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n"
    );
    let mut person = |uid: &str| {
        let person = format!(
            "dn: uid={uid},ou=people,dc=acme,dc=org\nobjectClass: inetOrgPerson\nuid: {uid}\n\
             cn: {uid} Lee\nsn: Lee\nmail: {uid}@acme.org\ntitle: Builds things\n\n"
        );
        text.push_str(&person);
    };
    person("ann");
    person("bob");
    for at in 0..n_more {
        person(&format!("more{at}"));
    }
    text.push_str(
        "dn: cn=root,ou=groups,dc=acme,dc=org\nobjectClass: groupOfNames\ncn: root\n\
         member: uid=Ann,ou=people,dc=acme,dc=org\nmember: cn=The leaf,ou=groups,dc=acme,dc=org\n\n\
         dn: cn=The leaf,ou=groups,dc=acme,dc=org\nobjectClass: groupOfNames\ncn: The leaf\n\
         member: uid=bob,ou=people, dc=acme,dc=org\nmember: uid=gone,ou=people,dc=acme,dc=org\n\n",
    );
    text
}

#[tokio::test]
async fn users_and_groups_of_a_directory() {
    let Some(slapd) = Slapd::start(0) else { return };
    let provider = provider(&Settings::default(), "ldapOrg", slapd.config()).unwrap();
    assert_eq!(provider.name(), "LdapOrgEntityProvider:default");
    let found = run(&provider).await.unwrap();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    let expected = [
        "group:default/root",
        "group:default/the_leaf",
        "user:default/ann",
        "user:default/bob",
    ];
    assert_eq!(names, expected);
    let ann = &found["user:default/ann"];
    let annotations = &ann["metadata"]["annotations"];
    let dn = "uid=ann,ou=people,dc=acme,dc=org";
    assert_eq!(annotations["backstage.io/ldap-dn"], dn);
    assert_eq!(annotations["backstage.io/ldap-rdn"], "ann");
    assert_eq!(
        annotations["backstage.io/ldap-uuid"]
            .as_str()
            .unwrap()
            .len(),
        36
    );
    assert_eq!(annotations["acme.org/source"], "directory");
    assert_eq!(ann["metadata"]["description"], "Builds things");
    let profile = json!({"displayName": "ann Lee", "email": "ann@acme.org"});
    assert_eq!(
        ann["spec"],
        json!({"profile": profile, "memberOf": ["group:default/root"]})
    );
    let leaf = &found["group:default/the_leaf"];
    assert_eq!(leaf["spec"]["parent"], "group:default/root");
    assert_eq!(leaf["spec"]["members"], json!(["user:default/bob"]));
}

#[tokio::test]
async fn more_than_the_server_gives_at_once() {
    let Some(slapd) = Slapd::start(250) else {
        return;
    };
    let mut config = slapd.config();
    let paged = |size: Value| json!({"filter": "(uid=*)", "paged": size});
    // The server gives a hundred at a time; that is not all, so it counts as none.
    config["default"]["users"]["options"] = paged(json!(false));
    let all = provider(&Settings::default(), "ldapOrg", config.clone()).unwrap();
    assert!(run(&all).await.is_err());
    config["default"]["users"]["options"] = paged(json!({"pageSize": 40}));
    config["default"]["bind"] = json!({"dn": "cn=admin,dc=acme,dc=org", "secret": SECRET});
    let pages = provider(&Settings::default(), "ldapOrg", config).unwrap();
    assert_eq!(run(&pages).await.unwrap().len(), 254);
}

#[tokio::test]
async fn a_failure_is_no_empty_directory_and_tells_no_secret() {
    let Some(slapd) = Slapd::start(0) else { return };
    let mut wrong = slapd.config();
    wrong["default"]["bind"]["secret"] = "wrong-s3cret".into();
    let mut nowhere = slapd.config();
    nowhere["default"]["users"]["dn"] = "ou=nowhere,dc=acme,dc=org".into();
    let mut closed = slapd.config();
    closed["default"]["target"] = "ldap://127.0.0.1:9".into();
    for (config, expected) in [
        (wrong, "binding `127.0.0.1` failed"),
        (nowhere, "searching `127.0.0.1` failed"),
        (closed, "connecting `127.0.0.1` failed"),
    ] {
        let provider = provider(&Settings::default(), "ldapOrg", config).unwrap();
        let error = run(&provider).await.unwrap_err();
        assert_eq!(error.message(), expected);
        assert!(!error.chain().contains("s3cret"), "{}", error.chain());
    }
}
