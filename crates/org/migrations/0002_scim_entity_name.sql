-- The name of the entity that a resource becomes. Rows of before get theirs when it is first needed.
alter table org_scim_resource add column entity_name text;
create index org_scim_resource_entity on org_scim_resource (kind, entity_name);
