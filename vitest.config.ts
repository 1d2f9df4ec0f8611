import { defineConfig } from 'vitest/config';

/**
 * Three groups. `unit` runs beside the sources and in parallel; `tidy` looks at the tree itself;
 * `whole` starts real processes or whole meshes, so its files take turns on the two cores.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      { test: { name: 'tidy', include: ['test/tidy/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'whole',
          include: ['test/{integration,conformance,simulation,fuzz,soak,bench,e2e,charts}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
