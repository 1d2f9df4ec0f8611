/**
 * Flags of Node for processes of the data plane: gateway, activator, queue-proxy, `sluice proxy`.
 *
 * A small young generation, since hardly anything outlives its request, and no threads beside the one that serves: 25 MiB of private
 * memory after load instead of 40, and no more CPU time per request (`bench memory`, `bench proxy`).
 *
 * Only flags under which V8 takes the compiled code that Node brings for its own modules. `--single-threaded` and `--expose-gc` are not
 * among them: Node then compiles itself anew, which is a fifth of a proxy's start (`bench start`).
 */
export const dataPlaneFlags: readonly string[] = [
  '--max-semi-space-size=1',
  '--v8-pool-size=0',
  // Without threads, what would be left to them has to be done at once.
  '--single-threaded-gc',
  '--no-concurrent-recompilation',
  '--no-concurrent-sparkplug',
];
