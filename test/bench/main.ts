/** `pnpm bench <name>`: runs one of the benchmarks, each a folder here with a `bench.ts`. */
const benches: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  autoscaler: () => import('./autoscaler/bench.ts'),
  'cold-start': () => import('./cold-start/bench.ts'),
  engine: () => import('./engine/bench.ts'),
  latency: () => import('./latency/bench.ts'),
  memory: () => import('./memory/bench.ts'),
  http2: () => import('./http2/bench.ts'),
  proxy: () => import('./proxy/bench.ts'),
  sidecar: () => import('./sidecar/bench.ts'),
  start: () => import('./start/bench.ts'),
  xds: () => import('./xds/bench.ts'),
  decision: () => import('./decision/bench.ts'),
  table: () => import('./table/bench.ts'),
};

const help = `  proxy    CPU time per request over HTTP/1.1, beside nginx, HAProxy and http-proxy-middleware [work …] [--only A,B]
  http2    the same over HTTP/2, beside a plain proxy on node:http2 [get|post-1k]
  latency  at fixed rates, open loop, beside nginx
  memory   private memory at rest, after load, with idle connections [--connections 10000]
  cold-start  what the local floor adds to waking a bare Node program [--shots 20] [--after 0,50,200] [--minutes 2]
  sidecar  its start beside an empty Node server, what it loads, wake-ups while idle, memory [--idle 10]
  start    from starting a process to its first answer
  engine   our own code alone [--batches 60] [--requests 20000]
  xds      the config service with many Services and proxies [--services A,B] [--proxies N] [--changes N]
  autoscaler  many revisions whose pods report each second, on one core [--revisions A,B] [--pods 20] [--seconds 10] [--batch 50] [--steps 20]
  decision from the first request over the target to the write that asks for more pods [--steps 2,10] [--revisions N] [--only push,scrape]
  table    all lines of what must be reached, in one table [--quick] [--out DIR] [--minutes 20] [--only PART,…]
All but engine, xds, autoscaler, cold-start, sidecar and decision: [--rounds N] [--port N]; of those all but table: [--json FILE]; proxy, http2, latency, table: [--seconds N]. test/bench/README.md says how figures are taken.`;

const [name = '', ...args] = process.argv.slice(2);
const load = benches[name];
if (!load) {
  console.error(`usage: bench <${Object.keys(benches).join('|')}> [options]

${help}`);
  process.exitCode = 2;
} else {
  process.exitCode = await (await load()).run(args);
}
