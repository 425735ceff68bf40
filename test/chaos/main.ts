import { parseArgs } from 'node:util';
import { runChaos } from './run.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '5' },
    events: { type: 'string', default: '50000' },
    kills: { type: 'string', default: '0' },
    'other-node': { type: 'string' },
  },
});
const number = (name: 'seed' | 'minutes' | 'events' | 'kills'): number => {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`--${name} is ${values[name]}`);
  return value;
};
const minutes = number('minutes');
const options = { seed: number('seed'), minutes, events: number('events'), kills: number('kills') };
const command = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
console.log(`npm run chaos -- ${command.join(' ')}`);

const { broken, figures, faults } = await runChaos({
  ...options,
  otherNode: values['other-node'],
  rounds: Math.max(2, Math.round(minutes / 2)),
  settleMs: 240_000,
  say: (line) => console.log(line),
});
console.log('\nfaults:');
for (const [name, count] of [...faults].sort()) console.log(`  ${name}: ${count}`);
console.log('figures:');
for (const [name, figure] of Object.entries(figures)) console.log(`  ${name}: ${figure}`);
if (broken.length === 0) {
  console.log(`\nseed ${options.seed}: every invariant held`);
} else {
  console.log(`\nseed ${options.seed}: ${broken.length} findings`);
  for (const line of broken.slice(0, 40)) console.log(`  ${line}`);
}
process.exit(broken.length === 0 ? 0 : 1);
