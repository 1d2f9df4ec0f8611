/**
 * One request and its response, as filters see it. The engine's own class behind it is
 * `downstream/active-stream.ts`; tests of filters use `createTestStream` of `@sluice/proxy/testing`.
 */
import type { Buffer } from 'node:buffer';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { PreferredHost } from '@sluice/balancing';
import type { Address } from '@sluice/kernel';
import type { CreateTransform } from './body-transform.ts';
import type { FilterVerdict } from './filters/filter-verdict.ts';
import type { OutcomeCode, ResponseFlag } from './outcome.ts';
import type { RouteMatch, RouteTable } from './route-match.ts';
import type { StreamInfo } from './stream-info.ts';

export interface Stream {
  readonly info: StreamInfo;
  /** Valid until the stream ends; what is needed later must be copied. */
  readonly request: RequestHead;
  /** The final response head, once it is there. */
  readonly response: ResponseHead | undefined;
  /** The route that the configuration captured at the start gives; undefined when none matches. */
  readonly route: RouteMatch | undefined;
  /** The table that the route was looked for in; undefined where it has not come. */
  readonly routes: RouteTable | undefined;
  /** True until `onEnd`. */
  readonly isActive: boolean;
  /** IP address of the client: the peer's, or the one that trusted proxies give. */
  readonly clientHost: string;
  /** Whether a body follows the request head. */
  readonly hasRequestBody: boolean;
  /** When set before the router runs, the request goes to this address, whatever the picker would say. */
  overrideHost: Address | undefined;
  /** When set before the router runs, the request goes to this host if it may; else where the picker says, or nowhere. */
  preferredHost: PreferredHost | undefined;
  /**
   * Lets a chain go on whose filter answered `wait`. Does nothing when the stream has ended meanwhile,
   * so a filter need not ask first.
   */
  continueRequest(): void;
  /**
   * Keeps the request body here until it is complete, then lets the chain go on behind the filter that asked. To be
   * called and returned from `onRequest`. A body of more bytes is refused with 413. The upstream gets it with its
   * length in the head. A filter with `onRequestBody` is asked once more when the body is there; `continue` says that
   * it is there already. With the extent `beginning` the first `bytesMax` bytes are enough, and nothing is refused.
   */
  bufferRequest(bytesMax: number, extent?: BufferExtent): FilterVerdict;
  /** What has been kept of the request body so far, in one piece; empty where nothing was. Valid until the chain goes on. */
  readonly bufferedBody: Buffer;
  /**
   * Looks for the route anew, by the request as it is now; filters behind see the new one. Which filters serve the stream
   * stays as it was.
   */
  clearRouteCache(): void;
  /** Takes the configuration that is in force now in place of the one captured at the start, and looks for the route anew. */
  adoptConfig(): void;
  /**
   * Answers in place of the upstream. Allowed until the response head has been sent; from `onRequest` (then
   * return `replied`) or later, from a wait.
   */
  reply(reply: LocalReply): void;
  /**
   * Lets the body of the response pass through a transform. To be called from `onResponse`; the filter sees to it that
   * the head tells what becomes of the body. Has no effect on local replies: false when there will be none. Transforms
   * of several filters follow each other in the order of their calls.
   */
  transformResponse(create: CreateTransform): boolean;
  /** The same for the body of the request, from `onRequest`. False when no body follows. */
  transformRequest(create: CreateTransform): boolean;
  /** Ends it now: a reply when nothing has been sent, else the client's connection is cut. */
  reset(code: OutcomeCode): void;
  /** For the slots of filters; not to be touched by anyone else. Undefined until one is filled. */
  slots: unknown[] | undefined;
}

/** How much of a body is kept: all of it, or so much that the limit is reached. */
export type BufferExtent = 'whole' | 'beginning';

/** An answer of the proxy's own. Clients that speak gRPC get it as gRPC status and message. */
export interface LocalReply {
  readonly status: number;
  readonly body?: string;
  /** Default `text/plain`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** RESPONSE_CODE_DETAILS; snake_case. */
  readonly details: string;
  readonly flag?: ResponseFlag;
  /** For gRPC clients, instead of what stands for `status`. */
  readonly grpcStatus?: number;
}
