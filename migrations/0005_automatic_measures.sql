-- What an automatic measure is about; null for measures that an operator proposes. Releases before this one ignore it.
alter table measures
  add column rule rule,
  add column workspace_id text,
  add column window_start timestamptz,
  add column window_end timestamptz,
  add column limit_value bigint,
  add column generation int;
