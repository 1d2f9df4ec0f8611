/**
 * Reads HTTP/1.1 messages from bytes, for the clients and the programs of a simulation. Deliberately not the
 * product's own parser: both ends of every exchange judge the product's bytes with other eyes.
 */

export interface HttpMessage {
  /** `GET / HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  /** Names in lower case; of repeated fields the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

type Framing =
  | { readonly kind: 'length'; left: number }
  | { readonly kind: 'chunk-size' }
  | { readonly kind: 'chunk'; left: number }
  | { readonly kind: 'trailers' }
  | { readonly kind: 'until-close' };

export interface MessageReaderHandler {
  onMessage(message: HttpMessage): void;
  /** The bytes are no HTTP/1.1, or they stopped in the middle of a message. Nothing is read afterwards. */
  onProblem(problem: string): void;
}

export class MessageReader {
  readonly #handler: MessageReaderHandler;
  readonly #kind: 'request' | 'response';
  #text = '';
  #message: { startLine: string; headers: Map<string, string>; body: string } | undefined;
  #framing: Framing | undefined;
  #isBroken = false;

  constructor(kind: 'request' | 'response', handler: MessageReaderHandler) {
    this.#kind = kind;
    this.#handler = handler;
  }

  /** Whether a message has begun and not ended. */
  get isInside(): boolean {
    return this.#message !== undefined || this.#text !== '';
  }

  push(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    while (!this.#isBroken && this.#step());
  }

  /** The peer has ended its side. */
  end(): void {
    if (this.#isBroken) return;
    if (this.#framing?.kind === 'until-close') this.#finish();
    else if (this.isInside) this.#fail('ended in the middle of a message');
  }

  /** One piece of a message. False when there is not enough text for it. */
  #step(): boolean {
    if (!this.#message) return this.#readHead();
    const framing = this.#framing as Framing;
    switch (framing.kind) {
      case 'length':
      case 'chunk': {
        const taken = this.#text.slice(0, framing.left);
        this.#text = this.#text.slice(taken.length);
        this.#message.body += taken;
        framing.left -= taken.length;
        if (framing.left > 0) return false;
        if (framing.kind === 'length') return this.#finish();
        if (this.#text.length < 2) return false;
        if (!this.#text.startsWith('\r\n')) return this.#fail('chunk without its line end');
        this.#text = this.#text.slice(2);
        this.#framing = { kind: 'chunk-size' };
        return true;
      }
      case 'chunk-size': {
        const line = this.#takeLine();
        if (line === undefined) return false;
        if (!/^[0-9a-fA-F]+$/.test(line)) return this.#fail(`chunk size ${JSON.stringify(line)}`);
        const size = Number.parseInt(line, 16);
        this.#framing = size === 0 ? { kind: 'trailers' } : { kind: 'chunk', left: size };
        return true;
      }
      case 'trailers': {
        const line = this.#takeLine();
        if (line === undefined) return false;
        return line === '' ? this.#finish() : true;
      }
      case 'until-close':
        this.#message.body += this.#text;
        this.#text = '';
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [startLine = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    this.#text = this.#text.slice(end + 4);
    const pattern = this.#kind === 'request' ? /^[A-Z]+ \S+ HTTP\/1\.1$/ : /^HTTP\/1\.1 \d{3} ?/;
    if (!pattern.test(startLine)) return this.#fail(`start line ${JSON.stringify(startLine.slice(0, 80))}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon < 1) return this.#fail(`header line ${JSON.stringify(line.slice(0, 80))}`);
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    // Interim answers come before the real one and have no body.
    if (this.#kind === 'response' && startLine.startsWith('HTTP/1.1 1')) return true;
    this.#message = { startLine, headers, body: '' };
    this.#framing = this.#framingOf(startLine, headers);
    return true;
  }

  #framingOf(startLine: string, headers: ReadonlyMap<string, string>): Framing {
    if (headers.get('transfer-encoding') === 'chunked') return { kind: 'chunk-size' };
    const length = headers.get('content-length');
    if (length !== undefined) return { kind: 'length', left: Number(length) };
    const status = startLine.slice(9, 12);
    if (this.#kind === 'request' || status === '204' || status === '304') return { kind: 'length', left: 0 };
    return { kind: 'until-close' };
  }

  #takeLine(): string | undefined {
    const end = this.#text.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  #finish(): true {
    const message = this.#message as HttpMessage;
    this.#message = undefined;
    this.#framing = undefined;
    this.#handler.onMessage(message);
    return true;
  }

  #fail(problem: string): false {
    this.#isBroken = true;
    this.#handler.onProblem(problem);
    return false;
  }
}
