-- Two locations may claim an entity through the same file: each of the claims is told.
create table catalog_claim (
  ref text not null,
  location_key text not null,
  existing_key text not null,
  source text not null,
  is_root boolean not null,
  unprocessed text not null,
  line integer,
  first_at integer not null,
  last_at integer not null,
  primary key (ref, location_key, source, is_root)
) without rowid;
insert into catalog_claim select ref, location_key, existing_key, source, is_root, unprocessed,
  line, first_at, last_at from catalog_conflict;
drop table catalog_conflict;
alter table catalog_claim rename to catalog_conflict;
create index catalog_conflict_source on catalog_conflict (source, is_root);
