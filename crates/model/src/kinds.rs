//! The built-in kinds: which specs they accept.

use serde_json::Value;

use crate::findings::Findings;
use crate::schema::{Members, Others, Rule, Violation};

/// A kind of entity and the versions of it that share one schema.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) api_versions: &'static [&'static str],
    /// Name of the Backstage processor that checks it, as error messages tell it.
    pub(crate) processor: &'static str,
    spec: Members,
}

const BUILTIN: &str = "BuiltinKindsEntityProcessor";
const SCAFFOLDER: &str = "ScaffolderEntitiesProcessor";
const CORE_VERSIONS: &[&str] = &["backstage.io/v1alpha1", "backstage.io/v1beta1"];

const REFS: Rule = Rule::List(&Rule::NonEmpty);

const PROFILE: Rule = Rule::Object(open(
    &[],
    &[
        ("displayName", Rule::NonEmpty),
        ("email", Rule::NonEmpty),
        ("picture", Rule::NonEmpty),
    ],
));

const fn open(
    required: &'static [&'static str],
    known: &'static [(&'static str, Rule)],
) -> Members {
    Members {
        required,
        known,
        others: Others::Anything,
    }
}

const fn core(name: &'static str, spec: Members) -> Kind {
    Kind {
        name,
        api_versions: CORE_VERSIONS,
        processor: BUILTIN,
        spec,
    }
}

/// All kinds, in the order Backstage tries them.
pub(crate) static KINDS: [Kind; 9] = [
    core(
        "API",
        open(
            &["type", "lifecycle", "owner", "definition"],
            &[
                ("type", Rule::NonEmpty),
                ("lifecycle", Rule::NonEmpty),
                ("owner", Rule::NonEmpty),
                ("system", Rule::NonEmpty),
                ("definition", Rule::NonEmpty),
            ],
        ),
    ),
    core(
        "Component",
        open(
            &["type", "lifecycle", "owner"],
            &[
                ("type", Rule::NonEmpty),
                ("lifecycle", Rule::NonEmpty),
                ("owner", Rule::NonEmpty),
                ("system", Rule::NonEmpty),
                ("subcomponentOf", Rule::NonEmpty),
                ("providesApis", REFS),
                ("consumesApis", REFS),
                ("dependsOn", REFS),
            ],
        ),
    ),
    core(
        "Resource",
        open(
            &["type", "owner"],
            &[
                ("type", Rule::NonEmpty),
                ("owner", Rule::NonEmpty),
                ("dependsOn", REFS),
                ("system", Rule::NonEmpty),
            ],
        ),
    ),
    core(
        "Group",
        open(
            &["type", "children"],
            &[
                ("type", Rule::NonEmpty),
                ("profile", PROFILE),
                ("parent", Rule::NonEmpty),
                ("children", REFS),
                ("members", REFS),
            ],
        ),
    ),
    core(
        "Location",
        open(
            &[],
            &[
                ("type", Rule::NonEmpty),
                ("target", Rule::NonEmpty),
                ("targets", REFS),
                ("presence", Rule::OneOf(&["required", "optional"])),
            ],
        ),
    ),
    core(
        "User",
        open(&["memberOf"], &[("profile", PROFILE), ("memberOf", REFS)]),
    ),
    core(
        "System",
        open(
            &["owner"],
            &[
                ("owner", Rule::NonEmpty),
                ("domain", Rule::NonEmpty),
                ("type", Rule::NonEmpty),
            ],
        ),
    ),
    core(
        "Domain",
        open(
            &["owner"],
            &[
                ("owner", Rule::NonEmpty),
                ("subdomainOf", Rule::NonEmpty),
                ("type", Rule::NonEmpty),
            ],
        ),
    ),
    Kind {
        name: "Template",
        api_versions: &["scaffolder.backstage.io/v1beta3"],
        processor: SCAFFOLDER,
        spec: TEMPLATE,
    },
];

const ANY_OBJECT: Rule = Rule::Object(open(&[], &[]));

const PERMISSIONS: Rule = Rule::Object(open(&[], &[("tags", Rule::List(&Rule::Text))]));

const FORM: Rule = Rule::Object(open(&[], &[("backstage:permissions", PERMISSIONS)]));

const FORM_DECORATORS: Rule = Rule::List(&Rule::Object(open(
    &[],
    &[("id", Rule::Text), ("input", ANY_OBJECT)],
)));

const TEMPLATE: Members = open(
    &["type", "steps"],
    &[
        ("type", Rule::NonEmpty),
        ("owner", Rule::NonEmpty),
        ("lifecycle", Rule::NonEmpty),
        ("parameters", Rule::FirstOf(&[FORM, Rule::List(&FORM)])),
        (
            "secrets",
            Rule::Object(open(&[], &[("schema", ANY_OBJECT)])),
        ),
        (
            "presentation",
            Rule::Object(open(&[], &[("buttonLabels", BUTTON_LABELS)])),
        ),
        (
            "EXPERIMENTAL_recovery",
            Rule::Object(open(&[], &[("EXPERIMENTAL_strategy", Rule::Text)])),
        ),
        ("formDecorators", FORM_DECORATORS),
        ("EXPERIMENTAL_formDecorators", FORM_DECORATORS),
        ("steps", Rule::List(&STEP)),
        ("output", OUTPUT),
    ],
);

const BUTTON_LABELS: Rule = Rule::Object(open(
    &[],
    &[
        ("backButtonText", Rule::Text),
        ("createButtonText", Rule::Text),
        ("reviewButtonText", Rule::Text),
    ],
));

const STEP: Rule = Rule::Object(open(
    &["action"],
    &[
        ("id", Rule::Text),
        ("name", Rule::Text),
        ("action", Rule::Text),
        ("input", ANY_OBJECT),
        ("if", Rule::TextOrBool),
        ("backstage:permissions", PERMISSIONS),
    ],
));

const OUTPUT: Rule = Rule::Object(Members {
    required: &[],
    known: &[
        (
            "links",
            Rule::List(&Rule::Object(open(
                &[],
                &[
                    ("if", Rule::TextOrBool),
                    ("url", Rule::NonEmpty),
                    ("entityRef", Rule::NonEmpty),
                    ("title", Rule::NonEmpty),
                    ("icon", Rule::NonEmpty),
                ],
            ))),
        ),
        (
            "text",
            Rule::List(&Rule::Object(open(
                &[],
                &[
                    ("if", Rule::TextOrBool),
                    ("title", Rule::NonEmpty),
                    ("icon", Rule::NonEmpty),
                    ("content", Rule::Text),
                ],
            ))),
        ),
    ],
    others: Others::Texts,
});

/// The kind that is responsible for an entity, by exact kind and `apiVersion`.
pub(crate) fn kind_of(entity: &Value) -> Option<&'static Kind> {
    let text = |key| entity.get(key).and_then(Value::as_str);
    let (kind, api_version) = (text("kind")?, text("apiVersion")?);
    KINDS
        .iter()
        .find(|known| known.name == kind && known.api_versions.contains(&api_version))
}

impl Kind {
    /// Checks the spec of an entity whose envelope was checked before.
    pub(crate) fn check(
        &self,
        entity: &Value,
        found: &mut Findings<Violation>,
    ) -> Result<(), Violation> {
        static REQUIRED: Members = Members {
            required: &["spec"],
            known: &[],
            others: Others::Anything,
        };
        REQUIRED.check(entity, &mut String::new(), found)?;
        let spec = entity.get("spec").unwrap_or(&Value::Null);
        self.spec.check(spec, &mut "/spec".to_owned(), found)
    }

    /// Member names of the spec.
    pub(crate) fn spec_fields(&self) -> impl Iterator<Item = &'static str> {
        self.spec.known.iter().map(|(name, _)| *name)
    }
}
