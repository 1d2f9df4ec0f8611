/**
 * The people outside: they send the requests of a scenario to the gateway, some go away early, and each
 * remembers how its request ended.
 */
import type { Address, Clock, Connection, Network, Timer, Timers } from '@sluice/kernel';
import { MessageReader, type HttpMessage } from './http/message-reader.ts';
import type { Observations } from './observation.ts';
import type { RequestPlan } from './scenario/traffic-plan.ts';

/** How a request ended for its client. `failed`: the connection or the answer broke. `gave-up`: nothing ever came. */
export type ClientResult =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: string }
  | { readonly kind: 'hung-up' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'gave-up' };

export interface ClientRequest {
  readonly id: number;
  readonly service: string;
  readonly host: string;
  readonly startedAt: number;
  /** How often it was sent: more than once only after the keep-alive race. */
  sends: number;
  endedAt: number | undefined;
  result: ClientResult | undefined;
  /** Complete answers that came for it. */
  answers: number;
}

export interface ClientsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly gateway: Address;
  readonly observations: Observations;
}

/** How long a client waits for its answer, in ms: longer than any scenario makes a request wait. */
const patienceMs = 240_000;

/** How long a client listens after its last answer for what should not come, in ms. */
const lingerMs = 500;

/** Requests that share connections one after the other, as a browser's do. */
export interface ConnectionSharers {
  readonly idle: ClientConnection[];
}

export class Clients {
  readonly requests: ClientRequest[] = [];
  /** Requests that have not ended. */
  pending = 0;
  readonly #options: ClientsOptions;
  readonly #open = new Set<ClientConnection>();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  send(service: string, host: string, plan: RequestPlan, sharers: ConnectionSharers): void {
    const { clock } = this.#options;
    const request: ClientRequest = {
      id: this.requests.length + 1,
      service,
      host,
      startedAt: clock.now(),
      sends: 0,
      endedAt: undefined,
      result: undefined,
      answers: 0,
    };
    this.requests.push(request);
    this.pending += 1;
    this.#sendOnce(request, plan, plan.keepAlive ? sharers : undefined);
  }

  /** Gives up the connections that are kept for later requests. */
  closeIdle(): void {
    for (const connection of this.#open) if (connection.request === undefined) connection.close();
  }

  #sendOnce(request: ClientRequest, plan: RequestPlan, sharers: ConnectionSharers | undefined): void {
    const reused = sharers?.idle.pop();
    const connection = reused ?? new ClientConnection(this.#options, (closed) => this.#open.delete(closed));
    this.#open.add(connection);
    request.sends += 1;
    const { clock, observations } = this.#options;
    observations.tell({ at: clock.now(), kind: 'request sent', path: pathOf(request), request });
    connection.exchange(request, plan, {
      onResult: (result) => {
        // A kept connection may be closed by the other side just as it is used: every client sends again then.
        if (result.kind === 'failed' && reused && !connection.hasAnswerBytes) return this.#sendOnce(request, plan, undefined);
        if (result.kind === 'answered' && sharers && connection.isReusable) sharers.idle.push(connection);
        else if (result.kind === 'answered') connection.finish();
        else connection.close();
        this.#finish(request, result);
      },
    });
  }

  #finish(request: ClientRequest, result: ClientResult): void {
    request.endedAt = this.#options.clock.now();
    this.pending -= 1;
    request.result = result;
    this.#options.observations.tell({ at: request.endedAt, kind: 'request ended', request });
  }
}

/** One connection to the gateway, with one request at a time on it. */
class ClientConnection {
  request: ClientRequest | undefined;
  /** Whether a byte of the current answer has come. */
  hasAnswerBytes = false;
  isReusable = true;
  readonly #options: ClientsOptions;
  readonly #connection: Connection;
  readonly #reader: MessageReader;
  #last: ClientRequest | undefined;
  #onResult: ((result: ClientResult) => void) | undefined;
  #timers: Timer[] = [];
  #isOpen = false;
  #toWrite: Buffer | undefined;

  constructor(options: ClientsOptions, onClosed: (connection: ClientConnection) => void) {
    this.#options = options;
    this.#reader = new MessageReader('response', {
      onMessage: (message) => this.#onAnswer(message),
      onProblem: (problem) => this.#end({ kind: 'failed', reason: `bad answer: ${problem}` }),
    });
    this.#connection = options.network.connect(options.gateway, {
      onOpen: () => {
        this.#isOpen = true;
        this.#flush();
      },
      onData: (memory, length) => {
        // Bytes that nobody waits for are an answer too many to the request before.
        if (!this.request && this.#last) this.#last.answers += 1;
        this.hasAnswerBytes = true;
        this.#reader.push(memory.subarray(0, length));
      },
      onDrain: () => {},
      onEnd: () => {
        this.isReusable = false;
        this.#reader.end();
        this.#connection.end();
      },
      onClose: (error) => {
        this.isReusable = false;
        onClosed(this);
        this.#end({ kind: 'failed', reason: error ? `connection: ${error.code}` : 'connection closed without an answer' });
      },
    });
  }

  exchange(request: ClientRequest, plan: RequestPlan, { onResult }: { readonly onResult: (result: ClientResult) => void }): void {
    const { timers } = this.#options;
    this.request = this.#last = request;
    this.hasAnswerBytes = false;
    this.#onResult = onResult;
    this.#toWrite = formatRequest(request, plan);
    this.#timers = [timers.after(patienceMs, () => this.#end({ kind: 'gave-up' }))];
    const { hangUp } = plan;
    if (hangUp) {
      this.#timers.push(
        timers.after(hangUp.afterMs, () => {
          if (hangUp.resets) this.#connection.destroy(true);
          this.#end({ kind: 'hung-up' });
        }),
      );
    }
    if (this.#isOpen) this.#flush();
  }

  close(): void {
    this.isReusable = false;
    this.#connection.destroy();
  }

  /** Says that nothing more will come, and hears the other side out for a while. */
  finish(): void {
    this.isReusable = false;
    this.#connection.end();
    this.#options.timers.after(lingerMs, () => this.#connection.destroy());
  }

  #flush(): void {
    if (this.#toWrite) this.#connection.write(this.#toWrite, 0, this.#toWrite.length);
    this.#toWrite = undefined;
  }

  #onAnswer({ startLine, headers, body }: HttpMessage): void {
    if (this.request) this.request.answers += 1;
    if (headers.get('connection') === 'close') this.isReusable = false;
    this.#end({ kind: 'answered', status: Number(startLine.slice(9, 12)), headers, body });
  }

  #end(result: ClientResult): void {
    const onResult = this.#onResult;
    this.#onResult = undefined;
    this.request = undefined;
    for (const timer of this.#timers) timer.cancel();
    onResult?.(result);
  }
}

/** The path names the request and the attempt, so that logs and programs can be held against what was sent. */
function pathOf({ id, sends }: ClientRequest): string {
  return `/request/${id}/${sends}`;
}

function formatRequest(request: ClientRequest, { bodyBytes, keepAlive }: RequestPlan): Buffer {
  const lines = [
    `${bodyBytes > 0 ? 'POST' : 'GET'} ${pathOf(request)} HTTP/1.1`,
    `host: ${request.host}`,
    'user-agent: simulation',
    ...(keepAlive ? [] : ['connection: close']),
    ...(bodyBytes > 0 ? [`content-length: ${bodyBytes}`] : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${'b'.repeat(bodyBytes)}`, 'latin1');
}
