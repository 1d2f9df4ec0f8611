/**
 * Flags of Node for processes of the data plane: gateway, activator, queue-proxy, `sluice proxy`.
 *
 * A small young generation, since hardly anything outlives its request, and no threads beside the one that serves: 24 MiB of private
 * memory after load instead of 40, and no more CPU time per request (`bench memory`, `bench proxy`). It begins at the size it may have: then
 * a start is over before garbage is collected for the first time (a tenth of it), and what has not been used since is given back.
 *
 * Only flags under which V8 takes the compiled code that Node brings for its own modules. `--single-threaded` and `--expose-gc` are not
 * among them: Node then compiles itself anew, which is a fifth of a proxy's start (`bench start`).
 */
export const dataPlaneFlags: readonly string[] = [
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  '--v8-pool-size=0',
  // Without threads, what would be left to them has to be done at once.
  '--single-threaded-gc',
  '--no-concurrent-recompilation',
  '--no-concurrent-sparkplug',
];
