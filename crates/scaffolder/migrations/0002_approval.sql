-- Whose approval a task waits for before it runs: 'own' or 'others'; null for nobody's.
alter table scaffolder_task add column approval text;
