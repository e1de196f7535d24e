-- Counts changes of roles and policies, so that a replica that missed a wake-up notices them.
create table permission_version (
  id bigint primary key,
  version bigint not null
);
insert into permission_version (id, version) values (1, 0);
