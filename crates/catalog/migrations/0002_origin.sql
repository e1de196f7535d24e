-- Whether the way is gone by which an entity got its origin; whoever still emits it gives it another.
alter table catalog_refresh add column origin_lost boolean not null default false;
