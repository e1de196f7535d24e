//! Writing many entities: stored bytes between a prefix and a suffix, in constant memory.

use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use model::Projection;
use platform::Result;
use platform::http::{json_bytes, json_stream};

use crate::catalog::Catalog;
use crate::service::entities::{Picked, etag_of, parse};

/// Entities written at once; answers up to this size are sent whole, with an `ETag`.
const CHUNK: usize = 256;

/// What stands around the entities.
pub(super) struct Envelope {
    pub prefix: String,
    pub suffix: String,
}

/// Answers with the entities.
pub(super) async fn respond(
    catalog: &Catalog,
    picked: Vec<Picked>,
    projection: Option<Projection>,
    envelope: Envelope,
) -> Result<Response> {
    if picked.len() > CHUNK {
        return Ok(respond_in_chunks(
            catalog.clone(),
            picked,
            projection,
            envelope,
        ));
    }
    let etag = match projection {
        // The versions of the entities tell whole ones apart; projected ones are small anyway.
        None => Some(etag_of(&picked, &envelope.suffix)),
        Some(_) => None,
    };
    let entities: usize = picked.iter().map(|one| one.len + 1).sum();
    let around = envelope.prefix.len() + envelope.suffix.len();
    let mut body = BytesMut::with_capacity(around + entities);
    body.put_slice(envelope.prefix.as_bytes());
    let mut is_first = true;
    write(
        catalog,
        &picked,
        projection.as_ref(),
        &mut is_first,
        &mut body,
    )
    .await?;
    body.put_slice(envelope.suffix.as_bytes());
    Ok(json_bytes(body.freeze(), etag))
}

fn respond_in_chunks(
    catalog: Catalog,
    picked: Vec<Picked>,
    projection: Option<Projection>,
    envelope: Envelope,
) -> Response {
    let Envelope { prefix, suffix } = envelope;
    let state = (catalog, picked, projection, 0_usize, true);
    let chunks = stream::try_unfold(
        state,
        |(catalog, picked, projection, start, mut is_first)| async move {
            if start >= picked.len() {
                return Ok(None);
            }
            let end = (start + CHUNK).min(picked.len());
            let mut chunk = BytesMut::new();
            write(
                &catalog,
                &picked[start..end],
                projection.as_ref(),
                &mut is_first,
                &mut chunk,
            )
            .await?;
            Ok(Some((
                chunk.freeze(),
                (catalog, picked, projection, end, is_first),
            )))
        },
    );
    let prefix = stream::once(async move { Ok(Bytes::from(prefix)) });
    let suffix = stream::once(async move { Ok(Bytes::from(suffix)) });
    json_stream(prefix.chain(chunks).chain(suffix))
}

/// Writes entities with commas between them; those deleted meanwhile are left out.
async fn write(
    catalog: &Catalog,
    picked: &[Picked],
    projection: Option<&Projection>,
    is_first: &mut bool,
    out: &mut BytesMut,
) -> Result<()> {
    for body in catalog.bodies(picked).await?.into_iter().flatten() {
        if !std::mem::take(is_first) {
            out.put_u8(b',');
        }
        match projection {
            None => out.put_slice(&body),
            Some(projection) => {
                out.put_slice(projection.apply(&parse(&body)?).to_string().as_bytes());
            }
        }
    }
    Ok(())
}
