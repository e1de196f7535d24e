-- Users and groups that an identity provider has pushed (SCIM).
create table org_scim_resource (
  kind text not null,
  id text not null,
  name_key text not null,
  external_id text,
  body text not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (kind, id)
);
create unique index org_scim_resource_name on org_scim_resource (kind, name_key);
create index org_scim_resource_external on org_scim_resource (kind, external_id);
