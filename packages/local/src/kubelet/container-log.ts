/**
 * What one run of a container wrote: split into lines, each with its time and stream in the form that
 * Kubernetes' runtimes use on disk (`<time> stdout F <line>`), kept in segments, and told to followers.
 */
import type { Clock } from '@sluice/kernel';

/** Where the lines are kept. Text is whole lines. */
export interface LogSegments {
  append(text: string): void;
  /** All that is still kept, oldest first, including what was appended just now. */
  read(): Promise<string>;
  close(): void;
}

export interface LogFollower {
  onText(text: string): void;
  onEnd(): void;
}

/** A line longer than this is cut into parts, as container runtimes do. 16 KiB, as containerd. */
const lineBytesMax = 16 * 1024;

/** What goes into a terminated container's message: Kubernetes' FallbackToLogsOnError takes 80 lines or 2048 bytes. */
const tailLinesMax = 80;
const tailBytesMax = 2048;

type StreamName = 'stdout' | 'stderr';

export class ContainerLog {
  readonly #clock: Clock;
  readonly #segments: LogSegments;
  /** The beginning of a line whose end has not come yet, per stream. */
  readonly #partial: Record<StreamName, string> = { stdout: '', stderr: '' };
  /** A decoder per stream, so that a character cut in two by a read is put together again; made when it says something. */
  readonly #decoders = new Map<StreamName, TextDecoder>();
  readonly #followers = new Set<LogFollower>();
  readonly #lastLines: string[] = [];
  #ended = false;

  constructor(clock: Clock, segments: LogSegments) {
    this.#clock = clock;
    this.#segments = segments;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Takes bytes as they come from the process. */
  write(stream: StreamName, bytes: Uint8Array): void {
    if (this.#ended) return;
    const text = this.#partial[stream] + this.#decoderOf(stream).decode(bytes, { stream: true });
    const lines = text.split('\n');
    let rest = lines.pop() as string;
    let encoded = '';
    for (const line of lines) encoded += this.#encode(stream, line, true);
    while (rest.length > lineBytesMax) {
      encoded += this.#encode(stream, rest.slice(0, lineBytesMax), false);
      rest = rest.slice(lineBytesMax);
    }
    this.#partial[stream] = rest;
    if (encoded !== '') this.#append(encoded);
  }

  #decoderOf(stream: StreamName): TextDecoder {
    let decoder = this.#decoders.get(stream);
    if (!decoder) this.#decoders.set(stream, (decoder = new TextDecoder()));
    return decoder;
  }

  /** The process is over: what has no line end yet becomes a line, and followers are told. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = this.#partial[stream];
      if (rest !== '') this.#append(this.#encode(stream, rest, true));
      this.#partial[stream] = '';
    }
    this.#ended = true;
    this.#segments.close();
    for (const follower of this.#followers) follower.onEnd();
    this.#followers.clear();
  }

  /** The last lines, without times: what a person wants to see when the program failed. */
  tail(): string {
    const text = this.#lastLines.join('\n');
    return text.length > tailBytesMax ? text.slice(-tailBytesMax) : text;
  }

  /** All that is kept, as encoded lines. */
  read(): Promise<string> {
    return this.#segments.read();
  }

  /**
   * Tells encoded lines from now on. Returns how to stop. A follower of an ended log is told so at once.
   */
  follow(follower: LogFollower): () => void {
    if (this.#ended) {
      follower.onEnd();
      return () => {};
    }
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #append(encoded: string): void {
    this.#segments.append(encoded);
    for (const follower of this.#followers) follower.onText(encoded);
  }

  #encode(stream: StreamName, line: string, complete: boolean): string {
    this.#lastLines.push(line);
    if (this.#lastLines.length > tailLinesMax) this.#lastLines.shift();
    const time = new Date(this.#clock.wallTime()).toISOString().replace('Z', '000000Z');
    return `${time} ${stream} ${complete ? 'F' : 'P'} ${line}\n`;
  }
}

/** One encoded line, taken apart. */
export interface LogLine {
  readonly timeMs: number;
  /** As written: RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly text: string;
  /** Whether the line ends here; a part of a long line goes on in the next. */
  readonly complete: boolean;
}

/** Takes whole encoded lines apart. What has not the form is left out. */
export function parseLogLines(encoded: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const line of encoded.split('\n')) {
    const match = /^(\S+) (?:stdout|stderr) ([FP]) (.*)$/s.exec(line);
    if (!match) continue;
    const time = match[1] as string;
    lines.push({ time, timeMs: Date.parse(time), complete: match[2] === 'F', text: match[3] as string });
  }
  return lines;
}
