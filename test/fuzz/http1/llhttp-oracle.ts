/**
 * llhttp, the parser of Node, in the WebAssembly build that undici carries: what it says about one message, in
 * its strict mode. It is the second opinion to which ours is compared.
 */
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';

/** The exports of the module that are used here; all numbers are addresses or sizes in its memory. */
interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  malloc(size: number): number;
  free(address: number): void;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Llhttp };
}

export interface Opinion {
  readonly end: 'complete' | 'more' | 'refused';
  /** Whether the head was accepted, whatever came of the body. */
  readonly headDone: boolean;
  readonly body: string;
  /** Bytes after the message. */
  readonly rest: string;
  readonly reason: string;
}

const requestType = 1;
const responseType = 2;
/** Error numbers of llhttp: paused by a callback, and paused because the connection changes its protocol. */
const paused = 21;
const pausedForUpgrade = 22;
/** From the callback at the end of the head: no body follows, as after a HEAD. */
const skipBody = 1;

export class LlhttpOracle {
  readonly #module: Llhttp;
  #headDone = false;
  #complete = false;
  #skipsBody = false;
  #body: string[] = [];

  constructor() {
    const bytes = createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js') as Uint8Array;
    const none = () => 0;
    const env = {
      wasm_on_message_begin: none,
      wasm_on_url: none,
      wasm_on_status: none,
      wasm_on_header_field: none,
      wasm_on_header_value: none,
      wasm_on_headers_complete: () => {
        this.#headDone = true;
        return this.#skipsBody ? skipBody : 0;
      },
      wasm_on_body: (_parser: number, at: number, length: number) => {
        this.#body.push(Buffer.from(this.#module.memory.buffer, at, length).toString('latin1'));
        return 0;
      },
      wasm_on_message_complete: () => {
        this.#complete = true;
        return paused;
      },
    };
    // The compiler's library for Node names the module's types only, so the two constructors are described here.
    const { Module, Instance } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi;
    this.#module = new Instance(new Module(Buffer.from(bytes)), { env }).exports;
  }

  ofRequest(bytes: Buffer): Opinion {
    return this.#ask(requestType, bytes, false);
  }

  ofResponse(bytes: Buffer, requestMethod: string): Opinion {
    return this.#ask(responseType, bytes, requestMethod === 'HEAD');
  }

  #ask(type: number, bytes: Buffer, skipsBody: boolean): Opinion {
    const module = this.#module;
    this.#headDone = false;
    this.#complete = false;
    this.#skipsBody = skipsBody;
    this.#body = [];
    const parser = module.llhttp_alloc(type);
    const data = module.malloc(Math.max(1, bytes.length));
    new Uint8Array(module.memory.buffer, data, bytes.length).set(bytes);
    const result = module.llhttp_execute(parser, data, bytes.length);
    const used = result === 0 ? bytes.length : module.llhttp_get_error_pos(parser) - data;
    const refused = result !== 0 && result !== paused && result !== pausedForUpgrade;
    const reason = refused ? this.#text(module.llhttp_get_error_reason(parser)) : '';
    module.free(data);
    module.llhttp_free(parser);
    return {
      end: refused ? 'refused' : this.#complete ? 'complete' : 'more',
      headDone: this.#headDone,
      body: this.#body.join(''),
      rest: bytes.toString('latin1', used),
      reason,
    };
  }

  #text(address: number): string {
    const bytes = Buffer.from(this.#module.memory.buffer, address);
    return bytes.toString('latin1', 0, bytes.indexOf(0));
  }
}
