import { SingleBar } from 'cli-progress';
import type { Tally } from './tally.js';

const PLAIN_EVERY_MS = 5_000;

/** Shows how far a publication is; notes (bad lines, waiting) appear as lines of their own. */
export interface Progress {
  note(line: string): void;
  stop(): void;
}

export interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** A bar on a terminal (or a count, where the size is not known), plain lines every few seconds elsewhere. */
export function showProgress(stderr: Terminal, tally: Tally, totalBytes: number | null): Progress {
  return stderr.isTTY === true ? bar(stderr, tally, totalBytes) : plain(stderr, tally);
}

function plain(stderr: Terminal, tally: Tally): Progress {
  const timer = setInterval(() => {
    stderr.write(`${tally.linesRead} lines read, ${tally.publishedLines} published\n`);
  }, PLAIN_EVERY_MS);
  return {
    note: (line) => stderr.write(`${line}\n`),
    stop: () => clearInterval(timer),
  };
}

function bar(stderr: Terminal, tally: Tally, totalBytes: number | null): Progress {
  const counts = '{published} published, {bad} bad';
  const view = new SingleBar({
    stream: stderr,
    format:
      totalBytes === null
        ? `${counts} · {duration_formatted}`
        : `{bar} {percentage}% · ${counts} · {eta_formatted}`,
    etaBuffer: 50,
    hideCursor: true,
    gracefulExit: false,
  });
  const figures = (): { published: number; bad: number } => ({
    published: tally.publishedLines,
    bad: tally.badLines,
  });
  view.start(totalBytes ?? 1, 0, figures());
  const update = (): void => view.update(Math.min(tally.bytesRead, totalBytes ?? 0), figures());
  const timer = setInterval(update, 200);
  return {
    // The bar's line is cleared; its next tick draws it again below the note.
    note: (line) => stderr.write(`\r\u001B[K${line}\n`),
    stop: () => {
      clearInterval(timer);
      update();
      view.stop();
    },
  };
}
