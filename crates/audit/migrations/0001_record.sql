-- What was done and what was refused, in the order it happened. Each hash covers the record and the
-- hash before it.
create table audit_record (
  seq bigint primary key,
  at bigint not null,
  via text not null,
  action text not null,
  actor text not null,
  on_behalf_of text,
  client text,
  address text,
  subject text not null,
  before_digest text,
  after_digest text,
  outcome text not null,
  detail text,
  request_id text,
  hash text not null
);
create index audit_record_at on audit_record (at);
create index audit_record_actor on audit_record (actor, seq);
create index audit_record_subject on audit_record (subject, seq);
-- The last record, and the last one that retention removed: where the chain begins and ends.
create table audit_head (
  id bigint primary key,
  seq bigint not null,
  hash text not null,
  horizon_seq bigint not null,
  horizon_hash text not null
);
insert into audit_head (id, seq, hash, horizon_seq, horizon_hash) values (1, 0, '', 0, '');
