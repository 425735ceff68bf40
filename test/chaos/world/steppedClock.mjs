// Loaded before a program (NODE_OPTIONS=--import): its clock is off by what stands in the file CHAOS_CLOCK (ms), which may
// change at any time. Timers and performance.now() go on as they do when somebody sets the clock of a machine.
import { readFileSync } from 'node:fs';

const Real = Date;
let offset = 0;
let readAt = Number.NEGATIVE_INFINITY;

function now() {
  if (performance.now() - readAt > 50) {
    readAt = performance.now();
    offset = Number(readFileSync(process.env.CHAOS_CLOCK, 'utf8'));
  }
  return Real.now() + offset;
}

globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};
