import { Step, type WalkPlan } from './walkPlan.js';

const ID_MAX = 200;

/**
 * Reads usage records by walking over their bytes. Takes only what is beyond doubt (ids of ASCII, numbers that fit, a
 * record that ends where its bytes do); of everything else it says so, and the general decoder finds out what it is.
 */
export class Walker {
  eventIdStart = 0;
  eventIdEnd = 0;
  accountStart = 0;
  accountEnd = 0;
  workspaceStart = 0;
  workspaceEnd = 0;
  idStart = 0;
  idEnd = 0;
  amount = 1;
  occurredAt = 0;
  counts = true;
  private at = 0;
  private end = 0;

  /** Reads a record that lies in [start, end); false: not walked. */
  read(bytes: Uint8Array, start: number, end: number, plan: WalkPlan): boolean {
    this.at = start;
    this.end = end;
    this.amount = 1;
    this.counts = true;
    const { steps } = plan;
    for (let n = 0; n < steps.length; n += 1) {
      if (!this.step(bytes, steps[n] ?? Step.skipText, plan)) return false;
    }
    return this.at === end;
  }

  private step(bytes: Uint8Array, step: Step, plan: WalkPlan): boolean {
    switch (step) {
      case Step.checkId:
        return this.id(bytes) >= 0;
      case Step.eventId:
        this.eventIdStart = this.id(bytes);
        this.eventIdEnd = this.at;
        return this.eventIdStart >= 0;
      case Step.account:
        this.accountStart = this.id(bytes);
        this.accountEnd = this.at;
        return this.accountStart >= 0;
      case Step.workspace:
        this.workspaceStart = this.id(bytes);
        this.workspaceEnd = this.at;
        return this.workspaceStart >= 0;
      case Step.countedId:
        this.idStart = this.id(bytes);
        this.idEnd = this.at;
        return this.idStart >= 0;
      case Step.type: {
        const number = this.long(bytes);
        const counts = plan.counts?.[number];
        this.counts = counts === true;
        return counts !== undefined;
      }
      case Step.amount:
        this.amount = this.long(bytes);
        return this.amount >= 0;
      case Step.occurredAt:
        this.occurredAt = this.long(bytes);
        return !Number.isNaN(this.occurredAt);
      default:
        return this.skip(bytes, step);
    }
  }

  private skip(bytes: Uint8Array, step: Step): boolean {
    switch (step) {
      case Step.skipOptionalText:
      case Step.skipOptionalNumber: {
        const branch = this.long(bytes);
        if (branch === 0) return true;
        if (branch !== 1) return false;
        return this.skip(bytes, step === Step.skipOptionalText ? Step.skipText : Step.skipNumber);
      }
      case Step.skipText: {
        const length = this.long(bytes);
        this.at += length;
        return length >= 0 && this.at <= this.end;
      }
      case Step.skipNumber:
        return !Number.isNaN(this.long(bytes));
      default:
        this.at += step === Step.skipByte ? 1 : step === Step.skip4 ? 4 : 8;
        return this.at <= this.end;
    }
  }

  /** Steps over an id of ASCII; returns where its text begins, negative when it is none. */
  private id(bytes: Uint8Array): number {
    const length = this.long(bytes);
    const start = this.at;
    const end = start + length;
    if (!(length > 0 && length <= ID_MAX && end <= this.end)) return -1;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === 0 || byte > 127) return -1;
    }
    this.at = end;
    return start;
  }

  /** A zigzag varint; NaN: cut off, or beyond 2^53. */
  private long(bytes: Uint8Array): number {
    let { at } = this;
    let byte = at < this.end ? (bytes[at] ?? -1) : -1;
    if (byte >= 0 && byte < 128) {
      this.at = at + 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
    let value = 0;
    for (let scale = 1; at < this.end; scale *= 128) {
      byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 128) {
        this.at = at;
        if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
    }
    return Number.NaN;
  }
}
