-- Roles and policies that were made through the API; those of files stay in their files.
create table permission_role (
  name text primary key,
  description text,
  owner text,
  author text,
  modified_by text,
  created_at bigint,
  last_modified bigint
);
create table permission_membership (
  role text not null,
  member text not null,
  primary key (role, member)
);
create table permission_rule (
  subject text not null,
  permission text not null,
  action text not null,
  effect text not null,
  primary key (subject, permission, action, effect)
);
create table permission_condition (
  id bigint primary key,
  role text not null,
  plugin text not null,
  resource_type text not null,
  permissions text not null,
  conditions text not null
);
create index permission_condition_role on permission_condition (role);
-- Plugins whose permissions are offered to administrators beside those of the configuration.
create table permission_plugin (
  id text primary key
);
-- Each kind of decision once, to try another policy on.
create table permission_decision (
  user_ref text not null,
  permission text not null,
  action text not null,
  resource_type text not null,
  decision text not null,
  n_times bigint not null,
  last_at bigint not null,
  primary key (user_ref, permission, action, resource_type)
);
create index permission_decision_last_at on permission_decision (last_at);
