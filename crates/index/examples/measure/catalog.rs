//! A synthetic catalog, as rows: 80 % components, 8 % APIs, 4 % resources, 3 % systems, 1 %
//! domains, 3 % groups and 1 % users, all related with each other, deterministic for its size.

use index::{Document, Row};

const ADJECTIVES: &str = "amber brisk calm deep eager fast gentle hidden ionic jolly keen lunar merry noble orange proud quiet rapid silver tidy urban vivid warm young zesty";
const NOUNS: &str = "account basket catalog delivery engine feed gateway handler invoice journal kernel ledger mailer notifier order payment queue router search tracker upload vault wallet";
const WORDS: &str = "handles stores routes customer records for the online shop and exposes an internal interface used by several teams with strict latency goals nightly batch exports regional failover audit trail";
const TAGS: &str = "java go rust python node typescript kotlin postgres kafka grpc rest graphql tier1 tier2 tier3 internal public pci gdpr beta";
const LIFECYCLES: &str = "production production production experimental deprecated";
const COMPONENT_TYPES: &str =
    "service service service service service service library library website data-pipeline";
const RESOURCE_TYPES: &str = "database s3-bucket kafka-topic cache";
const API_TYPES: &str = "openapi asyncapi graphql grpc";
const REGIONS: &str = "eu us ap";

/// Kinds with their share in per cent; components are the rest.
const SHARES: [(&str, u32); 6] = [
    ("API", 8),
    ("Resource", 4),
    ("System", 3),
    ("Domain", 1),
    ("Group", 3),
    ("User", 1),
];

/// A repeatable stream of numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n.max(1))).unwrap_or_default()
    }

    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    fn word<'a>(&mut self, words: &'a str) -> &'a str {
        let n_words = words.split(' ').count();
        words
            .split(' ')
            .nth(self.below(u32::try_from(n_words).unwrap_or(1)) as usize)
            .unwrap_or("")
    }
}

/// One kind: its entities are numbered from `start`.
struct Kind {
    name: &'static str,
    start: u32,
    len: u32,
}

/// An edge from one entity to another.
#[derive(Clone, Copy)]
struct Relation {
    from: u32,
    kind: &'static str,
    to: u32,
}

/// All entities and their relations.
pub(crate) struct Catalog {
    kinds: Vec<Kind>,
    /// Sorted by origin.
    relations: Vec<Relation>,
}

/// A flattened entity.
pub(crate) struct Entity {
    id: i64,
    reference: String,
    uid: String,
    etag: String,
    pub(crate) rows: Vec<(String, Option<String>, Option<String>)>,
}

impl Entity {
    pub(crate) fn borrow(&self) -> Vec<Row<'_>> {
        let rows = self.rows.iter().map(|(key, value, original)| Row {
            key,
            value: value.as_deref(),
            original: original.as_deref(),
        });
        rows.collect()
    }

    pub(crate) fn document<'a>(&'a self, rows: &'a [Row<'a>]) -> Document<'a> {
        Document {
            id: self.id,
            entity_ref: &self.reference,
            uid: &self.uid,
            etag: &self.etag,
            body_len: 1_500,
            rows,
        }
    }

    fn put(&mut self, key: &str, original: &str) {
        let lower = original.to_lowercase();
        let (value, original) = if lower.chars().count() > 200 {
            (None, None)
        } else {
            (Some(lower), Some(original.to_owned()))
        };
        self.rows.push((key.to_lowercase(), value, original));
    }

    fn put_item(&mut self, path: &str, item: &str) {
        self.put(path, item);
        self.put(&format!("{path}.{item}"), "true");
    }
}

impl Catalog {
    pub(crate) fn new(size: u32) -> Self {
        let mut kinds = vec![Kind {
            name: "Component",
            start: 0,
            len: 0,
        }];
        let mut others = 0;
        for (name, share) in SHARES {
            let len = (size * share / 100).max(1);
            kinds.push(Kind {
                name,
                start: others,
                len,
            });
            others += len;
        }
        kinds[0].len = size.saturating_sub(others);
        for kind in &mut kinds[1..] {
            kind.start += size - others;
        }
        let mut catalog = Self {
            kinds,
            relations: Vec::new(),
        };
        for number in 0..size {
            catalog.relate(number);
        }
        catalog
            .relations
            .sort_by_key(|relation| (relation.from, relation.kind, relation.to));
        catalog
            .relations
            .dedup_by_key(|relation| (relation.from, relation.kind, relation.to));
        catalog
    }

    pub(crate) fn owner(&self, salt: u32) -> String {
        let group = self.any("Group", &mut Numbers(u64::from(salt)));
        self.reference(group)
    }

    pub(crate) fn reference(&self, number: u32) -> String {
        format!(
            "{}:default/{}",
            self.kind(number).name.to_lowercase(),
            self.name(number)
        )
    }

    pub(crate) fn name(&self, number: u32) -> String {
        let kind = self.kind(number);
        let mut numbers = Numbers(u64::from(number) << 20);
        let serial = number - kind.start;
        let base = format!(
            "{}-{}-{serial}",
            numbers.word(ADJECTIVES),
            numbers.word(NOUNS)
        );
        match kind.name {
            "Group" => format!("team-{}-{serial}", numbers.word(NOUNS)),
            "User" => format!("user-{serial}"),
            "API" => format!("{base}-api"),
            "Resource" => format!("{base}-res"),
            "System" => format!("{base}-sys"),
            "Domain" => format!("{base}-dom"),
            _ => base,
        }
    }

    /// One entity; its description depends on the version.
    pub(crate) fn entity(&self, number: u32, version: u32) -> Entity {
        let kind = self.kind(number).name;
        let mut numbers = Numbers(u64::from(number) << 24 | 1);
        let hex = format!("{:016x}{:016x}", numbers.next(), numbers.next());
        let uid = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-");
        let etag = format!("{hex}{:08x}", version);
        let id = i64::from(number) + 1;
        let mut entity = Entity {
            id,
            reference: self.reference(number),
            uid,
            etag,
            rows: vec![],
        };
        self.put_metadata(&mut entity, number, version, &mut numbers);
        self.put_spec(&mut entity, kind, number, &mut numbers);
        for relation in self.relations_of(number) {
            entity.put(
                &format!("relations.{}", relation.kind),
                &self.reference(relation.to),
            );
        }
        entity
    }

    fn put_metadata(&self, entity: &mut Entity, number: u32, version: u32, numbers: &mut Numbers) {
        let name = self.name(number);
        entity.put("kind", self.kind(number).name);
        entity.put("apiVersion", "backstage.io/v1alpha1");
        let title: Vec<String> = name.split('-').map(capitalised).collect();
        entity.put("metadata.title", &title.join(" "));
        let words = Numbers(u64::from(number) << 8 | u64::from(version)).between(6, 18);
        let mut text = Numbers(u64::from(number) << 8 | u64::from(version));
        let description: Vec<&str> = (0..words).map(|_| text.word(WORDS)).collect();
        entity.put("metadata.description", &description.join(" "));
        let mut tags: Vec<&str> = (0..numbers.between(1, 4))
            .map(|_| numbers.word(TAGS))
            .collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in tags {
            entity.put_item("metadata.tags", tag);
        }
        entity.put(
            "metadata.labels.cost-centre",
            &format!("cc{}", numbers.between(1, 40)),
        );
        entity.put("metadata.labels.region", numbers.word(REGIONS));
        let slug = format!("acme/{name}");
        entity.put("metadata.annotations.example.com/project-slug", &slug);
        entity.put("metadata.annotations.backstage.io/kubernetes-id", &name);
        let build = numbers.between(10_000, 99_999).to_string();
        entity.put("metadata.annotations.example.com/build-id", &build);
        let file = format!("file:/srv/catalog/entities-{:04}.yaml", number / 1_000);
        entity.put(
            "metadata.annotations.backstage.io/managed-by-location",
            &file,
        );
        entity.put(
            "metadata.annotations.backstage.io/managed-by-origin-location",
            "file:/srv/catalog/all.yaml",
        );
        if numbers.below(10) < 3 {
            entity.put(
                "metadata.links.url",
                &format!("https://dash.example.com/{name}"),
            );
            entity.put("metadata.links.title", "Dashboard");
        }
        let uid = entity.uid.clone();
        entity.put("metadata.name", &name);
        entity.put("metadata.namespace", "default");
        entity.put("metadata.uid", &uid);
    }

    fn put_spec(&self, entity: &mut Entity, kind: &str, number: u32, numbers: &mut Numbers) {
        let types = match kind {
            "Component" => COMPONENT_TYPES,
            "API" => API_TYPES,
            "Resource" => RESOURCE_TYPES,
            "Group" => "team",
            _ => "",
        };
        let spec_type = numbers.word(types).to_owned();
        if !spec_type.is_empty() {
            entity.put("spec.type", &spec_type);
        }
        if matches!(kind, "Component" | "API") {
            entity.put("spec.lifecycle", numbers.word(LIFECYCLES));
        }
        if kind == "API" {
            let definition = if spec_type == "openapi" {
                "openapi: ".repeat(30)
            } else {
                format!("# {spec_type} definition of {}\n", self.name(number))
            };
            entity.put("spec.definition", &definition);
        }
        for relation in self.relations_of(number) {
            let (name, reference) = (self.name(relation.to), self.reference(relation.to));
            match relation.kind {
                "ownedBy" => entity.put("spec.owner", &reference),
                "partOf" if kind == "System" => entity.put("spec.domain", &name),
                "partOf" => entity.put("spec.system", &name),
                "dependsOn" => entity.put_item("spec.dependsOn", &reference),
                "providesApi" => entity.put_item("spec.providesApis", &name),
                "consumesApi" => entity.put_item("spec.consumesApis", &name),
                "memberOf" => entity.put_item("spec.memberOf", &name),
                "childOf" => entity.put("spec.parent", &name),
                _ => {}
            }
        }
        if matches!(kind, "Group" | "User") {
            let name = self.name(number);
            entity.put("spec.profile.displayName", &capitalised(&name));
            entity.put("spec.profile.email", &format!("{name}@example.com"));
        }
    }

    fn relate(&mut self, number: u32) {
        let mut numbers = Numbers(u64::from(number) << 28 | 7);
        let kind = self.kind(number);
        let (name, serial, start) = (kind.name, number - kind.start, kind.start);
        let mut edges: Vec<(&'static str, &'static str, u32)> = Vec::new();
        if !matches!(name, "Group" | "User") {
            edges.push(("ownedBy", "ownerOf", self.any("Group", &mut numbers)));
        }
        match name {
            "Component" | "API" | "Resource" => {
                edges.push(("partOf", "hasPart", self.any("System", &mut numbers)));
            }
            "System" => edges.push(("partOf", "hasPart", self.any("Domain", &mut numbers))),
            "Group" if serial > 0 => edges.push(("childOf", "parentOf", start + (serial - 1) / 4)),
            "User" => edges.push(("memberOf", "hasMember", self.any("Group", &mut numbers))),
            _ => {}
        }
        if name == "Component" {
            for _ in 0..numbers.between(0, 4) {
                edges.push((
                    "dependsOn",
                    "dependencyOf",
                    self.any("Component", &mut numbers),
                ));
            }
            for _ in 0..numbers.between(0, 1) {
                edges.push((
                    "dependsOn",
                    "dependencyOf",
                    self.any("Resource", &mut numbers),
                ));
            }
            if numbers.below(10) < 2 {
                edges.push((
                    "providesApi",
                    "apiProvidedBy",
                    self.any("API", &mut numbers),
                ));
            }
            if numbers.below(2) == 0 {
                for _ in 0..numbers.between(1, 3) {
                    edges.push((
                        "consumesApi",
                        "apiConsumedBy",
                        self.any("API", &mut numbers),
                    ));
                }
            }
        }
        for (kind, reverse, to) in edges {
            self.relations.push(Relation {
                from: number,
                kind,
                to,
            });
            self.relations.push(Relation {
                from: to,
                kind: reverse,
                to: number,
            });
        }
    }

    fn relations_of(&self, number: u32) -> &[Relation] {
        let start = self
            .relations
            .partition_point(|relation| relation.from < number);
        let end = self
            .relations
            .partition_point(|relation| relation.from <= number);
        &self.relations[start..end]
    }

    fn any(&self, kind: &str, numbers: &mut Numbers) -> u32 {
        let kind = self.kinds.iter().find(|other| other.name == kind);
        kind.map_or(0, |kind| kind.start + numbers.below(kind.len))
    }

    fn kind(&self, number: u32) -> &Kind {
        let of = self
            .kinds
            .iter()
            .rfind(|kind| kind.start <= number && number < kind.start + kind.len);
        of.unwrap_or(&self.kinds[0])
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
