import type { Socket } from 'node:net';
import { replaceMethod } from '../support/replaceMethod.js';

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

/**
 * kafkajs connects again with the same object, and reads what the new connection brings as the rest of an answer that the
 * old one did not finish, or mixed with what still comes on the old one. From then on sizes are read where none are: requests
 * get no answer, or the process ends with "Attempt to access memory outside buffer bounds". Here a connection begins empty
 * and hears nothing of the one before.
 */
export function beginConnectionsFresh(): void {
  replaceMethod<Connection, 'connect'>(
    'network/connection',
    'connect',
    (connect) =>
      function () {
        if (!this.isConnected()) {
          this.socket?.destroy();
          this.chunks = [];
          this.bytesBuffered = 0;
          this.bytesNeeded = SIZE_BYTES;
        }
        return connect.call(this);
      },
  );
}
