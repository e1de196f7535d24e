//! `POST /authorize`

use axum::extract::{FromRequest as _, Request, State};
use platform::http::zod::{self, Schema};
use platform::http::{Json, JsonBody};
use platform::{Ctx, Error, Result};
use serde_json::Value;

use crate::service::Permissions;
use crate::service::authorize::Question;

/// What Express takes by default.
const MAX_BODY: usize = 100 * 1024;

const ACTION: Schema = Schema::Union(&[
    Schema::Literal("create"),
    Schema::Literal("read"),
    Schema::Literal("update"),
    Schema::Literal("delete"),
]);
const ATTRIBUTES: Schema = Schema::Object(&[("action", Schema::Optional(&ACTION))]);
const RESOURCE_REF: Schema = Schema::Union(&[
    Schema::Text,
    Schema::Array {
        item: &Schema::Text,
        is_non_empty: true,
    },
]);
const BASIC_ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    ("resourceRef", Schema::Optional(&Schema::Undefined)),
    (
        "permission",
        Schema::Object(&[
            ("type", Schema::Literal("basic")),
            ("name", Schema::Text),
            ("attributes", ATTRIBUTES),
        ]),
    ),
]);
const RESOURCE_ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    ("resourceRef", Schema::Optional(&RESOURCE_REF)),
    (
        "permission",
        Schema::Object(&[
            ("type", Schema::Literal("resource")),
            ("name", Schema::Text),
            ("attributes", ATTRIBUTES),
            ("resourceType", Schema::Text),
        ]),
    ),
]);
const REQUEST: Schema = Schema::Object(&[(
    "items",
    Schema::Array {
        item: &Schema::Union(&[BASIC_ITEM, RESOURCE_ITEM]),
        is_non_empty: false,
    },
)]);

pub(super) async fn authorize(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    request: Request,
) -> Result<Json<Value>> {
    // Before the body is read, so that its errors are for users only.
    ctx.require_user()?;
    let JsonBody::<MAX_BODY>(body) = JsonBody::from_request(request, &()).await?;
    zod::check(&REQUEST, &body).map_err(Error::input)?;
    let items = body.get("items").and_then(Value::as_array);
    let questions = items.into_iter().flatten().map(question).collect();
    Ok(Json(permissions.authorize(&ctx, questions).await?))
}

/// A question of an item that fits [`REQUEST`].
fn question(item: &Value) -> Question {
    let text = |pointer: &str| {
        item.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let is_resource = text("/permission/type").as_deref() == Some("resource");
    Question {
        id: text("/id").unwrap_or_default(),
        name: text("/permission/name").unwrap_or_default(),
        action: text("/permission/attributes/action"),
        resource_type: text("/permission/resourceType").filter(|_| is_resource),
        resources: item.get("resourceRef").cloned().unwrap_or_default(),
    }
}
