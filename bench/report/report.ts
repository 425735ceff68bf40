import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import type { Results } from '../lib/results.js';
import { growthPlot, latencyPlot, ratioPlot } from './plots.js';
import { table } from './table.js';

const PAGE = 'docs/performance.md';
const BEGIN = '<!-- results -->';
const END = '<!-- end of results -->';

const PLOTS = [
  { file: 'performance-ratios.svg', title: 'Engine to peer', plot: ratioPlot },
  { file: 'performance-latency.svg', title: 'Latency of violations', plot: latencyPlot },
  { file: 'performance-growth.svg', title: 'Size of the database', plot: growthPlot },
];

/** Puts the table and the plots of a file of results into the page on performance, in place of those it has. */
export async function report(file: string): Promise<void> {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  const parts = [table(results)];
  for (const { file: name, title, plot } of PLOTS) {
    const picture = plot(results);
    if (picture === null) continue;
    writeFileSync(`docs/${name}`, picture);
    parts.push(`![${title}](${name})`);
  }
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for results`);
  const filled = `${before}${BEGIN}\n\n${parts.join('\n\n')}\n\n${END}${after}`;
  writeFileSync(PAGE, await format(filled, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}
