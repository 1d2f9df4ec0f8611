/** A whole proxy on real sockets and free ports, in this process, with everything observable kept. */
import { createMeter, silentLogger, systemClock, systemRandom, systemTimers, type Address, type Logger, type Meter, type MetricSample } from '@sluice/kernel';
import type { AcceptTransport } from '../network/system-network.ts';
import { createPoisonedNetwork } from './poisoned-network.ts';
import { createProxy } from '../proxy.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { Proxy } from '../proxy-options.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { connectRaw, type RawPeer } from './raw-peer.ts';

export interface ProxyFixture extends AsyncDisposable {
  readonly proxy: Proxy;
  readonly address: Address;
  readonly meter: Meter;
  /** Access-log lines, once they have been written out. */
  readonly logLines: string[];
  /** A new connection to the only listener. */
  connect(): Promise<RawPeer>;
  /** The value of a counter or gauge whose labels include these; 0 when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
}

export interface FixtureOptions {
  /** Default `reused`, the faster one. */
  readonly transport?: AcceptTransport;
  readonly logger?: Logger;
  /** Default 5 ms, so that tests of timeouts are quick. */
  readonly sweepPeriodMs?: number;
  readonly runtime?: Runtime;
}

/** Memory is poisoned after use, so that every test also looks for bytes that were kept without right. */
export async function startTestProxy(config: ProxyConfig, options: FixtureOptions = {}): Promise<ProxyFixture> {
  const meter = createMeter();
  const logLines: string[] = [];
  const proxy = createProxy({
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    network: createPoisonedNetwork(options.transport),
    logger: options.logger ?? silentLogger,
    meter,
    openAccessLog: () => ({ write: (lines) => void logLines.push(...lines.toString().split('\n').filter((line) => line !== '')) }),
    sweepPeriodMs: options.sweepPeriodMs ?? 5,
    ...(options.runtime ? { runtime: options.runtime } : {}),
  });
  const problems = await proxy.apply(config);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  proxy.start();
  const [listener] = proxy.listeners();
  const address: Address = { host: '127.0.0.1', port: listener?.port ?? 0 };
  const clients: RawPeer[] = [];
  return {
    proxy,
    address,
    meter,
    logLines,
    async connect() {
      const client = await connectRaw(address);
      clients.push(client);
      return client;
    },
    metric: (name, labels = {}) => sampleOf(meter, name, labels)?.value ?? 0,
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await proxy.close();
    },
  };
}

function sampleOf(meter: Meter, name: string, labels: Readonly<Record<string, string>>): MetricSample | undefined {
  const family = meter.collect().find((candidate) => candidate.name === name);
  return family?.samples.find((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
}
