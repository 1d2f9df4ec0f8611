/** Runs what a probe or a hook asks for: a request to a port, a connection, or a program beside the container. */
import type { Clock, Timers } from '@sluice/kernel';
import type { Container, ProbeHandler } from '@sluice/kubernetes';
import { actionPort, resolveActionPort, type PortPlan } from './port-plan.ts';
import type { ProbeResult, ProbeTransport } from './probe-transport.ts';
import { exitCodeOf, type ProcessRunner, type ProcessSpec } from './process-runner.ts';

/** Kubernetes' hooks can also just wait. */
export type ContainerAction = ProbeHandler & { readonly sleep?: { readonly seconds: number } };

export interface ActionContext {
  readonly container: Container;
  readonly podIp: string;
  readonly ports: PortPlan;
  /** How the container itself was started: programs of probes and hooks get the same surroundings. */
  readonly spec: ProcessSpec;
}

export interface ActionFloor {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: ProbeTransport;
  readonly runner: ProcessRunner;
}

/** Last bytes of a failed program's output that go into the message. */
const outputBytesMax = 1024;

/** Runs the action once, for at most `timeoutMs`. Never rejects. */
export function runAction(action: ContainerAction, context: ActionContext, floor: ActionFloor, timeoutMs: number): Promise<ProbeResult> {
  if (action.sleep) return sleep(floor.timers, Math.min(action.sleep.seconds * 1000, timeoutMs));
  if (action.exec) return runProgram(action.exec.command, context, floor, timeoutMs);
  const named = actionPort(action);
  const port = named === undefined ? undefined : resolveActionPort(context.ports, context.container, named);
  if (port === undefined) {
    const message = named === undefined ? 'neither a request, a connection nor a program is given' : `no port is named ${named}`;
    return Promise.resolve({ kind: 'failure', message });
  }
  const { httpGet, tcpSocket, grpc } = action;
  const host = httpGet?.host ?? tcpSocket?.host ?? context.podIp;
  if (httpGet) {
    return floor.transport.httpGet({
      host,
      port,
      timeoutMs,
      scheme: httpGet.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http',
      path: withLeadingSlash(httpGet.path ?? '/'),
      headers: Object.fromEntries((httpGet.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value])),
    });
  }
  if (grpc) return floor.transport.grpcHealth({ host, port, timeoutMs, service: grpc.service ?? '' });
  return floor.transport.tcpConnect({ host, port, timeoutMs });
}

function withLeadingSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

function sleep(timers: Timers, ms: number): Promise<ProbeResult> {
  return new Promise((resolve) => timers.after(ms, () => resolve({ kind: 'success' })));
}

function runProgram(
  command: readonly string[],
  { spec }: ActionContext,
  { runner, timers }: ActionFloor,
  timeoutMs: number,
): Promise<ProbeResult> {
  const [program, ...args] = command;
  if (program === undefined) return Promise.resolve({ kind: 'failure', message: 'the command is empty' });
  return new Promise((resolve) => {
    let output = '';
    const process = runner.start(
      { ...spec, argv: [program, ...args] },
      {
        onOutput(_stream, bytes) {
          output = (output + new TextDecoder().decode(bytes)).slice(-outputBytesMax);
        },
        onExit(exit) {
          timeout.cancel();
          const code = exitCodeOf(exit);
          if (code === 0) resolve({ kind: 'success' });
          else resolve({ kind: 'failure', message: exit.kind === 'not-started' ? exit.message : output.trim() || `exit code ${code}` });
        },
      },
    );
    const timeout = timers.after(timeoutMs, () => {
      process.signal('SIGKILL');
      resolve({ kind: 'failure', message: `command timed out after ${timeoutMs} ms` });
    });
  });
}
