import type { Weather } from '../world/proxy.js';
import { isReady, type Engine } from '../world/engine.js';
import type { Scenario } from './counting.js';
import { chats, known, type Stage } from './stage.js';

const ALL = ['processor', 'relay', 'mailer', 'scheduler'];
const SPLIT: readonly (readonly [string, readonly string[]])[] = [
  ['counts', ['processor']],
  ['tells', ['relay', 'mailer', 'scheduler']],
  ['all', ALL],
];

function weather(stage: Stage, kind: Weather & { readonly kind: 'silent' | 'fair' }): void {
  for (const proxy of Object.values(stage.servers.net)) proxy.set(kind);
}

async function start(stage: Stage, generation: string): Promise<Engine[]> {
  const engines: Engine[] = [];
  for (const [name, roles] of SPLIT) engines.push(await stage.run(`${name}-${generation}`, roles));
  return engines;
}

/** What is wrong with how processes ended that were asked to. */
async function stopped(stage: Stage, engines: readonly Engine[], when: string): Promise<string[]> {
  const ends = await Promise.all(
    engines.map(async (engine) => {
      const [name = ''] = engine.launch.name.split('.');
      const end = await stage.fleet.remove(name, 'SIGTERM');
      const orderly = end?.code === 0 && engine.lastLines(1).includes('"msg":"stopped"');
      const how = end?.signal ?? `code ${end?.code ?? '?'}`;
      return orderly ? [] : [`process: ${name}, asked to stop ${when}: ${how}: ${engine.lastLines(3)}`];
    }),
  );
  return ends.flat();
}

/**
 * Every server falls silent under load: connections stay open and nothing comes any more. Processes end in order all the
 * same, some while it lasts and some in the moment in which it is over, and the next ones lose nothing.
 */
export const allFallSilent: Scenario = async (stage) => {
  const first = await start(stage, 'first');
  const second = await start(stage, 'second');
  await stage.publish([known('a1', 'pro'), known('a2', 'sandbox'), ...chats('a1', 1_500)]);
  await stage.counted();
  await stage.publish([...chats('a1', 500, 1_500), ...chats('a2', 150)]);
  weather(stage, { kind: 'silent' });
  await stage.until('every process has noticed', async () => {
    const ready = await Promise.all([...first, ...second].map(isReady));
    return !ready.includes(true);
  });
  const broken = await stopped(stage, first, 'in silence');
  weather(stage, { kind: 'fair' });
  broken.push(...(await stopped(stage, second, 'when all spoke again')));
  await stage.run('next', ALL);
  await stage.counted();
  return [...broken, ...(await stage.verdict())];
};
