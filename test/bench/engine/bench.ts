/**
 * What one exchange costs in our own code: the whole engine from configuration to counters, over a network that is
 * nothing but function calls. No system call is in the figure, so it can be compared on machines that are busy with
 * other things; what sockets cost is `bench proxy`'s to say.
 */
import { Buffer } from 'node:buffer';
import { parseArgs } from 'node:util';
import { createMeter, systemClock, systemRandom, systemTimers, type Address, type BoundListener, type Connection, type ConnectionHandler, type Logger, type Network } from '@sluice/kernel';
import { RequestStats } from '@sluice/admission';
import { createAccessLogOpener, createQueueFilterFactory, Drainer, parseBootstrap, queueFilterName, queueFilterTypeUrl, standardFilters, startBootstrapProxy } from '@sluice/proxy';
import { openTracer } from '@sluice/telemetry';
import { sluiceYaml } from '../proxy/config/sluice-yaml.ts';

const requestBytes = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1:18801\r\n\r\n', 'latin1');
const responseBytes = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 20:15:42 GMT\r\nContent-Type: text/plain\r\nContent-Length: 103\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(103)}`,
  'latin1',
);

/** A connection whose other end is this benchmark. */
class DirectConnection implements Connection {
  readonly local: Address = { host: '127.0.0.1', port: 18_801 };
  readonly remote: Address = { host: '127.0.0.1', port: 50_000 };
  readonly pendingBytes = 0;
  handler: ConnectionHandler;
  bytesWritten = 0;

  constructor(handler: ConnectionHandler) {
    this.handler = handler;
  }

  write(_memory: Buffer, start: number, end: number): boolean {
    this.bytesWritten += end - start;
    return true;
  }

  end(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
  dedicateReadMemory(): void {}
}

const unclaimed: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

class DirectNetwork implements Network {
  accept: (connection: Connection) => void = () => {};
  readonly upstreams: DirectConnection[] = [];

  listen(address: Address, accept: (connection: Connection) => void): Promise<BoundListener> {
    this.accept = accept;
    return Promise.resolve({ address, close: () => Promise.resolve() });
  }

  connect(_address: Address, handler: ConnectionHandler): Connection {
    const connection = new DirectConnection(handler);
    this.upstreams.push(connection);
    return connection;
  }
}

const logger = { child: () => logger, debug() {}, info() {}, warn() {}, error: (message: string, fields: unknown) => console.error(message, fields) } as unknown as Logger;

/** What `--with` may name: a concurrency limiter with load statistics, an access log that nobody keeps, traces of 1 % of the requests. */
const instruments = ['limiter', 'log', 'trace'];

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { batches: { type: 'string', default: '60' }, requests: { type: 'string', default: '20000' }, with: { type: 'string', default: '' } },
  });
  const chosen = new Set(values.with.split(',').filter(Boolean));
  for (const name of chosen) if (!instruments.includes(name)) throw new Error(`--with ${name}: allowed are ${instruments.join(', ')}`);
  const network = new DirectNetwork();
  const meter = createMeter();
  const queue = createQueueFilterFactory({ stats: new RequestStats(systemClock.now()), drainer: new Drainer({ clock: systemClock, timers: systemTimers, quietPeriodMs: 1_000 }) });
  const limiter = { name: queueFilterName, typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: queueFilterTypeUrl, value: { container_concurrency: 100 } } };
  const filters = [queue, ...standardFilters];
  const yaml = sluiceYaml({
    port: 18_801,
    backendPort: 18_800,
    ...(chosen.has('limiter') && { filters: [limiter] }),
    ...(chosen.has('log') && { accessLog: '/dev/null' }),
    ...(chosen.has('trace') && { tracedPercent: 1 }),
  });
  const loaded = await parseBootstrap(yaml, 'bench.yaml', filters);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  // Nobody listens there; spans are made and thrown away.
  const tracer = openTracer({ serviceName: 'bench', endpoint: 'http://127.0.0.1:9/v1/traces', timers: systemTimers, logger, meter });
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    network,
    logger,
    meter,
    tracer,
    openAccessLog: createAccessLogOpener(meter.counter('dropped', ''), meter.counter('failed', '')),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const client = new DirectConnection(unclaimed);
  network.accept(client);
  client.handler.onData(requestBytes, requestBytes.length);
  const upstream = network.upstreams[0] as DirectConnection;
  upstream.handler.onOpen?.();
  upstream.handler.onData(responseBytes, responseBytes.length);
  const requests = Number(values.requests);
  const costs: number[] = [];
  for (let batch = 0; batch < Number(values.batches); batch += 1) {
    const before = client.bytesWritten;
    const begun = performance.now();
    for (let index = 0; index < requests; index += 1) {
      client.handler.onData(requestBytes, requestBytes.length);
      upstream.handler.onData(responseBytes, responseBytes.length);
    }
    costs.push(((performance.now() - begun) * 1_000) / requests);
    if (client.bytesWritten - before < requests * responseBytes.length * 0.9) throw new Error('requests were not answered');
  }
  costs.sort((a, b) => a - b);
  // The least is the cost; what is above it is what else the machine had to do.
  console.log(`engine, one small exchange: ${costs[0]?.toFixed(3)} µs at least, ${costs[costs.length >> 1]?.toFixed(3)} in the middle`);
  await started.value.stop();
  await tracer.close();
  return 0;
}
