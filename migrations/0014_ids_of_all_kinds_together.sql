-- Seen ids of an account and month are one set, whatever was counted: two bits of each id tell its kind (decision 16). What is
-- named anew has no process of before count or park anything any more: its transactions fail, and the next release goes on from
-- the same offsets.

-- In the order in which counting comes to them; a process that has one of them would else make this fail at its end.
lock table parked_events, seen_ids in access exclusive mode;

-- What stands in the two bits.
create function pg_temp.kind_of(metric metric) returns int language sql immutable as $$
  select case metric when 'chats' then 128 when 'sessions' then 192 when 'tickets' then 0 when 'upload_bytes' then 64 end
$$;

-- A UUID that is not one of RFC 9562 was remembered as itself, and is hashed now.
create function pg_temp.hashed(id bytea, kind int) returns bytea language sql immutable as $$
  select set_byte(set_byte(hash, 6, get_byte(hash, 6) & 15 | 240), 8, get_byte(hash, 8) & 63 | kind)
  from (select substring(sha256(convert_to(encode(id, 'hex')::uuid::text, 'UTF8')) for 16)) h(hash)
$$;

-- What an id of before is remembered by from now on.
create function pg_temp.remembered(id bytea, kind int) returns bytea language sql immutable as $$
  select case
    when get_byte(id, 6) >= 240 or get_byte(id, 8) >> 6 = 2 then set_byte(id, 8, get_byte(id, 8) & 63 | kind)
    else pg_temp.hashed(id, kind)
  end
$$;

alter table seen_ids rename to seen_ids_by_metric;
alter table seen_ids_by_metric drop constraint seen_ids_pkey;

-- Ids already counted, 16 bytes each, one chunk per account, UTC month and batch.
create table seen_ids (
  account_id text not null,
  month date not null,
  seq int not null,
  counted bytea not null,
  primary key (account_id, month, seq)
) partition by range (month);

do $$
declare
  part record;
begin
  for part in
    select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'seen_ids_by_metric'::regclass
  loop
    execute format('alter table %I rename to %I', part.name, part.name || '_by_metric');
    execute format('create table %I partition of seen_ids %s', part.name, part.bounds);
  end loop;
end $$;

-- Less than a microsecond an id, as long as `remembered` is inlined and a chunk is taken out of its row once.
insert into seen_ids (account_id, month, seq, counted)
select account_id, month, row_number() over (partition by account_id, month order by metric, seq) - 1,
  coalesce((
    select string_agg(pg_temp.remembered(id, kind), ''::bytea order by n)
    from (
      select n, substring(whole from n for 16) as id
      from (select ids || ''::bytea as whole offset 0) w, generate_series(1, length(whole), 16) n
      offset 0
    ) one
  ), '')
from (select *, pg_temp.kind_of(metric) as kind from seen_ids_by_metric offset 0) s;

drop table seen_ids_by_metric;

alter table parked_events rename column event to usage;
update parked_events set usage = jsonb_set(usage, '{idHash}', to_jsonb(encode(
  pg_temp.remembered(decode(usage->>'idHash', 'hex'), pg_temp.kind_of((usage->>'metric')::metric)), 'hex')));

drop function pg_temp.remembered, pg_temp.hashed, pg_temp.kind_of;
