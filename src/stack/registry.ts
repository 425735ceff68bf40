import { join } from 'node:path';
import { findJava } from './java.js';
import { dependencyPlugin, install, type Library } from './library.js';
import { portOf, type Ports, type Server } from './server.js';

/** The newest on Maven Central that runs on Java 17: the next ones there, 3.3.x, are compiled for 21. */
const VERSION = '3.0.9';

const LIBRARY: Library = {
  name: 'apicurio-registry',
  version: VERSION,
  size: '104 MB',
  goal: 'dependency:unpack',
  pom: dependencyPlugin(`<artifactItems><artifactItem>
      <groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>${VERSION}</version>
      <classifier>all</classifier><type>tar.gz</type>
    </artifactItem></artifactItems><outputDirectory>files</outputDirectory>`),
};

/** Base URL of its Confluent-compatible API. */
export function registryUrl(ports: Ports): string {
  return `http://127.0.0.1:${portOf(ports, 'http')}/apis/ccompat/v7`;
}

/** Apicurio Registry on an H2 file: a registry that forgets its ids makes the log unreadable. */
export const registry: Server = {
  part: 'registry',
  title: `Apicurio Registry ${VERSION}`,
  defaultPorts: { http: 8081 },
  library: LIBRARY,
  prepare: async (place) => {
    await install(LIBRARY, place);
  },
  launch: async (place, ports) => {
    const files = await install(LIBRARY, place);
    return {
      command: await findJava(),
      args: [
        ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar'],
        join(files, `apicurio-registry-app-${VERSION}-runner.jar`),
      ],
      cwd: place.dir,
      env: {
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(portOf(ports, 'http')),
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'h2',
        // Without a delay an id that was given out is in the file, also when the process is killed right then.
        APICURIO_DATASOURCE_URL: 'jdbc:h2:file:./registry;WRITE_DELAY=0',
      },
      logFile: place.logFile,
    };
  },
  answers: async (ports) => {
    const response = await fetch(`${registryUrl(ports)}/subjects`, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  },
  describe: registryUrl,
};
