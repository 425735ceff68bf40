import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../../src/simulation/platform/random.js';
import type { Fleet } from '../world/fleet.js';
import type { Servers } from '../world/servers.js';
import type { Fault } from './fault.js';
import type { Planned } from './schedule.js';

/** Carries out planned faults in their time; those of one server wait for one another. */
export class Campaign {
  readonly counts = new Map<string, number>();
  private readonly groups = new Map<Fault['group'], Promise<void>>();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly servers: Servers,
    private readonly fleet: Fleet,
    private readonly say: (line: string) => void,
    /** A fault could not be carried out, or a process did not do what it must. */
    private readonly onFailure: (what: string) => void,
  ) {}

  /** Runs what is planned between `fromMs` and `toMs` of the schedule; resolves when all is healed. */
  async run(planned: readonly Planned[], fromMs: number, toMs: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const began = performance.now();
    const either = AbortSignal.any([signal, over.signal]);
    for (const one of planned.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)) {
      await pause(one.atMs - fromMs - (performance.now() - began), either);
      if (signal.aborted) break;
      this.start(one, either);
    }
    await pause(toMs - fromMs - (performance.now() - began), either);
    over.abort();
    await Promise.all(this.running);
  }

  private start({ fault, seed }: Planned, signal: AbortSignal): void {
    const before =
      fault.group === 'process' ? Promise.resolve() : (this.groups.get(fault.group) ?? Promise.resolve());
    const work = before.then(async () => {
      if (signal.aborted) return;
      this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1);
      const { servers, fleet, say } = this;
      const target = {
        servers,
        fleet,
        say,
        random: new Random(seed),
        pause: (ms: number) => pause(ms, signal),
      };
      await fault.run(target).catch((error: unknown) => {
        // The database may be away just when a fault wants to ask it something.
        if (fault.group !== 'postgres' && fault.group !== 'smtp')
          this.onFailure(`${fault.name}: ${String(error)}`);
      });
    });
    this.groups.set(fault.group, work);
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}
