import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

const SIZE_BYTES = 4;

/** What a kafkajs 2.2.4 connection gathers the bytes of answers in. */
interface Connection {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly socket?: Socket;
  isConnected(): boolean;
  connect(): Promise<boolean>;
}

let fresh = false;

/**
 * kafkajs connects again with the same object, and reads what the new connection brings as the rest of an answer that the
 * old one did not finish, or mixed with what still comes on the old one. From then on sizes are read where none are: requests
 * get no answer, or the process ends with "Attempt to access memory outside buffer bounds". Here a connection begins empty
 * and hears nothing of the one before.
 */
export function beginConnectionsFresh(): void {
  if (fresh) return;
  fresh = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as {
    prototype: Connection;
  };
  const connect = Object.getOwnPropertyDescriptor(prototype, 'connect')?.value as Connection['connect'];
  prototype.connect = function (this: Connection): Promise<boolean> {
    if (!this.isConnected()) {
      this.socket?.destroy();
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = SIZE_BYTES;
    }
    return connect.call(this);
  };
}
