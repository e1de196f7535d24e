-- What people are told: one row for each user, or one for everybody where `user_ref` is null.
create table notifications_message (
  id text primary key,
  user_ref text,
  -- Who told it, for example `plugin:scaffolder`.
  origin text not null,
  title text not null,
  description text,
  link text,
  topic text,
  scope text,
  icon text,
  -- 0 to 3: low, normal, high, critical.
  severity bigint not null,
  created_at bigint not null,
  -- When another message of the same scope took its place.
  updated_at bigint
);
create index notifications_message_user on notifications_message (user_ref, created_at);
create index notifications_message_scope on notifications_message (origin, scope);
create index notifications_message_created on notifications_message (created_at);

-- When a user read or saved a message.
create table notifications_mark (
  message_id text not null,
  user_ref text not null,
  read_at bigint,
  saved_at bigint,
  primary key (message_id, user_ref)
);

-- What users do not want to be told, by channel, origin and topic; an empty topic is all of them.
create table notifications_setting (
  user_ref text not null,
  channel text not null,
  origin text not null,
  topic text not null,
  is_enabled bigint not null,
  primary key (user_ref, channel, origin, topic)
);
