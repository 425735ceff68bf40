-- Input that was given up by a person's decision, so that counting could go on behind it.
create table input_losses (
  loss_id bigint generated always as identity primary key,
  topic text not null,
  partition int not null,
  -- DELETED: retention was faster than counting. REPLACED: the log is another one than was counted.
  kind text not null check (kind in ('DELETED', 'REPLACED')),
  -- What was never counted. lost_to is null where nobody can tell how far the former log went.
  lost_from bigint not null,
  lost_to bigint,
  resumed_at bigint not null,
  -- Arrivals of the last record counted and of the first one left, where known.
  arrived_after timestamptz,
  arrived_before timestamptz,
  decided_by text not null,
  reason text not null,
  decided_at timestamptz not null default now()
);

-- Counts the logs that a partition has had: its offsets begin anew with each. Releases before this one know the first.
alter table input_offsets add column generation int not null default 0;
alter table dead_letters add column generation int not null default 0;
alter table dead_letters drop constraint dead_letters_pkey;
alter table dead_letters add primary key (topic, partition, generation, "offset");
alter table parked_events add column generation int not null default 0;
alter table parked_events drop constraint parked_events_pkey;
alter table parked_events add primary key (account_id, topic, partition, generation, "offset");
