-- Sign-ins that failed after a provider answered, for operators.
create table auth_failed_sign_in (
  id text primary key,
  at bigint not null,
  body text not null
);
