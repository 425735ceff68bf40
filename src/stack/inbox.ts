import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isListening } from './ports.js';
import { portOf, type Ports, type Server } from './server.js';

const PACKAGE = fileURLToPath(new URL('../../node_modules/maildev/', import.meta.url));
/** Older mails make place for new ones. */
const MAX_EMAILS = 1000;

function version(): string {
  try {
    return (JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version;
  } catch {
    return '';
  }
}

/** Web page of the inbox. */
export function inboxUrl(ports: Ports): string {
  return `http://127.0.0.1:${portOf(ports, 'web')}`;
}

/** MailDev: takes every mail and delivers none. */
export const inbox: Server = {
  part: 'inbox',
  title: `MailDev ${version()}`.trim(),
  defaultPorts: { smtp: 1025, web: 1080 },
  library: null,
  prepare: () => Promise.resolve(),
  launch: (place, ports) =>
    Promise.resolve({
      command: process.execPath,
      args: [
        join(PACKAGE, 'dist', 'bin', 'maildev.js'),
        ...['--ip', '127.0.0.1', '--smtp', String(portOf(ports, 'smtp'))],
        ...['--web-ip', '127.0.0.1', '--web', String(portOf(ports, 'web'))],
        ...['--max-emails', String(MAX_EMAILS), '--mail-directory', join(place.dir, 'mails')],
      ],
      cwd: place.dir,
      logFile: place.logFile,
    }),
  answers: async (ports) => {
    const headers = { accept: 'text/html' };
    const page = await fetch(inboxUrl(ports), { headers, signal: AbortSignal.timeout(2000) });
    await page.arrayBuffer();
    return page.ok && (await isListening(portOf(ports, 'smtp')));
  },
  describe: (ports) => `smtp://127.0.0.1:${portOf(ports, 'smtp')}, page ${inboxUrl(ports)}`,
};
