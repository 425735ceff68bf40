import type { Resolver } from 'avsc';
import type { Registry } from '../../kafka/registry.js';
import { schemaType } from '../../kafka/schemas.js';
import type { NoticeKey } from '../../postgres/deliveries/notices.js';
import { reasonOf } from '../../support/outage.js';

export const TOPIC = 'fair-use.notifications.v1';

const HEAD_BYTES = 5;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type DecodedNotice =
  | { readonly kind: 'notice'; readonly key: NoticeKey }
  | { readonly kind: 'undecodable'; readonly why: string };

/** Decodes records of the notifications topic with one cached resolver per writer's schema. */
export class NotificationDecoder {
  private readonly resolvers = new Map<number, Resolver>();

  constructor(private readonly registry: Pick<Registry, 'writerType'>) {}

  /**
   * Which notice the record is of.
   * @throws RegistryUnavailable when its schema cannot be asked for: wait and call again
   */
  async decode(value: Buffer | null): Promise<DecodedNotice> {
    if (value === null || value.length < HEAD_BYTES || value[0] !== 0) {
      return { kind: 'undecodable', why: 'not in the Confluent wire format' };
    }
    const schemaId = value.readUInt32BE(1);
    // Asked for outside the try: that the registry is away is not the record's fault.
    const writer = this.resolvers.has(schemaId) ? null : await this.registry.writerType(schemaId);
    try {
      if (writer !== null) this.resolvers.set(schemaId, schemaType(TOPIC).createResolver(writer));
      const resolver = this.resolvers.get(schemaId);
      if (resolver === undefined)
        return { kind: 'undecodable', why: `the registry knows no schema ${schemaId}` };
      return noticeOf(
        schemaType(TOPIC).fromBuffer(value.subarray(HEAD_BYTES), resolver) as Partial<NoticeKey>,
      );
    } catch (error) {
      return { kind: 'undecodable', why: reasonOf(error) };
    }
  }
}

function noticeOf({ accountId, notificationId }: Partial<NoticeKey>): DecodedNotice {
  if (accountId === undefined || accountId === '' || accountId.includes('\0')) {
    return { kind: 'undecodable', why: 'the account id is empty or holds U+0000' };
  }
  if (notificationId === undefined || !UUID.test(notificationId)) {
    return { kind: 'undecodable', why: 'the notification id is no UUID' };
  }
  return { kind: 'notice', key: { accountId, notificationId: notificationId.toLowerCase() } };
}
