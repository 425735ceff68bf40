import { setTimeout as pause } from 'node:timers/promises';
import { createKafka } from '../kafka/client.js';
import { Registry } from '../kafka/registry.js';
import type { Log } from '../support/log.js';
import type { Emission } from './platform/emission.js';
import { Platform } from './platform/platform.js';
import { Publisher } from './publisher.js';
import { SimulationState } from './state.js';

export interface SimulationOptions {
  /** The same seed makes the same accounts and, step for step, the same traffic. Ignored where a state exists. */
  seed: number;
  brokers: readonly string[];
  registryUrl: string;
  /** Where the simulation keeps what the next run continues from. */
  stateDir: string;
  log: Log;
  /** Events a second when nothing special happens; 60 by default. */
  ratePerSecond?: number;
  /** Business time (epoch ms); the machine's clock by default. */
  now?: () => number;
}

export interface Simulation {
  stats(): { published: number; accounts: number };
  /** Publishes what is on its way and lets go of the broker; gives up on a broker that is down. */
  stop(): Promise<void>;
}

const STEP_MS = 250;
const SAVE_EVERY_MS = 2_000;
const LONGEST_WAIT_MS = 5_000;

/** Plays the platform's traffic until stopped; outages of broker and registry are waited out. */
export function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const now = options.now ?? Date.now;
  const state = new SimulationState(options.stateDir, options.seed, now());
  state.platform.run += 1;
  state.save();
  const platform = new Platform(state.platform, now(), options.ratePerSecond ?? 60);
  const kafka = createKafka(
    { brokers: options.brokers, ssl: false, sasl: null },
    'simulated-platform',
    options.log,
  );
  const publisher = new Publisher(kafka, new Registry(options.registryUrl), state);
  const stopping = new AbortController();
  let published = 0;

  /** Whether all of it went out; false only when the simulation is stopped during an outage. */
  async function deliver(emissions: Emission[]): Promise<boolean> {
    const count = emissions.length;
    let said = '';
    for (let wait = 250; emissions.length > 0; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      try {
        await publisher.publish(emissions);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== said) options.log.info({ reason }, 'the simulated platform cannot publish and waits');
        said = reason;
        await publisher.disconnect();
        if (stopping.signal.aborted) break;
        await pauseUnless(stopping.signal, wait);
      }
    }
    published += count - emissions.length;
    return emissions.length === 0;
  }

  async function play(): Promise<void> {
    let savedAt = 0;
    while (!stopping.signal.aborted) {
      const stepAt = Date.now();
      // What could not go out is made again by the next run, from the state before it.
      if (!(await deliver(platform.next(now())))) return;
      if (stepAt - savedAt >= SAVE_EVERY_MS) {
        state.save();
        savedAt = stepAt;
      }
      await pauseUnless(stopping.signal, Math.max(0, stepAt + STEP_MS - Date.now()));
    }
    await publisher.disconnect();
    state.save();
  }

  const played = play().catch((error: unknown) => {
    options.log.error({ err: error }, 'the simulated platform stopped');
  });
  return Promise.resolve({
    stats: () => ({ published, accounts: platform.profiles.length }),
    stop: async () => {
      stopping.abort();
      await played;
    },
  });
}

/** Waits, but not past the end of the simulation. */
async function pauseUnless(stopped: AbortSignal, milliseconds: number): Promise<void> {
  await pause(milliseconds, undefined, { signal: stopped }).catch(() => undefined);
}
