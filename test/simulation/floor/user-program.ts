/**
 * The program of a pod: an HTTP/1.1 server in memory that takes its time to start and to answer, and says in
 * each answer whose request it answers.
 */
import type { BoundListener, Connection, Network, Random, Timer, Timers } from '@sluice/kernel';
import { MessageReader, type HttpMessage } from '../http/message-reader.ts';
import type { ProgramPlan } from '../scenario/service-plan.ts';

export interface UserProgramOptions {
  readonly plan: ProgramPlan;
  /** Answers take this many times as long as planned. */
  readonly slownessFactor: number;
  readonly host: string;
  readonly port: number;
  readonly pod: string;
  readonly network: Network;
  readonly timers: Timers;
  readonly random: Random;
  /** It listens: what a kubelet would find out from the system. */
  readonly onListening: (port: number) => void;
  /** A request came or went; probes are not told. `concurrency` is how many are here now. */
  readonly onBusy: (change: BusyChange, request: ProgramRequest, concurrency: number) => void;
}

export type BusyChange = 'arrived' | 'answered' | 'given up';

export interface ProgramRequest {
  readonly method: string;
  readonly path: string;
}

export interface UserProgram {
  /** Stops listening; connections stay until they end. */
  stop(): Promise<void>;
}

/** Starts at once; listens when its start-up time is over. */
export function startUserProgram(options: UserProgramOptions): UserProgram {
  const { plan, timers, random, network, host, port } = options;
  let listener: BoundListener | undefined;
  let isStopped = false;
  let concurrency = 0;
  const count = (change: BusyChange, request: ProgramRequest) => {
    concurrency += change === 'arrived' ? 1 : -1;
    options.onBusy(change, request, concurrency);
  };
  timers.after(draw(random, plan.startupMs), () => {
    if (isStopped) return;
    void listen();
  });
  async function listen(): Promise<void> {
    listener = await network.listen({ host, port }, (connection) => serve(connection, options, count));
    if (isStopped) await listener.close();
    else options.onListening(port);
  }
  return {
    async stop() {
      isStopped = true;
      await listener?.close();
    },
  };
}

function serve(connection: Connection, options: UserProgramOptions, count: (change: BusyChange, request: ProgramRequest) => void): void {
  const { plan, slownessFactor, timers, random } = options;
  let answering: { readonly timer: Timer; readonly request: ProgramRequest } | undefined;
  const reader = new MessageReader('request', {
    onMessage(message) {
      const [method = '', path = ''] = message.startLine.split(' ');
      const request = { method, path };
      if (isProbe(message)) return void send(connection, formatAnswer(message, options));
      count('arrived', request);
      const timer = timers.after(draw(random, plan.serviceMs) * slownessFactor, () => {
        answering = undefined;
        send(connection, formatAnswer(message, options));
        count('answered', request);
      });
      answering = { timer, request };
    },
    onProblem: () => connection.destroy(true),
  });
  connection.handler = {
    onData: (memory, length) => reader.push(memory.subarray(0, length)),
    onDrain() {},
    onEnd() {
      connection.end();
    },
    onClose() {
      if (!answering) return;
      answering.timer.cancel();
      count('given up', answering.request);
      answering = undefined;
    },
  };
}

function isProbe({ headers }: HttpMessage): boolean {
  return headers.get('user-agent')?.startsWith('kube-probe/') ?? false;
}

function formatAnswer({ startLine }: HttpMessage, { plan, pod }: UserProgramOptions): Buffer {
  const [, path = ''] = startLine.split(' ');
  const body = 'x'.repeat(plan.responseBytes);
  const framed = plan.isChunked
    ? { header: 'transfer-encoding: chunked', body: `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n` }
    : { header: `content-length: ${body.length}`, body };
  const head = ['HTTP/1.1 200 OK', framed.header, 'content-type: text/plain', `x-answers: ${path}`, `x-pod: ${pod}`];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${framed.body}`, 'latin1');
}

function send(connection: Connection, bytes: Buffer): void {
  connection.write(bytes, 0, bytes.length);
}

function draw(random: Random, [low, high]: readonly [number, number]): number {
  return low + random.next() * (high - low);
}
