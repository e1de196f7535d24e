-- What sources gave us, and how far its processing has come.
create table catalog_refresh (
  id integer primary key autoincrement,
  ref text not null unique,
  uid text not null unique,
  location_key text,
  unprocessed text not null,
  unprocessed_hash text not null,
  processed text,
  result_hash text,
  errors text,
  state text,
  next_at integer not null,
  claim integer not null default 0,
  discovered_at integer not null,
  orphan_at integer,
  line integer
);
create index catalog_refresh_due on catalog_refresh (next_at);
create index catalog_refresh_failed on catalog_refresh (id) where errors is not null;
create index catalog_refresh_pending on catalog_refresh (id) where processed is null;
create index catalog_refresh_orphan on catalog_refresh (orphan_at) where orphan_at is not null;

-- Who emitted what: a provider (is_root) or another entity.
create table catalog_edge (
  source text not null,
  is_root boolean not null,
  target text not null,
  primary key (source, is_root, target)
) without rowid;
create index catalog_edge_target on catalog_edge (target);

-- Relations in both directions; source is the entity that shows them.
create table catalog_relation (
  origin_id integer not null,
  source text not null,
  type text not null,
  target text not null,
  primary key (origin_id, source, type, target)
) without rowid;
create index catalog_relation_source on catalog_relation (source, type, target);

-- What makes an entity due when it changes, for example file:/path or url:https://…
create table catalog_refresh_key (
  entity_id integer not null,
  key text not null,
  primary key (entity_id, key)
) without rowid;
create index catalog_refresh_key_key on catalog_refresh_key (key);

-- Entities whose final form has to be made again.
create table catalog_stitch (
  ref text primary key,
  at integer not null
) without rowid;
create index catalog_stitch_at on catalog_stitch (at);

-- Final entities, as they are served.
create table catalog_entity (
  id integer primary key,
  ref text not null unique,
  uid text not null,
  etag text not null,
  body text not null,
  changed_at integer not null
);

-- The change log that replicas follow.
create table catalog_change (
  rev integer primary key autoincrement,
  entity_id integer not null,
  deleted boolean not null,
  at integer not null
);

create table catalog_location (
  id text primary key,
  type text not null,
  target text not null,
  entity_ref text not null,
  unique (type, target)
);

-- An entity that two sources claim; the owner is the row of catalog_refresh.
create table catalog_conflict (
  ref text not null,
  location_key text not null,
  existing_key text not null,
  source text not null,
  is_root boolean not null,
  unprocessed text not null,
  line integer,
  first_at integer not null,
  last_at integer not null,
  primary key (ref, location_key)
) without rowid;
create index catalog_conflict_source on catalog_conflict (source, is_root);

-- Full mutations that would remove too much, kept until someone approves or rejects them.
create table catalog_held_mutation (
  provider text primary key,
  n_removed integer not null,
  n_before integer not null,
  removed text not null,
  approved boolean not null,
  at integer not null
);

-- Small facts about the whole catalog, such as the version of the processors.
create table catalog_meta (
  name text primary key,
  value text not null
);
