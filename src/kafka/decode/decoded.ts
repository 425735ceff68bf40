import type { AccountEvent, Refusal, ReplyEvent, UsageEvent } from '../../domain/events.js';

/** What a record turned out to be. Bad input is a value here, never a throw. */
export type Decoded =
  | { readonly kind: 'usage'; readonly event: UsageEvent }
  | { readonly kind: 'account'; readonly event: AccountEvent }
  | { readonly kind: 'reply'; readonly event: ReplyEvent }
  /** Read and fine, but nothing that counts (a chat ended, a ticket was updated, a type not known here). */
  | { readonly kind: 'uncounted' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A value that cannot be counted; caught where the record is decoded, and turned into a refusal. */
export class InvalidField extends Error {
  override readonly name = 'InvalidField';
}
