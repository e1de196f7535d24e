-- Who is signed in with which browser. What a browser shows is kept as digests, in a table of its
-- own: providers give a new refresh token with each renewal, and the ones before may still be good.
create table auth_session (
  id text primary key,
  user_ref text not null,
  provider text not null,
  agent text not null,
  address text not null,
  begun_at bigint not null,
  used_at bigint not null,
  expires_at bigint not null,
  ended_at bigint
);
create index auth_session_user on auth_session (user_ref, used_at);
create index auth_session_end on auth_session (expires_at);
create table auth_session_key (
  digest text primary key,
  session_id text not null,
  at bigint not null
);
create index auth_session_key_session on auth_session_key (session_id, at);
