import { Stage } from '../scenarios/stage.js';
import { patchedBuild } from './build.js';
import { MUTANTS, type Mutant } from './mutants.js';

interface Verdict {
  readonly mutant: Mutant;
  /** The finding that shows the mutant; null: it lives. */
  readonly shown: string | null;
  readonly said: readonly string[];
}

/** Plays the scenario against the engine without the guard. A crash or a time-out shows nothing. */
async function judge(mutant: Mutant): Promise<Verdict> {
  const build = patchedBuild(mutant.patches);
  const stage = await Stage.open(build.main);
  try {
    const said = await mutant.scenario(stage).catch((error: unknown) => [`no verdict: ${String(error)}`]);
    const shown = said.find((line) => mutant.invariants.some((name) => line.startsWith(`${name}: `)));
    return { mutant, shown: shown ?? null, said };
  } finally {
    await stage.close();
    build.remove();
  }
}

const wanted = process.argv[2];
let alive = 0;
console.log('| taken out | change | scenario | shown by |\n| --- | --- | --- | --- |');
for (const mutant of MUTANTS.filter(({ guard }) => wanted === undefined || guard.includes(wanted))) {
  const { shown, said } = await judge(mutant);
  if (shown === null) alive += 1;
  const words = shown ?? `NOT SHOWN: ${said.slice(0, 3).join(' / ')}`;
  console.log(`| ${mutant.guard} | ${mutant.change} | ${mutant.scenarioName} | ${words} |`);
}
console.log(alive === 0 ? '\nevery mutant is shown' : `\n${alive} mutants are not shown`);
process.exit(alive === 0 ? 0 : 1);
