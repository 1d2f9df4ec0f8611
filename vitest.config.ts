import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { freshenDescriptors } from './test/support/fresh-descriptors.ts';
import LongestFirst from './test/support/longest-first.ts';

// V8's compiled code of the sources is kept for the processes that tests start, dozens of times the same few: a start takes a third
// of the CPU time.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'sluice-compile-cache');

// Executables that tests start overwrite lent memory after use, as the networks within tests do.
process.env['SLUICE_POISON_MEMORY'] ??= '1';

// A checkout may bring other descriptors than were made at install.
freshenDescriptors();

/**
 * Three groups. `unit` runs beside the sources; `tidy` looks at the tree itself; `whole` starts real processes or whole meshes, which
 * are waited for more than they work, and comes afterwards, one file more at once than there are cores.
 *
 * Files of `unit` share processes, so that the engine is loaded twice and not three hundred times: what a file changes of its process,
 * it puts back. Sources run as Node runs them in earnest, without Vite between: half of the CPU time of a run went into that.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts'],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      { extends: true, test: { name: 'tidy', include: ['test/tidy/**/*.test.ts'], testTimeout: 20_000 } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/{integration,conformance,simulation,fuzz,soak,bench,e2e,charts}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
