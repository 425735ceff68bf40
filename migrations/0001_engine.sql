-- The engine's own tables. Every table with account data is keyed by account_id first, so that the database
-- can be sharded by account. Times are business times unless a column says otherwise.

create type metric as enum ('chats', 'sessions', 'tickets', 'upload_bytes');
create type window_kind as enum ('hour', 'month', 'year');
create type rule as enum (
  'chats-per-hour', 'sessions-per-month', 'chats-per-month', 'tickets-per-month', 'upload-bytes-per-year',
  'file-size', 'one-workspace', 'own-websites', 'not-transferable', 'eligible-customer', 'no-resale',
  'long-run-average'
);

-- Policy versions as they were loaded, by the hash of their contents.
create table policy_versions (
  hash text primary key,
  version text not null,
  effective_from timestamptz not null,
  content jsonb not null,
  first_loaded_at timestamptz not null default now()
);

-- How far each input partition has been counted. Moves in the counting transaction, by compare-and-set.
create table input_offsets (
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  -- Arrival of the last record counted: the partition has been read up to here.
  read_up_to timestamptz,
  -- Digest of the last record counted: a recreated topic has another one.
  last_digest bytea,
  updated_at timestamptz not null default now(),
  primary key (topic, partition)
) with (fillfactor = 50);

-- The one version of all state of an account. Whoever changes any of it locks this row and moves the version;
-- whoever cached any of it compares.
create table account_heads (
  account_id text primary key,
  version bigint not null
) with (fillfactor = 50);

-- The account directory: the snapshot in force, and what is derived from all of them.
create table accounts (
  account_id text primary key,
  revision bigint not null,
  updated_at timestamptz not null,
  tombstoned boolean not null default false,
  status text not null,
  plan text not null,
  snapshot jsonb not null,
  -- [{from, plan, status}] ascending: which plan was in force when.
  history jsonb not null,
  -- The windows opened so far, never recomputed.
  calendar jsonb not null,
  -- What was wrong with the snapshot and the default that stands in for it.
  problems jsonb not null default '[]'
);

-- Snapshots as applied: the compacted topic forgets them, a recount needs them.
create table account_snapshots (
  account_id text not null,
  applied bigint not null,
  arrived_at timestamptz not null,
  snapshot jsonb,
  primary key (account_id, applied)
);

-- Ids already counted, 16 bytes each, one chunk per group and batch; a group is an account's metric and UTC month.
create table seen_ids (
  account_id text not null,
  metric metric not null,
  month date not null,
  seq int not null,
  ids bytea not null,
  primary key (account_id, metric, month, seq)
) partition by range (month);

-- What was counted: chats in sixty minutes per UTC hour, the rest in 96 quarter-hours per UTC day.
create table usage_buckets (
  account_id text not null,
  metric metric not null,
  period_start timestamptz not null,
  workspace_id text not null,
  slots bytea not null,
  primary key (account_id, metric, period_start, workspace_id)
);

-- One row per scope of a rule and window. workspace_id is '' where the scope is the account.
create table windows (
  account_id text not null,
  window_start timestamptz not null,
  rule rule not null,
  workspace_id text not null,
  window_end timestamptz not null,
  used bigint not null,
  peak_60m bigint,
  limit_value bigint,
  plan text not null,
  policy_version text not null,
  primary key (account_id, window_start, rule, workspace_id)
) with (fillfactor = 70);

create table crossings (
  account_id text not null,
  rule rule not null,
  workspace_id text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  level smallint not null,
  limit_value bigint not null,
  used bigint not null,
  crossed_at timestamptz not null,
  cause_event_id text,
  continues_episode boolean not null,
  -- The hour that began the episode; null for months and years.
  episode_start timestamptz,
  detected_at timestamptz not null,
  primary key (account_id, rule, workspace_id, window_start, level, limit_value)
);

create table violations (
  account_id text not null,
  violation_id uuid not null,
  rule rule not null,
  workspace_id text not null,
  window_start timestamptz,
  occurred_at timestamptz not null,
  closed_at timestamptz,
  details jsonb not null,
  primary key (account_id, violation_id)
);

create table overages (
  account_id text not null,
  overage_id uuid not null,
  kind text not null check (kind in ('STARTED', 'GREW', 'CLOSED')),
  step_percent int not null,
  rule rule not null,
  workspace_id text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  used bigint not null,
  limit_value bigint not null,
  created_at timestamptz not null,
  primary key (account_id, overage_id)
);

create table measures (
  account_id text not null,
  measure_id uuid not null,
  kind text not null,
  status text not null,
  bot_id text,
  effective_from timestamptz,
  effective_until timestamptz,
  reason text not null,
  updated_at timestamptz not null,
  primary key (account_id, measure_id)
);

create table notifications (
  account_id text not null,
  notification_id uuid not null,
  kind text not null,
  rule rule not null,
  workspace_id text not null,
  window_kind window_kind,
  window_start timestamptz,
  window_end timestamptz,
  level smallint,
  limit_value bigint,
  generation int not null,
  status text not null check (status in ('PENDING', 'SENT', 'SUPPRESSED', 'CANCELLED', 'FAILED', 'UNKNOWN')),
  reason text,
  created_at timestamptz not null,
  -- Set when the first delivery is attempted: from then on the notice can no longer be cancelled.
  attempted_at timestamptz,
  settled_at timestamptz,
  -- The event as published (or, when suppressed, as it would be).
  record jsonb not null,
  primary key (account_id, notification_id)
);
create index notifications_open on notifications (created_at) where status = 'PENDING';

-- One message per notification and recipient, rendered once: every attempt sends these bytes.
create table messages (
  account_id text not null,
  message_id text not null,
  raw bytea not null,
  created_at timestamptz not null default now(),
  primary key (account_id, message_id)
);

create table deliveries (
  account_id text not null,
  notification_id uuid not null,
  -- The address in lower case: one delivery per notification and address.
  recipient_key text not null,
  recipient text not null,
  recipient_name text not null,
  locale text not null,
  status text not null check (status in ('PENDING', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN', 'CANCELLED')),
  reason text,
  message_id text,
  attempts int not null default 0,
  -- Real times: leases and backoff do not follow the business clock.
  first_attempt_at timestamptz,
  next_attempt_at timestamptz not null default now(),
  lease_until timestamptz,
  -- Of the attempt under way: the server was sent the first byte of the message.
  data_began_at timestamptz,
  sent_at timestamptz,
  primary key (account_id, notification_id, recipient_key)
);
create index deliveries_due on deliveries (next_attempt_at) where status = 'PENDING';
create index deliveries_leased on deliveries (lease_until) where status = 'SENDING';

create table replies (
  account_id text not null,
  event_id text not null,
  notification_id text,
  channel text not null,
  occurred_at timestamptz not null,
  primary key (account_id, event_id)
);

-- Events on their way to Kafka. Ids are taken under the account's lock, so their order is that of becoming true.
create sequence outbox_id;
create table outbox (
  account_id text not null,
  id bigint not null default nextval('outbox_id'),
  shard smallint not null,
  topic text not null,
  event_id uuid not null,
  record jsonb not null,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  -- Why the row cannot be published; such a row waits for a person and blocks no other.
  set_aside text,
  primary key (account_id, id)
);
create index outbox_waiting on outbox (shard, id) where published_at is null and set_aside is null;
create index outbox_published on outbox (published_at) where published_at is not null;

-- Events of accounts not known yet.
create table parked_events (
  account_id text not null,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  arrived_at timestamptz not null,
  event jsonb not null,
  -- The record as it came, for its dead letter if the account never does.
  key bytea,
  value bytea not null,
  primary key (account_id, topic, partition, "offset")
);
create index parked_events_age on parked_events (arrived_at);

-- Input that cannot be counted; the row is also the outbox of its copy on the dead-letter topic.
create table dead_letters (
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  reason text not null,
  detail text not null,
  key bytea,
  value bytea,
  seen_at timestamptz not null default now(),
  published_at timestamptz,
  primary key (topic, partition, "offset")
);
create index dead_letters_waiting on dead_letters (seen_at) where published_at is null;
