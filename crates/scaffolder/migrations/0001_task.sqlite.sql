-- Tasks: what was asked for, by whom, and who works on it.
create table scaffolder_task (
  id text primary key,
  spec text not null,
  status text not null,
  template_ref text,
  created_at integer not null,
  created_by text,
  heartbeat_at integer,
  -- Who the steps run for, as JSON.
  initiator text not null,
  -- Secrets of the user, sealed; null at the end. `seal_id` names the key.
  secrets text,
  seal_id text,
  -- The process that works on it, until when, and a number that grows with every claim.
  locked_until integer not null default 0,
  fence integer not null default 0,
  is_cancelled integer not null default 0
);
create index scaffolder_task_work on scaffolder_task (status, locked_until);
create index scaffolder_task_created on scaffolder_task (created_at);

-- What steps did: one row for each step, and one for each round of a loop.
create table scaffolder_step (
  task_id text not null,
  key text not null,
  state text not null,
  output text,
  primary key (task_id, key)
);

-- Results of parts of a step that must not be done twice.
create table scaffolder_checkpoint (
  task_id text not null,
  key text not null,
  value text not null,
  primary key (task_id, key)
);

-- Files of a task after its last completed step.
create table scaffolder_workspace (
  task_id text primary key,
  content blob not null
);

-- What watchers of a task are told, in order.
create table scaffolder_event (
  id integer primary key autoincrement,
  task_id text not null,
  type text not null,
  body text not null,
  created_at integer not null
);
create index scaffolder_event_task on scaffolder_event (task_id, id);
