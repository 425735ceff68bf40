-- What has an end is deleted in the order of its age: rows lie about in that order, so range indexes cost next to
-- nothing.
create index windows_age on windows using brin (window_end);
create index crossings_age on crossings using brin (window_end);
create index notifications_age on notifications using brin (created_at);
create index messages_age on messages using brin (created_at);
create index account_snapshots_age on account_snapshots using brin (arrived_at);
create index dead_letters_age on dead_letters using brin (seen_at);

-- Of replies only what the platform's clock said was kept; how long they stay is our clock's matter.
alter table replies add column received_at timestamptz not null default now();
create index replies_age on replies using brin (received_at);
