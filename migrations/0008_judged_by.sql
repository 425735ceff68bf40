-- Hash of the policy version that the account's open windows were judged by last; '': not known, as of accounts that an
-- earlier release wrote. The scheduler looks for accounts that are behind.
alter table accounts add column judged_by text not null default '';
create index accounts_judged_by on accounts (judged_by);
