//! The catalog's REST API. Reference 1 §C.
//!
//! Handlers parse, call one use case and write the answer; they see neither SQL nor permissions.

mod analyze;
mod changes;
mod entities;
mod facets;
mod former;
mod ingestion;
mod locations;
mod openapi;
mod query;
mod refs;
mod revision;
mod stream;
mod unprocessed;
mod validate;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};

use platform::http::permission_routes;

use crate::catalog::Catalog;

pub use openapi::OPENAPI;

/// All routes, relative to `/api/catalog`.
pub fn router(catalog: Catalog) -> Router {
    Router::new()
        .merge(entity_routes())
        .merge(location_routes())
        .merge(operator_routes())
        .layer(from_fn_with_state(catalog.clone(), revision::follow))
        .with_state(catalog.clone())
        .merge(permission_routes(Arc::new(catalog)))
}

fn entity_routes() -> Router<Catalog> {
    Router::new()
        .route("/entities", get(entities::list_entities))
        .route(
            "/entities/by-query",
            get(query::query_entities).post(query::query_entities_by_body),
        )
        .route("/entities/by-refs", post(refs::find_entities))
        .route(
            "/entities/by-uid/{uid}",
            get(entities::find_by_uid).delete(entities::delete_entity),
        )
        .route(
            "/entities/by-name/{kind}/{namespace}/{name}",
            get(entities::find_by_name),
        )
        .route(
            "/entities/by-name/{kind}/{namespace}/{name}/ancestry",
            get(entities::find_ancestry),
        )
        .route(
            "/entities/by-name/{kind}/{namespace}/{name}/times",
            get(entities::find_times),
        )
        .route(
            "/entities/by-name/{kind}/{namespace}/{name}/successors",
            get(former::find_successors),
        )
        .route(
            "/entity-facets",
            get(facets::list_facets).post(facets::list_facets_by_body),
        )
        .route("/changes", get(changes::stream_changes))
        .route("/refresh", post(entities::refresh_entity))
        .route("/validate-entity", post(validate::validate_entity))
}

fn location_routes() -> Router<Catalog> {
    Router::new()
        .route(
            "/locations",
            get(locations::list_locations).post(locations::register_location),
        )
        .route("/locations/by-query", post(locations::query_locations))
        .route(
            "/locations/by-entity/{kind}/{namespace}/{name}",
            get(locations::find_by_entity),
        )
        .route(
            "/locations/{id}",
            get(locations::find_location)
                .put(locations::move_location)
                .delete(locations::unregister_location),
        )
        .route("/analyze-location", post(analyze::analyze_location))
}

fn operator_routes() -> Router<Catalog> {
    Router::new()
        .route(
            "/entities/unprocessed/failed",
            get(unprocessed::list_failed),
        )
        .route(
            "/entities/unprocessed/pending",
            get(unprocessed::list_pending),
        )
        .route(
            "/entities/unprocessed/delete/{uid}",
            delete(unprocessed::delete_unprocessed),
        )
        .route("/ingestion/errors", get(ingestion::list_errors))
        .route("/ingestion/conflicts", get(ingestion::list_conflicts))
        .route("/ingestion/providers", get(ingestion::list_providers))
        .route(
            "/ingestion/providers/{provider}/refresh",
            post(ingestion::run_provider),
        )
        .route("/ingestion/held", get(ingestion::list_held))
        .route(
            "/ingestion/held/{provider}/approve",
            post(ingestion::approve_held),
        )
        .route(
            "/ingestion/held/{provider}/reject",
            post(ingestion::reject_held),
        )
        .route("/.backstage/scheduler/v1/tasks", get(ingestion::list_tasks))
        .route("/openapi.json", get(openapi::document))
}
