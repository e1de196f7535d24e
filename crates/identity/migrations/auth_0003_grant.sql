-- What the authorization server has granted, or is about to. Secrets are kept as digests.
create table auth_grant (
  kind text not null,
  id text not null,
  owner text not null,
  digest text not null,
  body text not null,
  created_at bigint not null,
  expires_at bigint not null,
  primary key (kind, id)
);
create index auth_grant_owner on auth_grant (kind, owner);
create index auth_grant_end on auth_grant (expires_at);
