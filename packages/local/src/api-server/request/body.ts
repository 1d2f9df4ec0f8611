/** The body of a request, read when someone asks for it, in the form its content type says. */
import { parse as parseYaml } from 'yaml';
import type { ApiRequest } from '../exchange.ts';
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import { decodeKubernetesProtobuf } from '../protobuf/decode.ts';
import { StatusError, badRequest, unsupportedMediaType } from '../status-error.ts';
import { mediaTypeOf } from './negotiation.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

export class Body {
  readonly #body: string | Uint8Array;
  readonly #mediaType: string;

  /** @throws StatusError 413 when it is larger than allowed */
  constructor({ body, headers }: ApiRequest, bytesMax: number) {
    this.#body = body ?? '';
    this.#mediaType = mediaTypeOf(headers?.['content-type']);
    if (Buffer.byteLength(this.#body) > bytesMax) {
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`);
    }
  }

  text(): string {
    return typeof this.#body === 'string' ? this.#body : new TextDecoder().decode(this.#body);
  }

  /** @throws StatusError 400, 415 */
  object(): JsonObject {
    switch (this.#mediaType) {
      case '':
      case 'application/json':
        return asObject(parse(() => JSON.parse(this.text()) as unknown));
      case 'application/yaml':
        return asObject(parse(() => parseYaml(this.text(), { logLevel: 'error' }) as unknown));
      case PROTOBUF:
        return this.#protobuf();
      default:
        throw unsupportedMediaType(['application/json', 'application/yaml', PROTOBUF]);
    }
  }

  /** As `object`, where no body means nothing is asked for. */
  options(): JsonObject {
    return this.#body.length === 0 ? {} : this.object();
  }

  #protobuf(): JsonObject {
    try {
      return decodeKubernetesProtobuf(typeof this.#body === 'string' ? Buffer.from(this.#body) : this.#body);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const way = 'pass a manifest instead: kubectl create … --dry-run=client -o yaml | kubectl apply -f -';
      throw new StatusError(415, 'UnsupportedMediaType', `${error.message} - ${way}`);
    }
  }
}

function parse(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${parseProblem(error)}`);
  }
}

/** What a parser says, begun in lower case as all messages here. */
export function parseProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}

function asObject(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw badRequest('the object provided is unrecognized: the body must be an object');
}
