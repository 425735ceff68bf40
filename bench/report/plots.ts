import { spreadOf, type Side } from '../lib/measurement.js';
import type { Results } from '../lib/results.js';
import { FIGURES, goalOf } from './figures.js';
import { bar, curve, dot, line, svg, text } from './svg.js';

const WIDTH = 760;
const ROW = 24;
const LABELS = 420;
/** Ratios are shown from a tenth to ten times. */
const DECADES = 1;

/** Of each figure with a goal the ratio of engine to peer, on a logarithmic scale, and the goal as a line. */
export function ratioPlot({ measurements }: Results): string | null {
  const rows = [...new Set(measurements.map(({ what }) => what))].flatMap((what) =>
    FIGURES.flatMap((figure) => {
      const { name, title } = figure;
      const goal = goalOf(figure, what);
      const of = (side: Side): number | undefined => {
        const mine = measurements.filter((one) => one.what === what && one.side === side);
        return spreadOf(mine.flatMap(({ values }) => values[name] ?? []))?.median;
      };
      const [engine, peer] = [of('engine'), of('peer')];
      if (goal === null || engine === undefined || peer === undefined) return [];
      return [{ label: `${what}: ${title}`, ratio: engine / peer, goal: Number(goal.slice(2)) }];
    }),
  );
  if (rows.length === 0) return null;
  const bottom = 40 + rows.length * ROW;
  const x = (ratio: number): number => {
    const share =
      (Math.log10(Math.min(10 ** DECADES, Math.max(10 ** -DECADES, ratio))) + DECADES) / (2 * DECADES);
    return LABELS + share * (WIDTH - LABELS - 50);
  };
  const parts = [
    text(10, 20, 'Engine to peer (red: the goal)', 'class="title"'),
    ...[0.1, 0.33, 1, 3, 10].flatMap((tick) => [
      line(x(tick), 30, x(tick), bottom, 'axis'),
      text(x(tick), bottom + 16, String(tick), 'text-anchor="middle"'),
    ]),
    ...rows.flatMap(({ label, ratio, goal }, n) => {
      const y = 38 + n * ROW;
      const [left, right] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
      return [
        text(LABELS - 8, y + 12, label, 'text-anchor="end"'),
        bar(left, y, Math.max(1, right - left), 16, 'engine'),
        line(x(goal), y - 2, x(goal), y + 18, 'goal'),
        text(WIDTH - 40, y + 12, ratio.toFixed(2)),
      ];
    }),
  ];
  return svg(WIDTH, bottom + 26, parts);
}

interface LatencyDetail {
  readonly violation?: readonly number[];
}

/** By share of the violations, how long the engine's took; the peer's as the points that it tells. */
export function latencyPlot({ measurements }: Results): string | null {
  const sorted = measurements
    .flatMap(({ side, exact, detail }) =>
      side === 'engine' && exact ? ((detail as LatencyDetail).violation ?? []) : [],
    )
    .sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const points = measurements
    .filter(({ side }) => side === 'peer')
    .flatMap(({ values }) => [
      { share: 0.5, ms: values['violationP50'] },
      { share: 0.99, ms: values['violationP99'] },
    ])
    .flatMap(({ share, ms }) => (ms === undefined ? [] : [{ share, ms }]));
  const most = Math.max(...points.map(({ ms }) => ms), sorted.at(-1) ?? 0);
  const [left, top, right, bottom] = [60, 40, WIDTH - 20, 300];
  const x = (share: number): number => left + share * (right - left);
  const y = (ms: number): number => bottom - (ms / most) * (bottom - top);
  return svg(WIDTH, 340, [
    text(
      10,
      20,
      'Event appended to violation readable, ms (blue: engine, orange: peer, p50 and p99)',
      'class="title"',
    ),
    line(left, bottom, right, bottom, 'axis'),
    line(left, top, left, bottom, 'axis'),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      text(x(share), bottom + 18, `${share * 100} %`, 'text-anchor="middle"'),
    ),
    ...[0, 0.5, 1].map((share) =>
      text(left - 6, y(share * most) + 4, String(Math.round(share * most)), 'text-anchor="end"'),
    ),
    curve(sorted.map((ms, n) => [x((n + 1) / sorted.length), y(ms)])),
    ...points.map(({ share, ms }) => dot(x(share), y(ms), 'peer')),
  ]);
}

interface GrowthDetail {
  readonly sizes?: readonly number[];
}

/** The size of the database, month after month. */
export function growthPlot({ measurements }: Results): string | null {
  const sizes = measurements.flatMap(({ detail }) => (detail as GrowthDetail | null)?.sizes ?? []);
  if (sizes.length < 2) return null;
  const most = Math.max(...sizes);
  const [left, top, right, bottom] = [60, 40, WIDTH - 20, 300];
  const x = (month: number): number => left + (month / (sizes.length - 1)) * (right - left);
  const y = (size: number): number => bottom - (size / most) * (bottom - top);
  return svg(WIDTH, 340, [
    text(10, 20, 'Size of the database by month, MB, at a constant rate', 'class="title"'),
    line(left, bottom, right, bottom, 'axis'),
    line(left, top, left, bottom, 'axis'),
    ...[0, sizes.length - 1].map((n) => text(x(n), bottom + 18, `month ${n + 1}`, 'text-anchor="middle"')),
    ...[0, 0.5, 1].map((share) =>
      text(left - 6, y(share * most) + 4, String(Math.round(share * most)), 'text-anchor="end"'),
    ),
    curve(sizes.map((size, n) => [x(n), y(size)])),
  ]);
}
