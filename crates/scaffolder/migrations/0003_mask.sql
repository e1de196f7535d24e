-- Texts that must not be seen in what a task tells, sealed; they outlive the secrets they were made of,
-- because a later run of the task may come across them.
create table scaffolder_mask (
  task_id text not null,
  content text not null
);
create index scaffolder_mask_task on scaffolder_mask (task_id);

-- Outputs of tasks that completed are not needed any more, and were not sealed.
update scaffolder_step set output = null
where output is not null and task_id in (select id from scaffolder_task where status = 'completed');
