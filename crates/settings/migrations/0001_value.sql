-- What users have set for themselves, by bucket and key; values are JSON.
create table settings_value (
  user_ref text not null,
  bucket text not null,
  key text not null,
  value text not null,
  primary key (user_ref, bucket, key)
);
