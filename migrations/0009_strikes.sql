-- Of violations that are held against the account: until when. Releases before this one make none.
alter table violations add column strike_until timestamptz;
create index violations_strikes on violations (account_id, strike_until) where strike_until is not null;

create view reporting.strikes as
select violation_id, account_id, nullif(workspace_id, '') as workspace_id, rule::text as rule, window_start,
       occurred_at, strike_until as stands_until
from violations where strike_until is not null;
