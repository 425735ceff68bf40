-- What is due by time: closing overages, freezing windows, forgetting what the late horizon has passed.

-- Of STARTED rows: when the window was closed. One partial index finds what is left to close.
alter table overages add column closed_at timestamptz;
create index overages_to_close on overages (rule, window_end) where kind = 'STARTED' and closed_at is null;

-- Business time at which the window was found final: its late horizon was read past by every partition.
alter table windows add column frozen_at timestamptz;
create index windows_to_freeze on windows (rule, window_end) where frozen_at is null;

-- Rows lie about in the order of their periods, so a range index costs next to nothing.
create index usage_buckets_age on usage_buckets using brin (period_start);

-- Seen ids of the months before this day were dropped. Moves in the transaction that drops them, never back.
create table seen_ids_horizon (
  only_row boolean primary key default true check (only_row),
  dropped_before date not null
);
