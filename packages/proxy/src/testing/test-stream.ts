/** A stream without a proxy around it, for tests of filters: it remembers what the filter did. */
import { Buffer } from 'node:buffer';
import { RequestHead, ResponseHead } from '@sluice/http';
import type { PreferredHost } from '@sluice/balancing';
import type { Address } from '@sluice/kernel';
import type { CreateTransform } from '../body-transform.ts';
import type { FilterVerdict } from '../filters/filter-verdict.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { RouteMatch, RouteTable } from '../route-match.ts';
import { StreamInfo } from '../stream-info.ts';
import type { LocalReply, Stream } from '../stream.ts';

const loopback: Address = { host: '127.0.0.1', port: 0 };

export class TestStream implements Stream {
  readonly info = new StreamInfo({ remote: loopback, local: loopback });
  readonly request: RequestHead;
  response: ResponseHead | undefined = undefined;
  route: RouteMatch | undefined = undefined;
  isActive = true;
  clientHost = loopback.host;
  hasRequestBody = false;
  overrideHost: Address | undefined = undefined;
  preferredHost: PreferredHost | undefined = undefined;
  slots: unknown[] | undefined = undefined;
  /** How often the filter let the chain go on after a wait. */
  continues = 0;
  /** What `bufferRequest` was called with. */
  bufferedBytesMax: number | undefined = undefined;
  bufferedBody: Buffer = Buffer.alloc(0);
  transforms: CreateTransform[] = [];
  requestTransforms: CreateTransform[] = [];
  /** How often the route was to be looked for anew. */
  routeClears = 0;
  configAdoptions = 0;
  routes: RouteTable | undefined;
  replies: LocalReply[] = [];
  resets: OutcomeCode[] = [];

  constructor(request: RequestHead) {
    this.request = request;
  }

  continueRequest(): void {
    this.continues += 1;
  }

  bufferRequest(bytesMax: number): FilterVerdict {
    this.bufferedBytesMax = bytesMax;
    return this.hasRequestBody ? 'wait' : 'continue';
  }

  clearRouteCache(): void {
    this.routeClears += 1;
  }

  adoptConfig(): void {
    this.configAdoptions += 1;
  }

  transformRequest(create: CreateTransform): boolean {
    this.requestTransforms.push(create);
    return this.hasRequestBody;
  }

  transformResponse(create: CreateTransform): boolean {
    this.transforms.push(create);
    return true;
  }

  reply(reply: LocalReply): void {
    this.replies.push(reply);
    this.response = ResponseHead.of(reply.status, reply.headers);
  }

  reset(code: OutcomeCode): void {
    this.resets.push(code);
  }
}

/** A stream for `GET http://authority/path`, or what is asked for instead. */
export function createTestStream({ method = 'GET', authority = 'example.test', path = '/', headers = {} }: TestRequest = {}): TestStream {
  return new TestStream(RequestHead.of(method, authority, path, headers));
}

export interface TestRequest {
  readonly method?: string;
  readonly authority?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
