import { setTimeout as sleep } from 'node:timers/promises';

/** The transactions that can be interrupted around their commit. */
const COMMITS = ['count', 'intake', 'claim', 'finish', 'expire', 'close', 'park', 'drop'] as const;
export type CommitPoint = (typeof COMMITS)[number];

/** The places between two steps that are no transaction of their own. */
const STEPS = [
  'count.decoded',
  'relay.read',
  'relay.published',
  'relay.marked',
  'letters.published',
  'mail.before-data',
  'mail.data-began',
  'mail.data-sent',
  'mail.answered',
] as const;

type CommitPlace = `${CommitPoint}.${'before' | 'after'}-commit`;
export type Failpoint = (typeof STEPS)[number] | CommitPlace;

/** Every place at which a process can be made to fail, in the order of an event's way. */
export const FAILPOINTS: readonly Failpoint[] = [
  ...COMMITS.flatMap((name): CommitPlace[] => [`${name}.before-commit`, `${name}.after-commit`]),
  ...STEPS,
];

type Action =
  /** The process is gone at once, as by `kill -9`. */
  | { readonly kind: 'kill' }
  /** The process is stopped until somebody sends it SIGCONT, as a paused virtual machine is. */
  | { readonly kind: 'stop' }
  /** The work waits; the process goes on otherwise. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** The work fails like on a connection that broke. */
  | { readonly kind: 'throw' };

export interface ArmedFailpoint {
  readonly point: Failpoint;
  readonly action: Action;
  /** Which passage it happens at, counted from 1; null: at every one. */
  readonly passage: number | null;
}

const ENTRY = /^([a-z-]+\.[a-z-]+)=(kill|stop|throw|stall:(\d{1,7}))(?:@([1-9]\d{0,6}))?$/;

/**
 * Reads `point=action[@passage]`, comma separated: `count.before-commit=kill@3,relay.published=stall:5000`. Calls
 * `problem` with what is wrong.
 */
export function parseFailpoints(text: string, problem: (message: string) => never): ArmedFailpoint[] {
  return text.split(',').map((part) => {
    const entry = part.trim();
    const match = ENTRY.exec(entry);
    if (match === null) {
      return problem(
        `has ${JSON.stringify(entry)}; point=kill, stop, throw or stall:MS is needed, then @PASSAGE`,
      );
    }
    const [, name, action, ms, passage] = match;
    const point = FAILPOINTS.find((known) => known === name);
    if (point === undefined) return problem(`has no point ${name ?? ''}; known: ${FAILPOINTS.join(', ')}`);
    const kind = ms === undefined ? { kind: action as 'kill' | 'stop' | 'throw' } : stall(Number(ms));
    return { point, action: kind, passage: passage === undefined ? null : Number(passage) };
  });
}

const stall = (ms: number): Action => ({ kind: 'stall', ms });

type Hook = (point: Failpoint) => Promise<void> | undefined;

const inert: Hook = () => undefined;
let hook: Hook = inert;

/** A place where a process can be made to fail; does nothing unless {@link armFailpoints} was called. */
export function failpoint(point: Failpoint): Promise<void> | undefined {
  return hook(point);
}

/** Arms what the environment asks for; an empty list makes every place inert again. Development only. */
export function armFailpoints(armed: readonly ArmedFailpoint[]): void {
  if (armed.length === 0) {
    hook = inert;
    return;
  }
  const passages = new Map<Failpoint, number>();
  hook = (point) => {
    const passage = (passages.get(point) ?? 0) + 1;
    passages.set(point, passage);
    const due = armed.find((one) => one.point === point && (one.passage ?? passage) === passage);
    return due === undefined ? undefined : act(due);
  };
}

async function act({ point, action }: ArmedFailpoint): Promise<void> {
  process.stderr.write(`{"failpoint":"${point}","action":"${action.kind}","pid":${process.pid}}\n`);
  if (action.kind === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action.kind === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (action.kind === 'stall') await sleep(action.ms);
  if (action.kind === 'throw') throw Object.assign(new Error(`failpoint ${point}`), { code: 'ECONNRESET' });
}
