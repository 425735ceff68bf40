import type { InputTopic } from '../../kafka/topics.js';

/** What has happened so far; `published` counts only lines that the broker has confirmed. */
export class Tally {
  linesRead = 0;
  badLines = 0;
  bytesRead = 0;
  readonly unreadable: string[] = [];
  readonly published = new Map<InputTopic, number>();

  get publishedLines(): number {
    return [...this.published.values()].reduce((sum, count) => sum + count, 0);
  }

  confirmed(topic: InputTopic): void {
    this.published.set(topic, (this.published.get(topic) ?? 0) + 1);
  }

  /** Everything that was asked for is out. */
  get complete(): boolean {
    return this.badLines === 0 && this.unreadable.length === 0 && this.publishedLines === this.linesRead;
  }

  /** The summary for standard output, one figure a line. */
  summary(): string {
    const topics = [...this.published].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return [
      `lines read: ${this.linesRead}`,
      `published: ${this.publishedLines}`,
      ...topics.map(([topic, count]) => `  ${topic}: ${count}`),
      `bad lines: ${this.badLines}`,
      ...(this.unreadable.length === 0 ? [] : [`files not read: ${this.unreadable.join(', ')}`]),
      '',
    ].join('\n');
  }
}
