import { setTimeout as sleep } from 'node:timers/promises';
import { PartitionAssigners, type Cluster, type Kafka } from 'kafkajs';

const LOOK_EVERY_MS = 20;

// kafkajs speaks LeaveGroup and does not publish it.
interface Coordinator {
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/**
 * Takes members out of a group whose processes have died: the broker would wait for the end of their sessions before it
 * lets anybody have their partitions. It waits until another member is there or is joining: a group that nobody is left
 * in makes the next one wait (`group.initial.rebalance.delay.ms`, three seconds unless set). Throws the signal's reason
 * when aborted, and what kafkajs throws; members that have left meanwhile are no error.
 */
export async function leaveForDead(
  kafka: Kafka,
  groupId: string,
  dead: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  let cluster: Cluster | undefined;
  // Never run: it is here for its connections, which the client hands to assigners alone.
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [
      (tools) => {
        ({ cluster } = tools);
        return PartitionAssigners.roundRobin(tools);
      },
    ],
  });
  try {
    await consumer.connect();
    if (cluster === undefined) throw new Error('kafkajs gave its assigners no cluster');
    for (;;) {
      const { members } = await consumer.describeGroup();
      const listed = members.map(({ memberId }) => memberId);
      const still = listed.filter((memberId) => dead.has(memberId));
      if (still.length === 0) return;
      if (still.length < listed.length) {
        const coordinator = (await cluster.findGroupCoordinator({ groupId })) as unknown as Coordinator;
        for (const memberId of still) await leave(coordinator, groupId, memberId);
        return;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

async function leave(coordinator: Coordinator, groupId: string, memberId: string): Promise<void> {
  try {
    await coordinator.leaveGroup({ groupId, memberId });
  } catch (error) {
    if ((error as { type?: unknown }).type !== 'UNKNOWN_MEMBER_ID') throw error;
  }
}
