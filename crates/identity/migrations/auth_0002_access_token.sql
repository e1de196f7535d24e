-- Tokens of programs, made by operators. Only digests are kept.
create table auth_access_token (
  id text primary key,
  digest text not null,
  subject text not null,
  restrictions text not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint
);
