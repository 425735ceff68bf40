import { createLogUpdate } from 'log-update';
import { format, type Figures, type Happening } from './figures.js';

export interface Moment {
  readonly at: number;
  readonly runningMs: number;
  readonly perSecond: number;
  readonly figures: Figures;
  readonly happenings: readonly Happening[];
}

export interface Display {
  show(moment: Moment): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

const RECENT = 6;
const LINE_EVERY_MS = 10_000;

/** A calm block of five lines and the latest crossings, redrawn in place; plain lines where there is no terminal. */
export function createDisplay(out: NodeJS.WriteStream): Display {
  return out.isTTY ? liveDisplay(out) : plainDisplay(out);
}

function liveDisplay(out: NodeJS.WriteStream): Display {
  const update = createLogUpdate(out);
  const recent: Happening[] = [];
  return {
    show: (moment) => {
      recent.push(...moment.happenings);
      recent.splice(0, Math.max(0, recent.length - RECENT));
      update([...block(moment), '', ...recent.map(happeningLine), ''].join('\n'));
    },
    end: () => {
      update.done();
    },
  };
}

function plainDisplay(out: NodeJS.WriteStream): Display {
  let saidAt = -Infinity;
  return {
    show: (moment) => {
      for (const happening of moment.happenings) out.write(`${happeningLine(happening)}\n`);
      if (moment.runningMs - saidAt < LINE_EVERY_MS) return;
      saidAt = moment.runningMs;
      out.write(`${summary(moment)}\n`);
    },
    end: () => undefined,
  };
}

function block({ at, runningMs, perSecond, figures: f }: Moment): string[] {
  return [
    `  ${clock(at)}   running ${duration(runningMs)}   (Ctrl-C stops everything)`,
    '',
    `  events      ${cell(`${format(perSecond)}/s`)} read ${cell(format(f.read))} waiting ${format(f.lag)}`,
    `  accounts    ${cell(format(f.accounts))} near a limit ${format(f.near)}`,
    `  notices     ${cell(`${format(f.sent)} sent`)} on their way ${format(f.pending)}   held back ${format(f.suppressed)}`,
    `  violations  ${cell(format(f.violations))} overages ${format(f.overages)}   dead letters ${format(f.deadLetters)}`,
  ];
}

function summary({ at, perSecond, figures: f }: Moment): string {
  return (
    `${clock(at)}  ${format(perSecond)} events/s, ${format(f.read)} read, lag ${format(f.lag)}, ` +
    `${f.near} of ${f.accounts} accounts near a limit, ${f.sent} notices sent (${f.pending} on their way), ` +
    `${f.violations} violations, ${f.overages} overages, ${f.deadLetters} dead letters`
  );
}

function happeningLine({ at, text }: Happening): string {
  return `  ${clock(at)}  ${text}`;
}

function cell(text: string): string {
  return text.padEnd(12);
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString('sv-SE');
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const units = ['h', 'min', 's'];
  const first = parts.findIndex((n, i) => n > 0 || i === parts.length - 1);
  return parts
    .map((n, i) => `${n} ${units[i] ?? ''}`)
    .slice(first)
    .join(' ');
}
