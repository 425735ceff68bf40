import type { ChatEvent, SessionEvent, TicketEvent, UploadEvent } from '../records.js';
import type { Random } from './random.js';
import type { Profile } from './roster.js';

const CHANNELS = ['web', 'whatsapp', 'messenger', 'sms', null] as const;
const FILES = [
  ['photo.jpg', 'image/jpeg'],
  ['invoice.pdf', 'application/pdf'],
  ['note.ogg', 'audio/ogg'],
  ['données.csv', 'text/csv'],
] as const;

/** Makes records with ids that no other run uses. */
export class EventMaker {
  private made = 0;

  constructor(
    private readonly random: Random,
    private readonly run: number,
  ) {}

  id(kind: string): string {
    this.made += 1;
    return `${kind}-${String(this.run)}-${String(this.made)}`;
  }

  /** The same thing reported once more under an event id of its own, as a retrying client does. */
  again<T extends { eventId: string }>(event: T): T {
    return { ...event, eventId: this.id('ev') };
  }

  chat(profile: Profile, occurredAt: number): ChatEvent {
    const channel = this.random.pick(CHANNELS);
    return { ...this.common(profile, occurredAt), chatId: this.id('chat'), type: 'STARTED', channel };
  }

  session(profile: Profile, occurredAt: number): SessionEvent {
    return { ...this.common(profile, occurredAt), sessionId: this.id('session'), type: 'STARTED' };
  }

  ticket(profile: Profile, occurredAt: number): TicketEvent {
    const { eventId, accountId, workspaceId } = this.common(profile, occurredAt);
    return { eventId, accountId, workspaceId, ticketId: this.id('ticket'), type: 'CREATED', occurredAt };
  }

  upload(profile: Profile, occurredAt: number): UploadEvent {
    const [fileName, contentType] = this.random.pick(FILES);
    // About one in a hundred is larger than the 5 MiB a file may have.
    const sizeBytes = Math.ceil(this.random.exponential(400_000) * (this.random.chance(0.01) ? 12 : 1));
    const upload = { uploadId: this.id('upload'), fileName, contentType, sizeBytes };
    return { ...this.common(profile, occurredAt), ...upload };
  }

  private common(profile: Profile, occurredAt: number) {
    const { accountId, workspaces } = profile.snapshot;
    const workspaceId = this.random.pick(workspaces).workspaceId;
    const botId = `${workspaceId}-bot-${String(this.random.between(1, 3))}`;
    return { eventId: this.id('ev'), accountId, workspaceId, botId, occurredAt };
  }
}
