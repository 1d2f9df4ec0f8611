/**
 * The process that holds a network namespace and lets the machine in: `node relay-main.ts PORT…`, with a channel to the kubelet.
 *
 * It cannot listen outside itself, because its network is another. But a socket belongs to the network it was made in wherever it is
 * used, so the kubelet makes the listeners and hands them over. They exist only while the program listens, so that a
 * probe by connection is told the truth.
 *
 * It imports nothing that runs but Node's own modules: its start is part of a cold start.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { listenersIn, takesLoopback } from '../../tcp-table.ts';
import { ListenerWatch } from './listener-watch.ts';
import { PortRelay } from './port-relay.ts';
import { isRelayOrder, type RelayReport } from './relay-messages.ts';

/** How long the last bytes of a program that has ended may take to be delivered, in ms. */
const drainMs = 1000;

const ports = process.argv.slice(2).map(Number);
let draining = false;

const relays = new Map(
  ports.map((port) => [
    port,
    new PortRelay({
      port,
      onRefused: () => watch.look(),
      onIdle: () => endWhenIdle(),
    }),
  ]),
);

const watch = new ListenerWatch({
  timers: {
    after(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  ports,
  listening() {
    const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'].map(readTable);
    return new Set(tables.flatMap(listenersIn).filter(takesLoopback).map(({ port }) => port));
  },
  onChange(port, listens) {
    if (!listens) relays.get(port)?.close();
    tell({ kind: listens ? 'listens' : 'silent', port });
  },
});

/** A machine may have no IPv6. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function tell(report: RelayReport): void {
  // A kubelet that is gone hears nothing; `disconnect` says so too.
  process.send?.(report, undefined, undefined, () => {});
}

function endWhenIdle(): void {
  if (draining && [...relays.values()].every(({ connections }) => connections === 0)) process.exit(0);
}

process.on('message', (message: unknown, handle: unknown) => {
  if (!isRelayOrder(message)) return;
  if (message.kind === 'drain') {
    draining = true;
    watch.stop();
    for (const relay of relays.values()) relay.close();
    setTimeout(() => process.exit(0), drainMs);
    return endWhenIdle();
  }
  if (!(handle instanceof net.Server)) return;
  // The program may have gone silent while the listener was on its way.
  if (draining || !watch.listens(message.port)) handle.close();
  else relays.get(message.port)?.serve(handle);
});

// Without a kubelet nobody would ever end it.
process.on('disconnect', () => process.exit(0));

watch.look();
