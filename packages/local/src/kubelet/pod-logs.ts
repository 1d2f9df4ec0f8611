/** `kubectl logs`: the API server's question about a container's log, answered from the log store. */
import type { TextSink, TextStream } from '../api-server/exchange.ts';
import type { PodLogs, PodLogsAnswer, PodLogsRequest } from '../api-server/pod-logs.ts';
import { parseLogLines, type LogLine } from './container-log.ts';
import type { LogStore, StoredLog } from './log-store.ts';

/** Answers for the containers whose logs `store` holds. */
export function createPodLogs(store: LogStore): PodLogs {
  return {
    async read(request): Promise<PodLogsAnswer> {
      const log = await store.find(request, request.previous);
      if (!log) return { kind: 'problem', message: notFound(request) };
      const filter = new LineFilter(request);
      if (request.follow) return { kind: 'stream', stream: new FollowStream(log, filter) };
      return { kind: 'text', text: filter.apply(await log.read()) };
    },
  };
}

function notFound({ container, pod, previous }: PodLogsRequest): string {
  return previous
    ? `previous terminated container "${container}" in pod "${pod}" not found`
    : `container "${container}" in pod "${pod}" is waiting to start`;
}

/** Chooses and prints lines as the request asks. Keeps count of the bytes over all pieces of one answer. */
class LineFilter {
  readonly #request: PodLogsRequest;
  #bytesLeft: number;

  constructor(request: PodLogsRequest) {
    this.#request = request;
    this.#bytesLeft = request.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get exhausted(): boolean {
    return this.#bytesLeft <= 0;
  }

  /** The kept lines, of which `tailLines` may want only the last. */
  apply(encoded: string): string {
    const lines = this.#since(parseLogLines(encoded));
    const { tailLines } = this.#request;
    return this.#print(tailLines === undefined ? lines : lastLines(lines, tailLines));
  }

  /** A later piece, of which all counts. */
  applyFollowing(encoded: string): string {
    return this.#print(this.#since(parseLogLines(encoded)));
  }

  #since(lines: LogLine[]): LogLine[] {
    const { sinceMs } = this.#request;
    return sinceMs === undefined ? lines : lines.filter(({ timeMs }) => timeMs >= sinceMs);
  }

  #print(lines: readonly LogLine[]): string {
    let text = '';
    for (const { time, text: line, complete } of lines) {
      text += `${this.#request.timestamps ? `${time} ` : ''}${line}${complete ? '\n' : ''}`;
    }
    if (text.length > this.#bytesLeft) text = Buffer.from(text).subarray(0, this.#bytesLeft).toString();
    this.#bytesLeft -= Buffer.byteLength(text);
    return text;
  }
}

function lastLines(lines: LogLine[], count: number): LogLine[] {
  return count <= 0 ? [] : lines.slice(-count);
}

/** First what is kept, then what comes, without a gap or a repetition in between. */
class FollowStream implements TextStream {
  readonly #log: StoredLog;
  readonly #filter: LineFilter;
  #stopFollowing: () => void = () => {};
  #closed = false;

  constructor(log: StoredLog, filter: LineFilter) {
    this.#log = log;
    this.#filter = filter;
  }

  listen(sink: TextSink): void {
    void this.#run(sink);
  }

  close(): void {
    this.#closed = true;
    this.#stopFollowing();
  }

  async #run(sink: TextSink): Promise<void> {
    // Reading and beginning to follow happen in one turn: `read` answers with all that was written before
    // it was called, and what is written after that comes to the follower.
    const reading = this.#log.read();
    let held: string[] | undefined = [];
    let ended = false;
    this.#stopFollowing = this.#log.follow({
      onText: (text) => {
        if (held) held.push(text);
        else this.#deliver(sink, this.#filter.applyFollowing(text));
      },
      onEnd: () => {
        ended = true;
        if (!held) this.#finish(sink);
      },
    });
    this.#deliver(sink, this.#filter.apply(await reading));
    const waiting = held;
    held = undefined;
    for (const text of waiting) this.#deliver(sink, this.#filter.applyFollowing(text));
    if (ended) this.#finish(sink);
  }

  #deliver(sink: TextSink, text: string): void {
    if (this.#closed) return;
    if (text !== '') sink.onText(text);
    if (this.#filter.exhausted) this.#finish(sink);
  }

  #finish(sink: TextSink): void {
    if (this.#closed) return;
    this.close();
    sink.onEnd();
  }
}
