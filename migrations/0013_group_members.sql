-- Which process is which member of a consumer group. A process holds an advisory lock on its number for as long as it
-- lives: a row whose lock is free is of one that has died without leaving.
create sequence process_numbers as int cycle;

create table group_members (
  group_id text not null,
  process int not null,
  member_id text not null,
  joined_at timestamptz not null default now(),
  primary key (group_id, process)
);
