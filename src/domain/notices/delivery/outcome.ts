/** How one attempt to hand a message to the mail server ended. */
export type Outcome =
  /** The server answered 2xx after the data. */
  | { readonly kind: 'accepted'; readonly answer: string }
  /** The server said 5xx to this message. */
  | { readonly kind: 'refused'; readonly answer: string }
  /** Nothing was taken: a 4xx answer, or a failure before the first byte. `loud`: the set-up is at fault. */
  | { readonly kind: 'retry'; readonly reason: string; readonly loud: boolean }
  /** Bytes were sent and no answer came: it may have been delivered. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Stopped by us before the first byte: tried again without a wait. */
  | { readonly kind: 'released' }
  /** Its turn never came, and no dialogue began: as if it had not been claimed. */
  | { readonly kind: 'not-begun' }
  /** The attempt is no longer ours: its lease ran out, another one decides. */
  | { readonly kind: 'lost' };
