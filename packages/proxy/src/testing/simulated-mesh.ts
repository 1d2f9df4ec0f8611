/** A whole proxy on a network in memory and a clock moved by hand, before hosts that a test can change at any time. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, parseAddress, type Address, type Checked, type Connection, type ConnectionHandler, type Meter } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedResolver, SimulatedTime } from '@sluice/kernel/testing';
import { decodeCluster, decodeClusterLoadAssignment, versionOf } from '@sluice/resources';
import type { Json } from '@sluice/resources/testing';
import { compileCluster } from '../config/compile-cluster.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import type { ConfigResource } from '../config/config-resource.ts';
import { createProxy } from '../proxy.ts';
import type { ClusterConfig, ConnectionManagerConfig } from '../proxy-config.ts';
import type { ClusterManagerSettings, Proxy } from '../proxy-options.ts';
import type { ForwardAction } from '../route-match.ts';
import { createTestConfig } from './test-config.ts';

/** A host that speaks HTTP/1.1 and says its name in `x-host`. */
export interface SimulatedHost {
  /** What it answers; 0: nothing at all. */
  status: number;
  /** Lines to answer with, each with its CRLF. */
  headers: string;
  /** Paths asked for. */
  readonly asked: string[];
  /** Heads as they came. */
  readonly heads: string[];
  /** Connections accepted. */
  connections: number;
}

export interface SimulatedMeshOptions {
  /** `host:port` of each. */
  readonly hosts: readonly string[];
  /** The first is where the route leads. */
  readonly clusters: readonly Json[];
  readonly route?: Partial<ForwardAction>;
  readonly manager?: Partial<ConnectionManagerConfig>;
  /** Of EDS clusters, by name: assignments. */
  readonly assignments?: Readonly<Record<string, Json>>;
  readonly clusterManager?: ClusterManagerSettings;
  /** Called with the resolver before the proxy starts. */
  readonly names?: (resolver: SimulatedResolver) => void;
}

export interface SimulatedMesh {
  readonly time: SimulatedTime;
  readonly proxy: Proxy;
  readonly resolver: SimulatedResolver;
  readonly meter: Meter;
  readonly logger: RecordingLogger;
  /** What was written to logs, whichever. */
  readonly logLines: readonly string[];
  host(address: string): SimulatedHost;
  /** Asks so often, each time on a new connection, and gives which hosts answered, or the status where none did. */
  ask(count?: number, headers?: string): Promise<readonly string[]>;
  /** A client's connection to the proxy. */
  connect(handler: Partial<ConnectionHandler>): Connection;
  /** Puts other clusters in force. */
  apply(clusters: readonly Json[]): Promise<void>;
  /** Gives an EDS cluster other endpoints. */
  assign(cluster: string, assignment: Json): Promise<void>;
  /** The value of `envoy_cluster_<name>` of the first cluster, or of the one named. */
  metric(name: string, cluster?: string): number;
}

const listen: Address = { host: '10.0.0.1', port: 80 };

export async function startSimulatedMesh(options: SimulatedMeshOptions): Promise<SimulatedMesh> {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const hosts = new Map<string, SimulatedHost>();
  for (const text of options.hosts) {
    const address = parseAddress(text);
    const host: SimulatedHost = { status: 200, headers: '', asked: [], heads: [], connections: 0 };
    hosts.set(text, host);
    await network.view(text, address.host).listen(address, (connection) => serve(connection, text, host));
  }
  const resolver = new SimulatedResolver(time);
  options.names?.(resolver);
  const meter = createMeter();
  const logger = new RecordingLogger();
  const random = createSeededRandom(1);
  const logLines: string[] = [];
  const openAccessLog = () => ({ write: (lines: Buffer) => void logLines.push(...lines.toString().split('\n').filter((line) => line !== '')) });
  const { clusterManager } = options;
  const proxy = createProxy({ clusterManager, openAccessLog, clock: time, timers: time, random, network: network.view('proxy', listen.host), resolver, logger, meter });
  const assignments = new Map(Object.entries(options.assignments ?? {}));
  let current = options.clusters;
  const apply = async (clusters: readonly Json[]): Promise<void> => {
    current = clusters;
    const compiled = clusters.map((json) => compile(json, assignments));
    const config = createTestConfig({
      version: versionOf([clusters, ...assignments]),
      listen,
      upstreams: [],
      route: { clusterName: compiled[0]?.name ?? '', ...options.route },
      ...(options.manager ? { manager: options.manager } : {}),
    });
    await proxy.apply({ ...config, clusters: new Map(compiled.map((cluster) => [cluster.name, cluster])) });
  };
  await apply(options.clusters);
  proxy.start();
  const client = network.view('client', '10.0.9.9');
  return {
    time,
    proxy,
    resolver,
    meter,
    logger,
    logLines,
    apply,
    assign(cluster, assignment) {
      assignments.set(cluster, assignment);
      return apply(current);
    },
    host: (address) => hosts.get(address) as SimulatedHost,
    connect: (handler) => client.connect(listen, { onData() {}, onDrain() {}, onEnd() {}, onClose() {}, ...handler }),
    async ask(count = 1, headers = '') {
      const answers: string[] = [];
      for (let index = 0; index < count; index += 1) {
        let answer = '';
        const connection = client.connect(listen, {
          onData: (memory, length) => void (answer += memory.toString('latin1', 0, length)),
          onDrain() {},
          onEnd() {},
          onClose() {},
        });
        write(connection, `GET /${index} HTTP/1.1\r\nhost: a.test\r\n${headers}\r\n`);
        await time.advanceUntil(() => answer.includes('\r\n\r\n'), 60_000);
        connection.destroy();
        answers.push(/x-host: (\S+)/.exec(answer)?.[1] ?? /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'nothing');
      }
      return answers;
    },
    metric(name, cluster = String(options.clusters[0]?.['name'])) {
      const samples = meter.collect().find((family) => family.name === `envoy_cluster_${name}`)?.samples ?? [];
      return samples.find(({ labels }) => labels['envoy_cluster_name'] === cluster)?.value ?? 0;
    },
  };
}

function serve(connection: Connection, name: string, host: SimulatedHost): void {
  host.connections += 1;
  let request = '';
  connection.handler = {
    onData(memory, length) {
      request += memory.toString('latin1', 0, length);
      if (!request.endsWith('\r\n\r\n')) return;
      host.asked.push(request.split(' ')[1] as string);
      host.heads.push(request);
      request = '';
      if (host.status > 0) write(connection, `HTTP/1.1 ${host.status} X\r\ncontent-length: 0\r\nx-host: ${name}\r\n${host.headers}\r\n`);
    },
    onDrain() {},
    onEnd: () => (host.status > 0 ? connection.end() : undefined),
    onClose() {},
  };
}

function write(connection: Connection, text: string): void {
  connection.write(Buffer.from(text, 'latin1'), 0, text.length);
}

function compile(json: Json, assignments: ReadonlyMap<string, Json>): ClusterConfig {
  const cluster = resourceOf(json, must(decodeCluster(json)));
  const assignment = cluster.value.discovery.kind === 'EDS' ? assignments.get(cluster.name) : undefined;
  const eds = assignment && resourceOf(assignment, must(decodeClusterLoadAssignment(assignment)));
  return compileCluster(cluster, eds, createPatternCompiler(noRegexEngine, '', []));
}

function must<T>(decoded: Checked<T>): T {
  if (!decoded.ok) throw new TypeError(`a resource of a test is wrong: ${JSON.stringify(decoded.problems)}`);
  return decoded.value;
}

function resourceOf<T>(json: Json, value: T): ConfigResource<T> {
  const version = versionOf(json);
  return { typeUrl: '', name: String(json['name']), version, versionInfo: '', json, value, isStatic: true, path: '', updatedWallTime: 0 };
}

/** How often each answered. */
export function countEach(answers: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}
