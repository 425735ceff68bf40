import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import { inbox } from '../../src/stack/inbox.js';
import { kafka } from '../../src/stack/kafka.js';
import { RunningPart } from '../../src/stack/part.js';
import { postgres } from '../../src/stack/postgres.js';
import { registry } from '../../src/stack/registry.js';
import { LIB_DIR, temporaryFolder } from '../support/stack.js';

// Real servers and JVMs on a machine that may be busy with other things.
jest.setTimeout(120_000);

describe('a port that somebody takes between the look and the bind', () => {
  let dataDir: string;
  let squatters: Listener[];
  beforeEach(() => {
    dataDir = temporaryFolder();
    mkdirSync(join(dataDir, 'logs'));
    squatters = [];
  });
  afterEach(async () => {
    for (const squatter of squatters) await new Promise((resolve) => squatter.close(resolve));
    rmSync(dataDir, { recursive: true });
  });

  it.each([postgres, kafka, registry, inbox])('is given up for another one by $title', async (server) => {
    const lost: Record<string, number>[] = [];
    const part = new RunningPart(server, {
      dataDir,
      libDir: LIB_DIR,
      ports: 'free',
      durable: false,
      onProgress: ({ state }) => {
        // Ports are chosen, nothing listens yet.
        if (state !== 'starting' && state !== 'installing') return;
        lost.push({ ...part.ports });
        for (const port of Object.values(part.ports)) {
          squatters.push(createServer((socket) => socket.destroy()).listen(port, '127.0.0.1'));
        }
      },
      onChange: () => undefined,
      abandon: new AbortController().signal,
    });
    try {
      await part.bringUp();
      expect(lost).toHaveLength(1);
      for (const [name, port] of Object.entries(part.ports)) expect(port).not.toBe(lost[0]?.[name]);
      expect(await server.answers(part.ports)).toBe(true);
    } finally {
      await part.stop();
    }
  });
});
