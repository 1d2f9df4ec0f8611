/** One client, one host and a whole proxy between them, on a clock moved by hand: what each of the two hears, in a few words. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, type Connection, type ConnectionHandler, type Meter } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { RouterFilter } from '../filters/router/router-filter.ts';
import type { HttpFilter } from '../filters/filter.ts';
import { createProxy } from '../proxy.ts';
import type { ClusterConfig, ConnectionManagerConfig } from '../proxy-config.ts';
import type { Proxy } from '../proxy-options.ts';
import type { ForwardAction } from '../route-match.ts';
import type { Stream } from '../stream.ts';
import { createTestConfig } from './test-config.ts';

export interface WorldSettings {
  readonly manager?: Partial<ConnectionManagerConfig>;
  readonly cluster?: Partial<ClusterConfig>;
  readonly route?: Partial<ForwardAction>;
}

/** No timer runs unless a test wants it to. */
const patient: Partial<ConnectionManagerConfig> = { streamIdleTimeoutMs: 0, idleTimeoutMs: 0, delayedCloseTimeoutMs: 3_600_000, drainTimeoutMs: 100 };

const proxyAddress = { host: '10.0.0.1', port: 80 };
const hostAddress = { host: '10.0.0.2', port: 8080 };

/** The path whose requests a filter lets wait. */
export const waitingPath = '/wait';

/** What one end of a connection has heard. */
export class Ear implements ConnectionHandler {
  connection: Connection | undefined;
  text = '';
  hasEnded = false;
  wasReset = false;
  isClosed = false;
  #hasLeft = false;

  onData(memory: Buffer, length: number): void {
    this.text += memory.toString('latin1', 0, length);
  }

  onDrain(): void {}

  onEnd(): void {
    this.hasEnded = true;
  }

  onClose(error?: Error): void {
    this.isClosed = true;
    if (this.#hasLeft) return;
    if (error) this.wasReset = true;
    else this.hasEnded = true;
  }

  write(text: string): void {
    this.connection?.write(Buffer.from(text, 'latin1'), 0, text.length);
  }

  end(): void {
    this.connection?.end();
  }

  reset(): void {
    this.#hasLeft = true;
    this.connection?.destroy(true);
  }
}

export class LifecycleWorld {
  readonly time = new SimulatedTime();
  readonly links: SimulatedLinks;
  readonly client = new Ear();
  /** Connections that the host has accepted. */
  readonly hosts: Ear[] = [];
  /** Each end of a stream: status, flags, details. */
  readonly ends: string[] = [];
  readonly logger = new RecordingLogger();
  readonly #meter: Meter = createMeter();
  readonly #network: SimulatedNetwork;
  readonly #proxy: Proxy;
  readonly #settings: WorldSettings;
  /** What the filter lets wait. */
  waiting: Stream | undefined;
  /** What the host has still to send of the response that it has begun. */
  owed = '';
  isHostCutOff = false;
  isClientReading = true;

  constructor(settings: WorldSettings) {
    this.#settings = settings;
    this.links = new SimulatedLinks({ time: this.time, delayMs: [1, 1] });
    // Bytes come as they were written, so that an event is one event.
    this.#network = new SimulatedNetwork({ links: this.links, random: { next: () => 0.5 } });
    const network = this.#network.view('proxy', proxyAddress.host);
    this.#proxy = createProxy({ clock: this.time, timers: this.time, random: createSeededRandom(1), network, logger: this.logger, meter: this.#meter, openAccessLog: () => ({ write() {} }) });
  }

  async start(): Promise<void> {
    const { manager, cluster, route } = this.#settings;
    await this.#network.view('host', hostAddress.host).listen(hostAddress, (connection) => {
      const ear = new Ear();
      ear.connection = connection;
      connection.handler = ear;
      this.hosts.push(ear);
    });
    const filters: readonly HttpFilter[] = [this.#waitingFilter(), new RouterFilter({ suppressEnvoyHeaders: true })];
    const log = { path: 'log', write: (stream: Stream) => void this.ends.push(`${stream.info.status} ${stream.info.flags || '-'} ${stream.info.details}`) };
    await this.#proxy.apply(
      createTestConfig({
        listen: proxyAddress,
        upstreams: [hostAddress],
        manager: { ...patient, filters, accessLogs: [log], ...manager },
        cluster: { connectTimeoutMs: 3_600_000, ...cluster },
        route: { timeoutMs: 0, ...route },
      }),
    );
    this.#proxy.start();
    this.client.connection = this.#network.view('client', '10.0.0.3').connect(proxyAddress, this.client);
    await this.pass(10);
  }

  #waitingFilter(): HttpFilter {
    return {
      name: 'waits',
      onRequest: (stream) => {
        if (stream.request.path !== waitingPath) return 'continue';
        this.waiting = stream;
        return 'wait';
      },
      onEnd: () => void (this.waiting = undefined),
    };
  }

  pass(ms: number): Promise<void> {
    return this.time.advanceAsync(ms);
  }

  /** The host's end of the connection that was accepted last. */
  get host(): Ear {
    const host = this.hosts.at(-1);
    if (!host) throw new Error('nobody has connected to the host');
    return host;
  }

  drain(deadlineMs: number): void {
    void this.#proxy.drain({ deadlineMs });
  }

  cutHostOff(isCutOff: boolean): void {
    this.isHostCutOff = isCutOff;
    this.links.setIsolated('host', isCutOff);
  }

  letClientRead(reads: boolean): void {
    this.isClientReading = reads;
    if (reads) this.client.connection?.resume();
    else this.client.connection?.pause();
  }

  get streams(): number {
    return this.#proxy.activeStreams;
  }

  get connections(): number {
    return this.#proxy.activeConnections;
  }

  /** Everything that goes up and must come down again, as far as it is not zero. */
  get held(): Readonly<Record<string, number>> {
    const held: Record<string, number> = {};
    if (this.streams > 0) held['streams'] = this.streams;
    if (this.connections > 0) held['connections'] = this.connections;
    for (const { name, samples } of this.#meter.collect()) {
      if (!name.endsWith('_active') || name.startsWith('envoy_listener_manager')) continue;
      for (const { value } of samples) if (value !== 0) held[name] = (held[name] ?? 0) + value;
    }
    return held;
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}
