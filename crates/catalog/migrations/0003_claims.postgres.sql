-- Two locations may claim an entity through the same file: each of the claims is told.
alter table catalog_conflict drop constraint catalog_conflict_pkey;
alter table catalog_conflict add primary key (ref, location_key, source, is_root);
