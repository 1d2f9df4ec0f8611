/**
 * Flags of Node for processes of the data plane: gateway, activator, queue-proxy, `sluice proxy`.
 *
 * A small young generation, since hardly anything outlives its request, and no threads beside the one that serves: 25 MiB of private
 * memory after load instead of 40, and no more CPU time per request (`bench memory`, `bench proxy`). `--expose-gc` lets a process give
 * back what starting has left behind (kernel's `giveBackStartMemory`).
 */
export const dataPlaneFlags: readonly string[] = ['--max-semi-space-size=1', '--single-threaded', '--expose-gc'];
