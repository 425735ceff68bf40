import type { FetchedBatch } from '../../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../../kafka/decode/decoder.js';
import { NOT_WALKED, UNCOUNTED, UsageReader } from '../../../kafka/decode/usageReader.js';
import type { WalkPlan } from '../../../kafka/decode/walkPlan.js';
import { schemaIdAt } from '../../../kafka/decode/wireFormat.js';
import type { TakenIn } from '../takenIn.js';
import { OpenIntake } from './openIntake.js';
import { TextsToHand } from './textsToHand.js';

/**
 * Takes what is fetched of a partition into the open intake: usage by walking its bytes, the rest by decoding it. An intake
 * that was handed over lends its memory to the one that counts it, until it is taken back.
 */
export class TakeIn {
  private readonly accountIds: TextsToHand;
  private readonly workspaceIds: TextsToHand;
  /** By the numbers of accounts: 1, its snapshot was read when it was counted last. */
  private known = new Uint8Array(1_024);
  private lent: OpenIntake | null = null;
  private spare: OpenIntake | null = null;
  /** Accounts have other numbers than in what is lent. */
  private renumbered = false;
  /** What is taken in goes into this one. */
  open: OpenIntake;

  constructor(
    private readonly decoder: Decoder,
    private readonly reader = new UsageReader(),
  ) {
    this.accountIds = new TextsToHand(reader.accounts);
    this.workspaceIds = new TextsToHand(reader.workspaces);
    this.open = this.begun();
  }

  /** Hands over what was taken in and begins anew; what was handed over before must have been taken back. */
  handOver(): TakenIn {
    if (this.lent !== null) throw new Error('an intake is being counted');
    const { open } = this;
    this.lent = open;
    this.renumbered = false;
    const texts = { accountIds: this.accountIds.next(), workspaceIds: this.workspaceIds.next() };
    const taken = open.handOver(texts, (account) => this.known[account] === 1);
    this.open = this.begun();
    return taken;
  }

  /** @param known of the accounts that were handed over, those that are known now (by their places among them) */
  takeBack(known: readonly number[]): void {
    const { lent } = this;
    if (lent === null) throw new Error('nothing was handed over');
    for (const n of known) {
      const account = lent.accountAt(n);
      if (account !== undefined && !this.renumbered) this.remember(account);
    }
    this.spare = lent;
    this.lent = null;
  }

  /** Drops what is open. From here on records are kept of every row until its account was counted again. */
  forget(): void {
    this.known.fill(0);
    this.spare = this.open;
    this.open = this.begun();
  }

  /**
   * Takes in the records of a batch from the `first`-th on. The writers' schemas must have been prepared.
   * @param shiftMs from real time to business time
   */
  take({ topic, partition, records }: FetchedBatch, first: number, shiftMs: number): void {
    const { decoder, reader, open: intake } = this;
    const { bytes, times, count } = records;
    const metric = UsageReader.metricOf(topic);
    intake.begin({ topic, partition }, records);
    let [usage, uncounted, schemaId] = [0, 0, -1];
    let plan: WalkPlan | null = null;
    for (let n = first; n < count; n += 1) {
      const [start, end] = [records.valueStart(n), records.valueEnd(n)];
      const arrivedAt = (times[n] ?? 0) + shiftMs;
      const writer = schemaIdAt(bytes, start, end);
      if (writer !== schemaId) {
        schemaId = writer;
        plan = metric < 0 ? null : decoder.planFor(topic, writer);
        if (decoder.canRead(topic, writer)) intake.noteWriter(topic, writer);
      }
      const row =
        plan === null ? NOT_WALKED : reader.read(bytes, start, end, plan, metric, arrivedAt, intake.columns);
      if (row >= 0) {
        usage += 1;
        const { account, tellsAll } = reader;
        intake.listOf(account).append(intake.columns, row);
        const isKnown = this.known[account] === 1;
        if (!isKnown) intake.unknown += 1;
        if (!isKnown || !tellsAll) intake.keep(row, n);
      } else if (row === UNCOUNTED) uncounted += 1;
      else {
        const [key, value] = [records.key(n), records.value(n)];
        intake.take(n, decoder.decode({ topic, key, value, arrivedAt }));
      }
    }
    intake.end();
    intake.note(topic, 'usage', usage);
    intake.note(topic, 'uncounted', uncounted);
  }

  private begun(): OpenIntake {
    const { accounts, workspaces } = this.reader;
    if (accounts.forgetIfMany()) {
      this.known.fill(0);
      this.renumbered = true;
    }
    workspaces.forgetIfMany();
    const intake = this.spare ?? new OpenIntake(this.reader);
    this.spare = null;
    intake.reset();
    return intake;
  }

  private remember(account: number): void {
    if (account >= this.known.length) {
      const larger = new Uint8Array(Math.max(account + 1, this.known.length * 2));
      larger.set(this.known);
      this.known = larger;
    }
    this.known[account] = 1;
  }
}
