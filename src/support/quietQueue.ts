import { replaceMethod } from './replaceMethod.js';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs 2.2.4 looks every millisecond, on every connection, for requests that wait to be sent, whether there are any
 * or not (tulios/kafkajs#1751), after a disconnect too: it asks for a timer in the year 1970, of which Node 24 warns.
 * Here it looks while there are some. To be called before the first client of a process connects, as often as one likes.
 */
export function quietRequestQueues(): void {
  replaceMethod<RequestQueue, 'scheduleCheckPendingRequests'>(
    'network/requestQueue',
    'scheduleCheckPendingRequests',
    (schedule) =>
      function () {
        if (this.pending.length > 0) schedule.call(this);
      },
  );
}
