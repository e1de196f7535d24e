-- Entities that went lately: who asks for one is told by which name it may go now.
create table catalog_removed (
  ref text primary key,
  -- When it was deleted, and when it was no longer emitted.
  at bigint not null,
  gone_at bigint not null,
  -- As it was served last, with long texts cut off.
  body text not null
);
create index catalog_removed_at on catalog_removed (at);
