-- A log may end in what is never delivered: transactions that were aborted, and the records that end transactions.
-- [next_offset, nothing_until) was read and held nothing to count. Meaningless once next_offset has passed it.
alter table input_offsets add column nothing_until bigint;
