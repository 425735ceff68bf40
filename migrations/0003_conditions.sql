-- Facts that break a condition of a plan or deal: at most one open violation a fact, and a new generation when the
-- fact begins again. Both columns are null where a violation has no fact that could end.
alter table violations add column fact text;
alter table violations add column generation int;
create index violations_facts on violations (account_id) where fact is not null;

-- Who held the account when its plan or deal began to be not transferable; null: it is transferable.
alter table accounts add column condition_owner text;
