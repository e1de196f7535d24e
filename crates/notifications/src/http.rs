//! `/notifications`, `/status`, `/topics`, `/settings`, `/update`, relative to `/api/notifications`.

use axum::Router;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::routing::{get, post};
use platform::ctx::Caller;
use platform::http::schema::{
    ANY, BOOLEAN, Object, STRING, STRINGS, Schema, array, object, optional, required,
};
use platform::http::{Json, JsonBody, Param, Params};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::notification::{Audience, Notification, Payload, Severity};
use crate::service::Notifications;
use crate::store::{Order, OrderField, Query, Setting};

/// Notifications of one answer.
const MAX_LIMIT: i64 = 1_000;
/// Bytes of a body.
const MAX_BODY: usize = 100 * 1024;

/// The routes, relative to `/api/notifications`.
pub fn router(notifications: Notifications) -> Router {
    Router::new()
        .route("/", get(list_notifications).post(create))
        .route("/notifications", get(list_notifications).post(create))
        .route("/notifications/{id}", get(find_notification))
        .route("/notifications/update", post(update))
        .route("/status", get(count_notifications))
        .route("/topics", get(list_topics))
        .route("/settings", get(find_settings).post(set_settings))
        .route("/update", post(update))
        .route("/health", get(health))
        .route("/{id}", get(find_notification))
        .with_state(notifications)
}

const FLAG: &[&str] = &["true", "false"];
const SEVERITY: &[&str] = &["critical", "high", "normal", "low"];

const FILTERS: [Param; 6] = [
    Param::text("topic"),
    Param::text("search"),
    Param::choice("read", FLAG),
    Param::choice("saved", FLAG),
    Param::text("createdAfter"),
    Param::choice("minimumSeverity", SEVERITY),
];
const PAGING: [Param; 3] = [
    Param::integer("offset"),
    Param::integer("limit"),
    Param::list("orderField"),
];

const PAYLOAD: Schema = object(&[
    required("title", STRING),
    optional("description", STRING),
    optional("link", STRING),
    optional("severity", Schema::Choice(SEVERITY)),
    optional("topic", STRING),
    optional("scope", STRING),
    optional("icon", STRING),
]);
const RECIPIENTS: Schema = object(&[
    required("type", Schema::Choice(&["entity", "broadcast"])),
    optional("entityRef", ANY),
    optional("excludeEntityRef", ANY),
]);
const CREATE: Object = Object::new(&[
    required("recipients", RECIPIENTS),
    required("payload", PAYLOAD),
]);
const UPDATE: Object = Object::new(&[
    required("ids", STRINGS),
    optional("read", BOOLEAN),
    optional("saved", BOOLEAN),
]);
const TOPIC: Schema = object(&[required("id", STRING), required("enabled", BOOLEAN)]);
const ORIGIN: Schema = object(&[
    required("id", STRING),
    required("enabled", BOOLEAN),
    optional("topics", array(&TOPIC)),
]);
const CHANNEL: Schema = object(&[required("id", STRING), required("origins", array(&ORIGIN))]);
const SETTINGS: Object = Object::new(&[required("channels", array(&CHANNEL))]);

fn views(notifications: &[Notification]) -> Value {
    notifications.iter().map(Notification::to_json).collect()
}

async fn list_notifications(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    params: Params,
) -> Result<Json<Value>> {
    ctx.require_user()?;
    params.check(&[&FILTERS[..], &PAGING].concat())?;
    let query = Query {
        order: order_of(&params)?,
        limit: params
            .integer("limit")
            .unwrap_or(MAX_LIMIT)
            .clamp(0, MAX_LIMIT),
        offset: params.integer("offset").unwrap_or(0).max(0),
        ..query_of(&params)?
    };
    let (found, total) = notifications.list(&ctx, query).await?;
    Ok(Json(
        json!({ "totalCount": total, "notifications": views(&found) }),
    ))
}

fn query_of(params: &Params) -> Result<Query> {
    let text = |name: &str| params.get(name).map(str::to_owned);
    let created_after = params.get("createdAfter").map(|text| {
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
            Error::input("request/query/createdAfter must be a date and time").with_source(error)
        })?;
        Ok::<_, Error>(time.unix_timestamp() * 1_000)
    });
    Ok(Query {
        topic: text("topic"),
        search: text("search"),
        is_read: params.boolean("read"),
        is_saved: params.boolean("saved"),
        created_after: created_after.transpose()?,
        minimum_severity: params.get("minimumSeverity").and_then(Severity::of_name),
        ..Query::default()
    })
}

/// `orderField=created,desc`, several times if need be.
fn order_of(params: &Params) -> Result<Vec<Order>> {
    let fields = params.all("orderField").map(|text| {
        let (field, direction) = text.split_once(',').unwrap_or((text, "desc"));
        let field = match field {
            "created" => OrderField::Created,
            "updated" => OrderField::Updated,
            "title" => OrderField::Title,
            "topic" => OrderField::Topic,
            "origin" => OrderField::Origin,
            "severity" => OrderField::Severity,
            _ => return Err(Error::input(format!("Invalid order field '{field}'"))),
        };
        let is_descending = match direction {
            "asc" => false,
            "desc" => true,
            _ => return Err(Error::input(format!("Invalid order '{direction}'"))),
        };
        Ok(Order {
            field,
            is_descending,
        })
    });
    fields.take(5).collect()
}

async fn find_notification(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(notifications.find(&ctx, id).await?.to_json()))
}

async fn count_notifications(
    ctx: Ctx,
    State(notifications): State<Notifications>,
) -> Result<Json<Value>> {
    let (unread, read) = notifications.counts(&ctx).await?;
    Ok(Json(json!({ "unread": unread, "read": read })))
}

async fn list_topics(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    params: Params,
) -> Result<Json<Value>> {
    ctx.require_user()?;
    params.check(&FILTERS)?;
    let topics = notifications.topics(&ctx, query_of(&params)?).await?;
    Ok(Json(json!({ "topics": topics })))
}

async fn find_settings(
    ctx: Ctx,
    State(notifications): State<Notifications>,
) -> Result<Json<Value>> {
    Ok(Json(notifications.settings(&ctx).await?))
}

async fn set_settings(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    request: Request,
) -> Result<Json<Value>> {
    // Before the body is read, so that its errors are for users only.
    ctx.require_user()?;
    let body = JsonBody::<MAX_BODY>::from_request(request, &()).await?;
    body.check(&SETTINGS)?;
    let settings = settings_of(&body.0);
    notifications.set_settings(&ctx, settings).await?;
    Ok(Json(notifications.settings(&ctx).await?))
}

fn settings_of(body: &Value) -> Vec<Setting> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
    let mut settings = Vec::new();
    for channel in list(body, "channels") {
        for origin in list(&channel, "origins") {
            let whole = json!({ "id": "", "enabled": origin["enabled"] });
            for topic in [vec![whole], list(&origin, "topics")].concat() {
                settings.push(Setting {
                    channel: text(&channel),
                    origin: text(&origin),
                    topic: text(&topic),
                    is_enabled: topic["enabled"] == true,
                });
            }
        }
    }
    settings
}

async fn update(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    request: Request,
) -> Result<Json<Value>> {
    ctx.require_user()?;
    let body = JsonBody::<MAX_BODY>::from_request(request, &()).await?;
    body.check(&UPDATE)?;
    let ids = body.0["ids"].as_array().into_iter().flatten();
    let ids = ids
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let flag = |name: &str| body.0[name].as_bool();
    let marked = notifications
        .mark(&ctx, ids, flag("read"), flag("saved"))
        .await?;
    Ok(Json(views(&marked)))
}

/// Programs only; a notification comes from the one that sent it.
async fn create(
    ctx: Ctx,
    State(notifications): State<Notifications>,
    request: Request,
) -> Result<Json<Value>> {
    let origin = match ctx.caller() {
        Caller::Service(service) => service.subject.clone(),
        Caller::User(_) => {
            return Err(Error::forbidden(
                "This endpoint does not allow 'user' credentials",
            ));
        }
        Caller::Anonymous => return Err(Error::unauthenticated("Missing credentials")),
    };
    let body = JsonBody::<MAX_BODY>::from_request(request, &()).await?;
    body.check(&CREATE)?;
    let audience = Audience::of_json(&body.0["recipients"])?;
    let payload: Payload = JsonBody::<MAX_BODY>(body.0["payload"].clone()).parse()?;
    let sent = notifications
        .send(&origin, &audience, payload, Uuid::new_v4())
        .await?;
    Ok(Json(views(&sent)))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
