import pg from 'pg';

type Row = Record<string, unknown>;

const text = (value: unknown): string => String(value);
const textOrNull = (value: unknown): string | null => (value === null ? null : text(value));
const number = (value: unknown): number => Number(value);
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));
const time = (value: unknown): number => (value as Date).getTime();
const timeOrNull = (value: unknown): number | null => (value === null ? null : time(value));

const scopeOf = (row: Row) => ({
  accountId: text(row['account_id']),
  workspaceId: textOrNull(row['workspace_id']),
  rule: text(row['rule']),
  start: timeOrNull(row['window_start']) ?? 0,
});

/** The reporting views (contract §7), bigints as numbers and times as epoch milliseconds. */
export async function readViews(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const read = async (view: string): Promise<Row[]> =>
    (await client.query<Row>(`select * from reporting.${view}`)).rows;
  try {
    return {
      windows: (await read('usage_windows')).map((row) => ({
        ...scopeOf(row),
        end: time(row['window_end']),
        used: number(row['used']),
        peak60m: numberOrNull(row['peak_60m']),
        limit: numberOrNull(row['limit_value']),
        plan: text(row['plan']),
      })),
      crossings: (await read('crossings')).map((row) => ({
        ...scopeOf(row),
        level: number(row['level']),
        limit: number(row['limit_value']),
        used: number(row['used']),
        crossedAt: time(row['crossed_at']),
        causeEventId: textOrNull(row['cause_event_id']),
        continuesEpisode: row['continues_episode'] === true,
      })),
      notifications: (await read('notifications')).map((row) => ({
        ...scopeOf(row),
        id: text(row['notification_id']),
        kind: text(row['kind']),
        level: numberOrNull(row['level']),
        status: text(row['status']),
        reason: textOrNull(row['reason']),
        createdAt: time(row['created_at']),
      })),
      deliveries: (await read('deliveries')).map((row) => ({
        notificationId: text(row['notification_id']),
        recipient: text(row['recipient']).toLowerCase(),
        status: text(row['status']),
        sentAt: timeOrNull(row['sent_at']),
      })),
      violations: (await read('violations')).map((row) => ({
        ...scopeOf(row),
        start: timeOrNull(row['window_start']),
        id: text(row['violation_id']),
        occurredAt: time(row['occurred_at']),
        closedAt: timeOrNull(row['closed_at']),
        details: row['details'] as Record<string, string>,
      })),
      overages: (await read('overages')).map((row) => ({
        ...scopeOf(row),
        id: text(row['overage_id']),
        kind: text(row['kind']),
        stepPercent: number(row['step_percent']),
        createdAt: time(row['created_at']),
        used: number(row['used']),
        limit: number(row['limit_value']),
      })),
      measures: (await read('measures')).map((row) => ({
        id: text(row['measure_id']),
        accountId: text(row['account_id']),
        kind: text(row['kind']),
        status: text(row['status']),
        botId: textOrNull(row['bot_id']),
        effectiveFrom: timeOrNull(row['effective_from']),
        effectiveUntil: timeOrNull(row['effective_until']),
      })),
      deadLetters: (await read('dead_letters')).map((row) => ({
        topic: text(row['topic']),
        partition: number(row['partition']),
        offset: number(row['offset']),
        reason: text(row['reason']),
      })),
      progress: (await read('progress')).map((row) => ({
        topic: text(row['topic']),
        partition: number(row['partition']),
        nextOffset: number(row['next_offset']),
      })),
    };
  } finally {
    await client.end();
  }
}

export type Views = Awaited<ReturnType<typeof readViews>>;
