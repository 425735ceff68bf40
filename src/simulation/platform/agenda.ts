import type { Emission } from './emission.js';

/** What is to be published later: ends of conversations, retries, deliveries from mobile clients. */
export class Agenda {
  private readonly seconds = new Map<number, Emission[]>();

  constructor(private done: number) {
    this.done = Math.floor(done / 1_000);
  }

  add(at: number, emission: Emission): void {
    const second = Math.max(Math.floor(at / 1_000), this.done + 1);
    const due = this.seconds.get(second) ?? [];
    due.push(emission);
    this.seconds.set(second, due);
  }

  /** Everything due by `now`, in order, once. */
  take(now: number): Emission[] {
    const taken: Emission[] = [];
    const last = Math.floor(now / 1_000);
    while (this.done < last) {
      this.done += 1;
      taken.push(...(this.seconds.get(this.done) ?? []));
      this.seconds.delete(this.done);
    }
    return taken;
  }
}
