import type { Servers } from '../world/servers.js';

/** Questions to the database (Sandbox, whose limits are all 100, has no level of 80 %) whose every answer row is a broken invariant, in words. */
const QUESTIONS: readonly { invariant: string; sql: string }[] = [
  {
    invariant: 'I2',
    sql: `select format('%s/%s@%s was both parked and dead-lettered', p.topic, p.partition, p."offset")
          from parked_events p join dead_letters d using (topic, partition, "offset")`,
  },
  {
    invariant: 'I2',
    sql: `select format('%s/%s@%s lies at or past next_offset %s but was dealt with already', d.topic,
            d.partition, d."offset", o.next_offset)
          from (select topic, partition, "offset" from dead_letters
                union all select topic, partition, "offset" from parked_events) d
          join input_offsets o using (topic, partition) where d."offset" >= o.next_offset`,
  },
  {
    invariant: 'I4',
    sql: `select format('account %s, %s, window %s, workspace %s: %s crossings of %s %% of %s', account_id, rule,
            window_start, workspace_id, count(*), level, limit_value)
          from crossings group by account_id, rule, workspace_id, window_start, level, limit_value
          having count(*) > 1`,
  },
  {
    invariant: 'I4',
    sql: `select format('account %s, %s, window %s: %s notices of the same level, limit and generation', account_id,
            rule, window_start, count(*))
          from notifications where kind = 'THRESHOLD_WARNING'
          group by account_id, rule, workspace_id, window_start, level, limit_value, generation having count(*) > 1`,
  },
  {
    invariant: 'I5',
    sql: `select format('event %s of account %s on %s has %s outbox rows', event_id, account_id, topic, count(*))
          from outbox group by account_id, event_id, topic having count(*) > 1 and topic <> 'fair-use.measures.v1'`,
  },
  {
    invariant: 'I5',
    sql: `select format('violation %s of account %s (%s) has no outbox row', v.violation_id, v.account_id, v.rule)
          from violations v where not exists (select from outbox o where o.account_id = v.account_id
            and o.event_id = v.violation_id)`,
  },
  {
    invariant: 'I5',
    sql: `select format('overage %s of account %s (%s) has no outbox row', v.overage_id, v.account_id, v.rule)
          from overages v where not exists (select from outbox o where o.account_id = v.account_id
            and o.event_id = v.overage_id)`,
  },
  {
    invariant: 'I5',
    sql: `select format('notice %s of account %s (%s) has no outbox row', n.notification_id, n.account_id, n.status)
          from notifications n where status not in ('SUPPRESSED', 'CANCELLED') and not exists (
            select from outbox o where o.account_id = n.account_id and o.event_id = n.notification_id)`,
  },
  {
    invariant: 'I5',
    sql: `select format('outbox row %s (%s %s of account %s) tells of nothing that was recorded', o.id, o.topic,
            o.event_id, o.account_id)
          from outbox o
          where not exists (select from violations v where v.account_id = o.account_id and v.violation_id = o.event_id)
            and not exists (select from overages v where v.account_id = o.account_id and v.overage_id = o.event_id)
            and not exists (select from notifications n
              where n.account_id = o.account_id and n.notification_id = o.event_id)
            and not exists (select from measures m where m.account_id = o.account_id and m.measure_id::text = o.record->>'measureId')`,
  },
  {
    invariant: 'I6',
    sql: `select format('account %s, %s, window %s: 100 %% of %s was recorded without 80 %% of it before', c.account_id,
            c.rule, c.window_start, c.limit_value)
          from crossings c join windows w using (account_id, rule, workspace_id, window_start)
          where c.level = 100 and w.plan <> 'sandbox' and c.limit_value <> 100 and c.cause_event_id is not null and not exists (
            select from crossings e where e.account_id = c.account_id and e.rule = c.rule
              and e.workspace_id = c.workspace_id and e.window_start = c.window_start and e.level = 80
              and e.limit_value = c.limit_value)`,
  },
  {
    invariant: 'I6',
    sql: `select format('account %s, %s, window %s: the warning left after the overage', n.account_id, n.rule,
            n.window_start)
          from notifications n
          join overages v on v.account_id = n.account_id and v.rule = n.rule and v.workspace_id = n.workspace_id
            and v.window_start = n.window_start and v.limit_value = n.limit_value and v.kind = 'STARTED'
          join outbox o on o.account_id = n.account_id and o.event_id = n.notification_id
          join outbox p on p.account_id = n.account_id and p.event_id = v.overage_id
          where n.kind = 'THRESHOLD_WARNING' and n.generation = 0 and n.reason is null
            and n.created_at <= v.created_at and o.id > p.id`,
  },
  {
    invariant: 'I7',
    sql: `select format('notice %s to %s has %s deliveries', notification_id, recipient_key, count(*))
          from deliveries group by account_id, notification_id, recipient_key having count(*) > 1`,
  },
  {
    invariant: 'I7',
    sql: `select format('the delivery of notice %s to %s is UNKNOWN, but its data never began', notification_id,
            recipient) from deliveries where status = 'UNKNOWN' and data_began_at is null`,
  },
  {
    invariant: 'I10',
    sql: `select format('measure %s of account %s was proposed without an accepted notice', measure_id, account_id)
          from measures m where status = 'PROPOSED' and not exists (
            select from notifications n join deliveries d using (account_id, notification_id)
            where n.account_id = m.account_id and d.status = 'SENT')`,
  },
];

/** Holds at any moment, also under fire. */
export async function brokenStructure(servers: Pick<Servers, 'rows'>): Promise<string[]> {
  const found: string[] = [];
  for (const { invariant, sql } of QUESTIONS) {
    const rows = await servers.rows<{ format: string }>(`${sql} limit 20`);
    found.push(...rows.map(({ format }) => `${invariant}: ${format}`));
  }
  return found;
}
