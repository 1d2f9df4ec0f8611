/** `pnpm bench <name>`: runs one of the benchmarks, each a folder here with a `bench.ts`. */
const benches: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  engine: () => import('./engine/bench.ts'),
  latency: () => import('./latency/bench.ts'),
  memory: () => import('./memory/bench.ts'),
  http2: () => import('./http2/bench.ts'),
  proxy: () => import('./proxy/bench.ts'),
  start: () => import('./start/bench.ts'),
  xds: () => import('./xds/bench.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = benches[name];
if (!load) {
  console.error(`usage: bench <${Object.keys(benches).join('|')}> [options]`);
  process.exitCode = 2;
} else {
  process.exitCode = await (await load()).run(args);
}
