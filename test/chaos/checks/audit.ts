import type { Servers } from '../world/servers.js';

/**
 * What no row may ever do, whoever writes it: triggers write down every step that breaks an invariant. They only watch;
 * the engine does not know them.
 */
const STEPS: readonly { table: string; broken: string; invariant: string; detail: string }[] = [
  {
    table: 'input_offsets',
    broken: 'new.next_offset < old.next_offset',
    invariant: 'I3',
    detail: `format('next_offset of %s/%s went back from %s to %s', old.topic, old.partition, old.next_offset,
      new.next_offset)`,
  },
  {
    table: 'account_heads',
    broken: 'new.version <= old.version',
    invariant: 'I3',
    detail: `format('the version of account %s went from %s to %s', old.account_id, old.version, new.version)`,
  },
  {
    table: 'windows',
    broken: 'new.used < old.used or new.peak_60m < old.peak_60m',
    invariant: 'I1',
    detail: `format('%s of account %s, window %s, workspace %s: used went from %s to %s, peak from %s to %s', old.rule,
      old.account_id, old.window_start, old.workspace_id, old.used, new.used, old.peak_60m, new.peak_60m)`,
  },
  {
    table: 'crossings',
    broken: 'true',
    invariant: 'I4',
    detail: `format('a recorded crossing was changed: account %s, %s, %s, %s %%', old.account_id, old.rule,
      old.window_start, old.level)`,
  },
  {
    table: 'outbox',
    broken: 'old.published_at is not null and new.published_at is distinct from old.published_at',
    invariant: 'I5',
    detail: `format('outbox row %s of account %s was marked published twice, by two relays', old.id, old.account_id)`,
  },
  {
    table: 'deliveries',
    broken: `old.status in ('SENT', 'FAILED', 'CANCELLED') and new.status <> old.status
      or old.status = 'UNKNOWN' and new.status not in ('UNKNOWN', 'SENT')`,
    invariant: 'I7',
    detail: `format('the delivery of notice %s to %s went from %s to %s', old.notification_id, old.recipient,
      old.status, new.status)`,
  },
  {
    table: 'notifications',
    broken: `old.status = 'SENT' and new.status <> 'SENT'`,
    invariant: 'I7',
    detail: `format('notice %s of account %s was SENT and became %s', old.notification_id, old.account_id, new.status)`,
  },
];

/** Installs the triggers in a migrated database. */
export async function installAudit(servers: Pick<Servers, 'rows'>): Promise<void> {
  await servers.rows(
    `create schema if not exists chaos;
     create table if not exists chaos.broken (at timestamptz default clock_timestamp(), invariant text, detail text)`,
  );
  for (const { table, broken, invariant, detail } of STEPS) {
    await servers.rows(
      `create or replace function chaos.audit_${table}() returns trigger language plpgsql as $$ begin
         if ${broken} then
           insert into chaos.broken (invariant, detail) values ('${invariant}', ${detail});
         end if;
         return null;
       end $$;
       create or replace trigger chaos_audit after update on ${table}
         for each row execute function chaos.audit_${table}()`,
    );
  }
}

/** What the triggers have seen so far, as messages that begin with the invariant. */
export async function auditFindings(servers: Pick<Servers, 'rows'>): Promise<string[]> {
  const rows = await servers.rows<{ invariant: string; detail: string }>(
    'select invariant, detail from chaos.broken order by at limit 50',
  );
  return rows.map(({ invariant, detail }) => `${invariant}: ${detail}`);
}
