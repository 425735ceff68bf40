import { spreadOf, type Measurement, type Side, type Spread } from '../lib/measurement.js';
import type { Comparison, Results } from '../lib/results.js';
import { FIGURES, goalOf, type Figure } from './figures.js';

/** The measurements as Markdown: of each side median and spread, their ratio, and what the machine was doing. */
export function table(results: Results): string {
  const { date, commit, processor, cores, memoryGB, node, servers } = results;
  const lines = [
    `${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}. ${processor}, ${cores} cores, ${memoryGB} GB; ` +
      `Node ${node.slice(1)}; ${servers.join(', ')}.`,
    '',
    '| run | figure | engine | peer | ratio | goal |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const what of new Set(results.measurements.map((one) => one.what))) {
    const of = results.measurements.filter((one) => one.what === what);
    lines.push(...FIGURES.flatMap((figure) => row(what, figure, of)));
    const compared = results.comparisons.filter((one) => one.what === what);
    lines.push(...compared.flatMap((one) => comparison(one, results.measurements)), surroundings(what, of));
  }
  return lines.join('\n');
}

function row(what: string, figure: Figure, measurements: readonly Measurement[]): string[] {
  const engine = valuesOf(measurements, 'engine', figure.name);
  const peer = valuesOf(measurements, 'peer', figure.name);
  if (engine === null && peer === null) return [];
  const ratio = engine === null || peer === null ? '' : (engine.median / peer.median).toFixed(2);
  const goal = ratio === '' ? '' : (goalOf(figure, what) ?? '');
  return [`| ${[what, figure.title, show(engine, figure), show(peer, figure), ratio, goal].join(' | ')} |`];
}

/** The engine against itself. */
function comparison(
  { what, against, figure, title, goal }: Comparison,
  measurements: readonly Measurement[],
): string[] {
  const of = (run: string): Spread | null =>
    valuesOf(
      measurements.filter((one) => one.what === run),
      'engine',
      figure,
    );
  const [mine, other] = [of(what), of(against)];
  if (mine === null || other === null) return [];
  return [
    `| ${[what, `${title} (${against})`, '', '', (mine.median / other.median).toFixed(2), goal].join(' | ')} |`,
  ];
}

function valuesOf(measurements: readonly Measurement[], side: Side, name: string): Spread | null {
  return spreadOf(
    measurements.filter((one) => one.side === side).flatMap(({ values }) => values[name] ?? []),
  );
}

function show(spread: Spread | null, { digits }: Figure): string {
  if (spread === null) return '–';
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (spread.runs === 1) return text(spread.median);
  return `${text(spread.median)} (${text(spread.least)} – ${text(spread.most)})`;
}

/** Exact runs, the load before each and the cores that others used: what the figures above are worth. */
function surroundings(what: string, measurements: readonly Measurement[]): string {
  const of = (side: Side): string => {
    const mine = measurements.filter((one) => one.side === side);
    if (mine.length === 0) return '–';
    const exact = mine.filter((one) => one.exact).length;
    const loads = mine.map(({ loadBefore }) => loadBefore).join(', ');
    const others = mine.map(({ coresOfOthers }) => coresOfOthers ?? '?').join(', ');
    return `${exact} of ${mine.length}; ${loads}; ${others}`;
  };
  const title = 'exact runs; load before; cores used by others';
  return `| ${[what, title, of('engine'), of('peer'), '', ''].join(' | ')} |`;
}
