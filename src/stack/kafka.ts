import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { quietRequestQueues } from '../support/quietQueue.js';
import { findJava } from './java.js';
import { dependencyPlugin, install, type Library } from './library.js';
import { portOf, type Place, type Ports, type Server } from './server.js';
import { runToEnd } from './supervise.js';

quietRequestQueues();

const VERSION = '4.4.0';
const PROPERTIES = 'server.properties';

const LIBRARY: Library = {
  name: 'kafka',
  version: VERSION,
  size: '43 MB',
  goal: 'dependency:copy-dependencies',
  // Kafka speaks slf4j and brings no binding of its own: without one its log stays empty.
  pom: `<dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
  ${dependencyPlugin('<outputDirectory>files</outputDirectory>')}`,
};

/** One broker that is its own controller. Paths are relative to its folder, which may move. */
function properties(ports: Ports, detour: Place['brokerDetour']): string {
  const broker = `127.0.0.1:${portOf(ports, 'broker')}`;
  const controller = `127.0.0.1:${portOf(ports, 'controller')}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
listeners=PLAINTEXT://${broker},CONTROLLER://${controller}${detour ? `,DETOUR://127.0.0.1:${detour.listen}` : ''}
advertised.listeners=PLAINTEXT://${broker}${detour ? `,DETOUR://127.0.0.1:${detour.advertise}` : ''}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DETOUR:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=8
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
`;
}

function javaArgs(files: string): string[] {
  return ['-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(files, '*')];
}

/** The storage knows its cluster by an id that is written once; the start after a killed first one formats again. */
async function format(place: Place, files: string): Promise<void> {
  if (existsSync(join(place.dir, 'data', 'meta.properties'))) return;
  const clusterId = randomBytes(16).toString('base64url');
  await runToEnd(
    {
      command: await findJava(),
      args: [
        ...['-XX:TieredStopAtLevel=1', ...javaArgs(files), 'kafka.tools.StorageTool', 'format'],
        // In one word: an id may begin with a dash, which would be taken for the next option.
        ...['--ignore-formatted', `--cluster-id=${clusterId}`, '-c', PROPERTIES],
      ],
      cwd: place.dir,
      logFile: place.logFile,
    },
    'formatting the storage of Kafka',
    place.abandon,
  );
}

async function answers(ports: Ports): Promise<boolean> {
  const admin = new Kafka({
    clientId: 'stack',
    brokers: [`127.0.0.1:${portOf(ports, 'broker')}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length === 1;
  } finally {
    await admin.disconnect();
  }
}

/** Apache Kafka in KRaft mode, one broker. */
export const kafka: Server = {
  part: 'kafka',
  title: `Apache Kafka ${VERSION}`,
  defaultPorts: { broker: 9092, controller: 9093 },
  library: LIBRARY,
  prepare: async (place, ports) => {
    const files = await install(LIBRARY, place);
    writeFileSync(join(place.dir, PROPERTIES), properties(ports, place.brokerDetour));
    await format(place, files);
  },
  launch: async (place, ports) => {
    writeFileSync(join(place.dir, PROPERTIES), properties(ports, place.brokerDetour));
    const files = await install(LIBRARY, place);
    return {
      command: await findJava(),
      args: ['-Xmx512m', ...javaArgs(files), 'kafka.Kafka', PROPERTIES],
      cwd: place.dir,
      logFile: place.logFile,
    };
  },
  answers,
  describe: (ports) => `127.0.0.1:${portOf(ports, 'broker')}`,
};
