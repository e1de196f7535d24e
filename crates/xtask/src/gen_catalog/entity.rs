//! The text of one synthetic entity.

use std::fmt::{self, Write as _};

use super::random::Random;
use super::{Kind, Plan};

const FIRST: [&str; 24] = [
    "amber", "bold", "clever", "dusty", "early", "fancy", "grand", "humble", "icy", "jade", "kind",
    "light", "mellow", "nimble", "open", "plain", "quick", "round", "sharp", "tall", "upper",
    "velvet", "wide", "young",
];
const SECOND: [&str; 24] = [
    "archive", "billing", "booking", "box", "cashier", "curtain", "dispatch", "exchange", "foyer",
    "gallery", "house", "importer", "ledger", "lobby", "mapper", "notifier", "offer", "pricer",
    "queue", "report", "seat", "stage", "ticket", "usher",
];
const PROSE: [&str; 32] = [
    "accepts",
    "orders",
    "from",
    "partners",
    "and",
    "keeps",
    "a",
    "record",
    "of",
    "every",
    "seat",
    "change",
    "for",
    "venues",
    "in",
    "three",
    "regions",
    "with",
    "strict",
    "limits",
    "on",
    "latency",
    "while",
    "nightly",
    "exports",
    "feed",
    "reporting",
    "teams",
    "behind",
    "the",
    "public",
    "gateway",
];
const TAGS: [&str; 20] = [
    "beta",
    "gdpr",
    "go",
    "graphql",
    "grpc",
    "internal",
    "java",
    "kafka",
    "kotlin",
    "node",
    "pci",
    "postgres",
    "public",
    "python",
    "rest",
    "rust",
    "tier1",
    "tier2",
    "tier3",
    "typescript",
];
const LIFECYCLES: [&str; 5] = [
    "production",
    "production",
    "production",
    "experimental",
    "deprecated",
];
const COMPONENT_TYPES: [&str; 10] = [
    "service",
    "service",
    "service",
    "service",
    "service",
    "service",
    "library",
    "library",
    "website",
    "data-pipeline",
];
const RESOURCE_TYPES: [&str; 4] = ["database", "s3-bucket", "kafka-topic", "cache"];
const API_TYPES: [&str; 4] = ["openapi", "asyncapi", "graphql", "grpc"];
const REGIONS: [&str; 3] = ["ap", "eu", "us"];

/// The name of entity `number` of a kind, computed rather than stored.
struct Name<'a>(&'a Plan, Kind, u32);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Name(plan, kind, number) = *self;
        let mut random = stream(plan, kind, number, 0);
        let (first, second) = (random.pick(&FIRST), random.pick(&SECOND));
        match kind {
            Kind::Component => write!(f, "{first}-{second}-{number}"),
            Kind::Api => write!(f, "{first}-{second}-{number}-api"),
            Kind::Resource => write!(f, "{first}-{second}-{number}-store"),
            Kind::System => write!(f, "{first}-{second}-{number}-system"),
            Kind::Domain => write!(f, "{first}-{second}-{number}-domain"),
            Kind::Group => write!(f, "team-{second}-{number}"),
            Kind::User => write!(f, "person-{number}"),
        }
    }
}

/// Randomness of one purpose for one entity, independent of every other.
fn stream(plan: &Plan, kind: Kind, number: u32, purpose: u64) -> Random {
    Random::new(&[plan.seed, kind as u64, u64::from(number), purpose])
}

/// Appends the YAML of one entity.
pub(super) fn append(plan: &Plan, kind: Kind, number: u32, out: &mut String) -> fmt::Result {
    let mut writer = Writer {
        plan,
        random: stream(plan, kind, number, 1),
        out,
    };
    writer.metadata(kind, number)?;
    writer.out.push_str("spec:\n");
    match kind {
        Kind::Component => writer.component(number),
        Kind::Api => writer.api(number),
        Kind::Resource => writer.resource(),
        Kind::System => writer.system(),
        Kind::Domain => writer.owner(),
        Kind::Group => writer.group(number),
        Kind::User => writer.user(number),
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    random: Random,
    out: &'a mut String,
}

impl Writer<'_> {
    fn metadata(&mut self, kind: Kind, number: u32) -> fmt::Result {
        let name = Name(self.plan, kind, number).to_string();
        write!(
            self.out,
            "apiVersion: backstage.io/v1alpha1\nkind: {}\nmetadata:\n  name: {name}\n  \
             title: '{}'\n  description: '",
            kind.name(),
            name.replace('-', " "),
        )?;
        self.words(&PROSE, " ", 6, 18);
        self.out.push_str("'\n  tags: [");
        self.tags();
        let (cost, region) = (self.random.between(1, 40), self.random.pick(&REGIONS));
        let build = self.random.between(10_000, 99_999);
        writeln!(
            self.out,
            "]\n  labels: {{cost-centre: cc{cost}, region: {region}}}\n  annotations:\n    \
             example.com/project-slug: acme/{name}\n    backstage.io/kubernetes-id: {name}\n    \
             example.com/build-id: '{build}'",
        )?;
        if self.random.percent(30) {
            let url = format_args!("https://dash.example.com/{name}");
            writeln!(
                self.out,
                "  links:\n    - {{url: '{url}', title: Dashboard}}"
            )?;
        }
        Ok(())
    }

    fn words(&mut self, words: &[&str], separator: &str, low: usize, high: usize) {
        for place in 0..self.random.between(low, high) {
            if place > 0 {
                self.out.push_str(separator);
            }
            self.out.push_str(self.random.pick(words));
        }
    }

    fn tags(&mut self) {
        let n_tags = self.random.between(1, 4);
        for (place, tag) in self
            .random
            .distinct(n_tags, TAGS.len())
            .into_iter()
            .enumerate()
        {
            self.out.push_str(if place > 0 { ", " } else { "" });
            self.out.push_str(TAGS[tag]);
        }
    }

    fn component(&mut self, number: u32) -> fmt::Result {
        self.field("type", &COMPONENT_TYPES)?;
        self.field("lifecycle", &LIFECYCLES)?;
        self.owner()?;
        self.part_of("system", Kind::System)?;
        self.dependencies(number)?;
        if self.random.percent(20) {
            self.references("providesApis", Kind::Api, 1, 1)?;
        }
        if self.random.percent(50) {
            self.references("consumesApis", Kind::Api, 1, 3)?;
        }
        Ok(())
    }

    fn dependencies(&mut self, number: u32) -> fmt::Result {
        let mut refs = Vec::new();
        let n_components = self.random.between(0, 4);
        for other in self.some(Kind::Component, n_components) {
            if other != number {
                refs.push(format!(
                    "component:default/{}",
                    Name(self.plan, Kind::Component, other)
                ));
            }
        }
        let n_resources = self.random.between(0, 1);
        for other in self.some(Kind::Resource, n_resources) {
            refs.push(format!(
                "resource:default/{}",
                Name(self.plan, Kind::Resource, other)
            ));
        }
        if refs.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  dependsOn: [{}]", refs.join(", "))
    }

    fn api(&mut self, number: u32) -> fmt::Result {
        let kind = self.random.pick(&API_TYPES);
        writeln!(self.out, "  type: {kind}")?;
        self.field("lifecycle", &LIFECYCLES)?;
        self.owner()?;
        self.part_of("system", Kind::System)?;
        let name = Name(self.plan, Kind::Api, number);
        self.out.push_str("  definition: |\n");
        if kind == "openapi" {
            return writeln!(
                self.out,
                "    openapi: 3.0.3\n    info: {{title: {name}, version: 1.0.0}}\n    paths:\n      \
                 /seats:\n        get:\n          summary: List seats\n          \
                 responses: {{'200': {{description: ok}}}}",
            );
        }
        writeln!(self.out, "    # {kind} definition of {name}")
    }

    fn resource(&mut self) -> fmt::Result {
        self.field("type", &RESOURCE_TYPES)?;
        self.owner()?;
        self.part_of("system", Kind::System)
    }

    fn system(&mut self) -> fmt::Result {
        self.owner()?;
        self.part_of("domain", Kind::Domain)
    }

    fn group(&mut self, number: u32) -> fmt::Result {
        let name = Name(self.plan, Kind::Group, number);
        writeln!(
            self.out,
            "  type: team\n  profile: {{displayName: 'Team {name}'}}"
        )?;
        if number > 0 {
            // The parent has a smaller number: a tree four wide, without a cycle.
            let parent = Name(self.plan, Kind::Group, (number - 1) / 4);
            writeln!(self.out, "  parent: group:default/{parent}")?;
        }
        writeln!(self.out, "  children: []")
    }

    fn user(&mut self, number: u32) -> fmt::Result {
        writeln!(
            self.out,
            "  profile:\n    displayName: 'Person {number}'\n    email: person-{number}@example.com",
        )?;
        self.references("memberOf", Kind::Group, 1, 2)
    }

    fn field(&mut self, key: &str, values: &[&str]) -> fmt::Result {
        writeln!(self.out, "  {key}: {}", self.random.pick(values))
    }

    fn owner(&mut self) -> fmt::Result {
        self.part_of("owner", Kind::Group)
    }

    /// A field that names one entity of a kind.
    fn part_of(&mut self, key: &str, kind: Kind) -> fmt::Result {
        let number = self.some(kind, 1).first().copied().unwrap_or(0);
        writeln!(
            self.out,
            "  {key}: {}:default/{}",
            prefix(kind),
            Name(self.plan, kind, number)
        )
    }

    /// A field that lists `low..=high` entities of a kind.
    fn references(&mut self, key: &str, kind: Kind, low: usize, high: usize) -> fmt::Result {
        let n_entities = self.random.between(low, high);
        write!(self.out, "  {key}: [")?;
        for (place, number) in self.some(kind, n_entities).into_iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            let name = Name(self.plan, kind, number);
            write!(self.out, "{comma}{}:default/{name}", prefix(kind))?;
        }
        writeln!(self.out, "]")
    }

    fn some(&mut self, kind: Kind, n_entities: usize) -> Vec<u32> {
        let numbers = self
            .random
            .distinct(n_entities, self.plan.count(kind) as usize);
        numbers
            .into_iter()
            .filter_map(|number| u32::try_from(number).ok())
            .collect()
    }
}

fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Component => "component",
        Kind::Api => "api",
        Kind::Resource => "resource",
        Kind::System => "system",
        Kind::Domain => "domain",
        Kind::Group => "group",
        Kind::User => "user",
    }
}
