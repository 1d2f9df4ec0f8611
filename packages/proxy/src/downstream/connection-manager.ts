/** An HTTP connection manager at work: its configuration, its numbers, and what it writes into every head. */
import { createHeaderLine, type HeadLimits, type RequestHead, type ResponseHead } from '@sluice/http';
import type { Engine } from '../engine.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import { RequestIds } from '../request-id.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { StreamInfo } from '../stream-info.ts';
import { RequestTracing } from '../tracing/request-tracing.ts';
import { DateLine } from './date-line.ts';
import { createHostCondition, type HostCondition } from './host-conditions.ts';
import { createPathCondition, type PathCondition } from './path-conditions.ts';
import { conditionRequest, createRequestConditions, type ConditioningContext, type RequestConditions } from './request-conditions.ts';
import { RequestIntakes } from './request-intakes.ts';
import { conditionResponse, type ResponseLines } from './response-conditions.ts';

export class ConnectionManager implements ConditioningContext {
  readonly config: ConnectionManagerConfig;
  readonly filterChainName: string;
  readonly statistics: DownstreamStatistics;
  readonly headLimits: HeadLimits;
  /** What reads requests of HTTP/1.1. */
  readonly intakes: RequestIntakes;
  readonly #engine: Engine;
  readonly #responseLines: ResponseLines;
  readonly requestIds: RequestIds;
  readonly conditionPath: PathCondition | undefined;
  readonly conditionHost: HostCondition | undefined;
  /** Undefined: nothing is traced. */
  readonly tracing: RequestTracing | undefined;
  /** One object for all requests: it is read at once. */
  readonly #conditions: RequestConditions = createRequestConditions();

  constructor(config: ConnectionManagerConfig, engine: Engine, filterChainName = '') {
    this.config = config;
    this.filterChainName = filterChainName;
    this.#engine = engine;
    this.statistics = engine.statistics.downstream(config.statPrefix);
    this.headLimits = { headBytesMax: config.headBytesMax, fieldsMax: config.headerCountMax };
    this.intakes = new RequestIntakes(this.headLimits);
    this.tracing = config.tracing && new RequestTracing(config.tracing, engine, config.statPrefix);
    this.requestIds = new RequestIds(engine.random);
    this.conditionPath = createPathCondition(config);
    this.conditionHost = createHostCondition(config);
    this.#responseLines = { server: createHeaderLine('server', config.serverName), date: new DateLine() };
  }

  /** The answer is valid until the next call. */
  conditionRequest(head: RequestHead, info: StreamInfo): RequestConditions {
    const conditions = this.#conditions;
    conditionRequest(head, this, info, conditions);
    if (conditions.client) info.client = conditions.client;
    return conditions;
  }

  conditionResponse(head: ResponseHead, request: RequestHead): void {
    conditionResponse(head, this.config, this.#responseLines, this.#engine.turn, request);
  }
}
