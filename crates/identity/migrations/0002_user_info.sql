-- What a user owned when they last signed in: tokens do not carry it.
create table identity_user_info (
  user_ref text primary key,
  ownership_refs text not null,
  updated_at bigint not null
);
