import type { FetchedBatch } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { NOT_WALKED, UNCOUNTED, UsageReader } from '../../kafka/decode/usageReader.js';
import { schemaIdAt } from '../../kafka/decode/wireFormat.js';
import type { WalkPlan } from '../../kafka/decode/walkPlan.js';
import { Intake, type AccountInput } from './intake.js';

/** Takes what is fetched of a partition into an intake: usage by walking its bytes, the rest by decoding it. */
export class TakeIn {
  private readonly reader = new UsageReader();
  /** What the intake holds of accounts, by their numbers: looked at for every record, a map of ids would cost more. */
  private inputs: (AccountInput | undefined)[] = [];

  constructor(private readonly decoder: Decoder) {}

  /** Begins an intake; what is taken in from here on goes into this one. */
  begin(capacity?: number): Intake {
    const { accounts, workspaces } = this.reader;
    accounts.forgetIfMany();
    workspaces.forgetIfMany();
    this.inputs = new Array<AccountInput | undefined>(accounts.texts.length).fill(undefined);
    return new Intake(workspaces, capacity);
  }

  /**
   * Takes in the records of a batch from the `first`-th on. The writers' schemas must have been prepared.
   * @param shiftMs from real time to business time
   */
  take(intake: Intake, { topic, partition, records }: FetchedBatch, first: number, shiftMs: number): void {
    const { decoder, reader } = this;
    const { bytes, times, count } = records;
    const metric = UsageReader.metricOf(topic);
    intake.begin({ topic, partition }, records, decoder);
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
        intake.link(this.inputOf(intake, reader.account), row, n);
      } else if (row === UNCOUNTED) uncounted += 1;
      else {
        const [key, value] = [records.key(n), records.value(n)];
        intake.take(n, decoder.decode({ topic, key, value, arrivedAt }));
      }
    }
    intake.note(topic, 'usage', usage);
    intake.note(topic, 'uncounted', uncounted);
  }

  private inputOf(intake: Intake, account: number): AccountInput {
    return (this.inputs[account] ??= intake.inputOf(this.reader.accounts.texts[account] ?? ''));
  }
}
