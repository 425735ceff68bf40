-- What was agreed beforehand beyond a limit. Releases before this one grant none and ignore them.
create table allowances (
  account_id text not null,
  allowance_id uuid not null,
  rule rule not null,
  -- In the unit of the rule: chats, sessions, tickets, bytes.
  extra bigint not null check (extra > 0),
  -- [from_at, to_at): every window that overlaps it has the extra in full.
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  reason text not null,
  granted_at timestamptz not null,
  withdrawn_at timestamptz,
  primary key (account_id, allowance_id)
);
