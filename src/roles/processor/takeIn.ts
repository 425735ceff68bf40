import type { FetchedBatch } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { NOT_WALKED, UNCOUNTED, UsageReader } from '../../kafka/decode/usageReader.js';
import { schemaIdAt } from '../../kafka/decode/wireFormat.js';
import type { WalkPlan } from '../../kafka/decode/walkPlan.js';
import { Intake, type AccountInput } from './intake.js';

// Beyond this many, remembering which accounts are known costs more memory than it saves.
const MOST_KNOWN = 1 << 18;

/** Takes what is fetched of a partition into an intake: usage by walking its bytes, the rest by decoding it. */
export class TakeIn {
  private readonly reader = new UsageReader();
  /** What the intake holds of accounts, by their numbers: looked at for every record, a map of ids would cost more. */
  private readonly inputs: (AccountInput | undefined)[] = [];
  /** The numbers of those. */
  private readonly held: number[] = [];
  /** Accounts whose snapshot was read. */
  private readonly known = new Set<string>();
  private spare: Intake | null = null;

  constructor(private readonly decoder: Decoder) {}

  /** Begins an intake; what is taken in from here on goes into this one. */
  begin(): Intake {
    const { accounts, workspaces } = this.reader;
    accounts.forgetIfMany();
    workspaces.forgetIfMany();
    for (const account of this.held) this.inputs[account] = undefined;
    this.held.length = 0;
    const intake = this.spare ?? new Intake(this.decoder, workspaces);
    this.spare = null;
    intake.reset();
    return intake;
  }

  /** An intake was counted: nobody uses it any more, and its memory is for the next one. */
  counted(intake: Intake): void {
    if (this.known.size > MOST_KNOWN) this.known.clear();
    for (const [accountId, { known }] of intake.accounts) if (known) this.known.add(accountId);
    this.spare = intake;
  }

  /** From here on records are kept of every row until its account was counted again. */
  forget(): void {
    this.known.clear();
  }

  /**
   * Takes in the records of a batch from the `first`-th on. The writers' schemas must have been prepared.
   * @param shiftMs from real time to business time
   */
  take(intake: Intake, { topic, partition, records }: FetchedBatch, first: number, shiftMs: number): void {
    const { decoder, reader } = this;
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
      }
      const row =
        plan === null ? NOT_WALKED : reader.read(bytes, start, end, plan, metric, arrivedAt, intake.columns);
      if (row >= 0) {
        usage += 1;
        const input = this.inputOf(intake, reader.account);
        input.usage.append(intake.columns, row);
        if (!input.known || !reader.tellsAll) intake.keep(row, n);
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

  private inputOf(intake: Intake, account: number): AccountInput {
    return (this.inputs[account] ??= this.begun(intake, account));
  }

  private begun(intake: Intake, account: number): AccountInput {
    const accountId = this.reader.accounts.texts[account] ?? '';
    const input = intake.inputOf(accountId);
    this.held.push(account);
    // Without a row, nothing was left out so far.
    if (input.usage.rows === 0) input.known = this.known.has(accountId);
    return input;
  }
}
