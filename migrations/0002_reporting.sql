-- The reporting views of the contract: stable names over tables that may change.
create schema reporting;

create view reporting.usage_windows as
select account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule,
       case rule
         when 'chats-per-hour' then 'chats'
         when 'chats-per-month' then 'chats'
         when 'sessions-per-month' then 'sessions'
         when 'tickets-per-month' then 'tickets'
         when 'upload-bytes-per-year' then 'upload_bytes'
       end as metric,
       case rule
         when 'chats-per-hour' then 'hour'
         when 'upload-bytes-per-year' then 'year'
         else 'month'
       end as window_kind,
       window_start, window_end, used, peak_60m, limit_value, plan
from windows;

create view reporting.crossings as
select account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule,
       case rule
         when 'chats-per-hour' then 'chats'
         when 'chats-per-month' then 'chats'
         when 'sessions-per-month' then 'sessions'
         when 'tickets-per-month' then 'tickets'
         when 'upload-bytes-per-year' then 'upload_bytes'
       end as metric,
       case rule
         when 'chats-per-hour' then 'hour'
         when 'upload-bytes-per-year' then 'year'
         else 'month'
       end as window_kind,
       window_start, window_end, level, limit_value, used, crossed_at, cause_event_id, continues_episode
from crossings;

create view reporting.notifications as
select notification_id, kind, account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule,
       window_start, level, status, reason, created_at
from notifications;

create view reporting.deliveries as
select notification_id, recipient, status, reason, message_id, attempts, sent_at
from deliveries;

create view reporting.violations as
select violation_id, account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule,
       window_start, occurred_at, closed_at, details
from violations;

create view reporting.overages as
select overage_id, kind, step_percent, account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule,
       window_start, used, limit_value, created_at
from overages;

create view reporting.measures as
select measure_id, kind, status, account_id, bot_id, effective_from, effective_until, reason, updated_at
from measures;

create view reporting.dead_letters as
select topic, partition, "offset", reason, detail, seen_at
from dead_letters;

create view reporting.progress as
select topic, partition, next_offset, updated_at
from input_offsets;
