-- Averages over longer periods: what each account used on each UTC day, summed from usage_buckets once the day was read to
-- its end and again when late events are in. Derived, for comparing alone: nothing else reads it. No row: nothing used.
create table usage_days (
  account_id text not null,
  day date not null,
  chats bigint not null,
  sessions bigint not null,
  tickets bigint not null,
  upload_bytes bigint not null,
  primary key (account_id, day)
);
create index usage_days_age on usage_days using brin (day);

-- The days whose use was summed, and those that were judged: each once.
create table long_run_days (
  day date primary key,
  summed_at timestamptz,
  judged_at timestamptz,
  -- Accounts compared with their peers, and outliers among them.
  compared int,
  outliers int
);

create index violations_long_run_open on violations (account_id)
  where rule = 'long-run-average' and closed_at is null;
