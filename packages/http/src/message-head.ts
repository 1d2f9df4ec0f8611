/**
 * Heads of requests and responses as values. Both protocols fill the same classes: HTTP/1.1 by its parser,
 * others (and local replies, and tests) field by field.
 */
import { HeaderBlock } from './header-block.ts';

/**
 * How the body that follows is delimited, as the receiver understood it and as the sender will write it.
 * `none`: nothing follows. `until-close`: only in responses.
 */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'until-close';

const none: readonly string[] = [];

export class RequestHead extends HeaderBlock {
  /** As sent; methods are case-sensitive. */
  method = '';
  /** Path and query in origin form, beginning with `/`; `*` for OPTIONS; the authority for CONNECT. */
  path = '';
  /** Host and port that the request is for: from an absolute target, else from Host. Empty only in HTTP/1.0. */
  authority = '';
  /** Of a target in absolute form (`http://host/path`), `http` or `https`; empty for targets in other forms. */
  absoluteScheme: 'http' | 'https' | '' = '';
  /** Minor version of HTTP/1: 0 or 1. */
  minorVersion = 1;
  framing: BodyFraming = 'none';
  /** Bytes of the body; meaningful only with framing `length`. */
  contentLength = 0;
  /** Whether the client lets the connection live on after this exchange. */
  keepsAlive = true;
  /** Members of the Connection fields in lower case. */
  connectionOptions: readonly string[] = none;

  /** Makes it empty, ready to be filled again. */
  reset(): void {
    this.clearFields();
    this.method = '';
    this.path = '';
    this.authority = '';
    this.absoluteScheme = '';
    this.minorVersion = 1;
    this.framing = 'none';
    this.contentLength = 0;
    this.keepsAlive = true;
    this.connectionOptions = none;
  }

  /** Sends it to another host: `authority` and the Host field. */
  setAuthority(authority: string): void {
    this.authority = authority;
    this.set('host', authority);
  }

  /** The same in memory of its own: it stays when whoever read it reads the next. */
  copy(): RequestHead {
    const copy = new RequestHead();
    copy.method = this.method;
    copy.path = this.path;
    copy.authority = this.authority;
    copy.absoluteScheme = this.absoluteScheme;
    copy.minorVersion = this.minorVersion;
    copy.framing = this.framing;
    copy.contentLength = this.contentLength;
    copy.keepsAlive = this.keepsAlive;
    copy.connectionOptions = this.connectionOptions;
    this.forEach((name, value) => copy.add(name, value));
    return copy;
  }

  static of(method: string, authority: string, path: string, headers: Readonly<Record<string, string>> = {}): RequestHead {
    const head = new RequestHead();
    head.method = method;
    head.setAuthority(authority);
    head.path = path;
    for (const [name, value] of Object.entries(headers)) head.add(name.toLowerCase(), value);
    return head;
  }
}

export class ResponseHead extends HeaderBlock {
  /** 100 to 599. */
  status = 0;
  minorVersion = 1;
  framing: BodyFraming = 'none';
  contentLength = 0;
  /** Whether the connection may carry another request once this response is over. */
  keepsAlive = true;
  /** Members of the Connection fields in lower case. */
  connectionOptions: readonly string[] = none;
  /** Takes it back for another response, when nobody will look at it any more. Undefined where nobody wants it. */
  home: { giveBack(head: ResponseHead): void } | undefined = undefined;

  reset(): void {
    this.clearFields();
    this.status = 0;
    this.minorVersion = 1;
    this.framing = 'none';
    this.contentLength = 0;
    this.keepsAlive = true;
    this.connectionOptions = none;
  }

  /** The same in memory of its own: it stays when whoever read it reads the next. */
  copy(): ResponseHead {
    const copy = new ResponseHead();
    copy.status = this.status;
    copy.minorVersion = this.minorVersion;
    copy.framing = this.framing;
    copy.contentLength = this.contentLength;
    copy.keepsAlive = this.keepsAlive;
    copy.connectionOptions = this.connectionOptions;
    this.forEach((name, value) => copy.add(name, value));
    return copy;
  }

  static of(status: number, headers: Readonly<Record<string, string>> = {}): ResponseHead {
    const head = new ResponseHead();
    head.status = status;
    for (const [name, value] of Object.entries(headers)) head.add(name.toLowerCase(), value);
    return head;
  }
}

/** The fields that follow a chunked body. */
export class Trailers extends HeaderBlock {
  /** The same in memory of its own. */
  copy(): Trailers {
    const copy = new Trailers();
    this.forEach((name, value) => copy.add(name, value));
    return copy;
  }

  static of(headers: Readonly<Record<string, string>>): Trailers {
    const trailers = new Trailers();
    for (const [name, value] of Object.entries(headers)) trailers.add(name.toLowerCase(), value);
    return trailers;
  }
}

