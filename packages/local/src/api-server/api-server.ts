/**
 * The embedded API server: Kubernetes' HTTP API over one map of objects. `handle` is the whole of it;
 * sockets are added by `serveApiServer`.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { Access, type AccessOptions } from './access/access.ts';
import { createStandardRoles } from './access/standard-roles.ts';
import { Admission } from './admission/admission.ts';
import { NO_WEBHOOKS, type WebhookCaller } from './admission/webhook-caller.ts';
import { Discovery } from './discovery/discovery.ts';
import { OpenApi } from './discovery/openapi.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { handlePath, type Documents } from './handle-path.ts';
import { handleResource } from './handle-resource.ts';
import { DefinitionLifecycle } from './lifecycle/definition-lifecycle.ts';
import { GarbageCollector } from './lifecycle/garbage-collector.ts';
import { NamespaceLifecycle, createStandardNamespaces } from './lifecycle/namespace-lifecycle.ts';
import { DEFAULT_LIMITS, type ApiServerLimits } from './limits.ts';
import type { Patience } from './patience.ts';
import type { PodLogs } from './pod-logs.ts';
import { parseTarget } from './request/target.ts';
import { builtinKinds } from './resources/builtin/kinds.ts';
import { Registry } from './resources/registry.ts';
import { failure } from './respond.ts';
import { loadBuiltinSchemas } from './schema/builtin-schemas.ts';
import { StatusError, internalError } from './status-error.ts';
import type { Storage } from './storage/storage.ts';
import { ObjectStore } from './store/object-store.ts';
import type { ServerContext } from './verbs/context.ts';
import { WatchHub } from './verbs/watch.ts';

export interface ApiServerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** For uids and generated names: two runs of one seed give identical objects. */
  readonly random: Random;
  readonly storage: Storage;
  readonly logger: Logger;
  /** Absent: logs of a pod are refused with a clear message. May also be given later by `setPodLogs`. */
  readonly podLogs?: PodLogs;
  /** How admission webhooks are reached. Absent: none can be, and what their configurations say of that holds. */
  readonly webhooks?: WebhookCaller;
  readonly limits?: Partial<ApiServerLimits>;
  /** Absent: everybody hears of everything at once. */
  readonly patience?: Patience;
  /** Default: open to everybody who reaches it. */
  readonly access?: AccessOptions;
}

export interface ApiServer {
  readonly limits: ApiServerLimits;
  /** Answers one request. Never rejects: what goes wrong is a Status object with its code. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Sets who answers for logs, for a kubelet that is made after the server. */
  setPodLogs(podLogs: PodLogs): void;
  /** Forgets the history, as a compaction does: watches from before are told 410 Expired. */
  compactHistory(): void;
  /** Ends every watch, stops background work, closes the storage. Requests afterwards are answered with 503. */
  stop(): void;
}

/** Reads what the storage holds and is ready at once. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return assembleApiServer(options).server;
}

/** The server together with what stands behind it, for tests that play somebody who writes past it. */
export function assembleApiServer(options: ApiServerOptions): { server: ApiServer; context: ServerContext } {
  const { clock, timers, random, storage, logger } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const schemas = loadBuiltinSchemas();
  const registry = new Registry(builtinKinds(schemas));
  const store = new ObjectStore({ storage, historyEventsMax: limits.historyEventsMax });
  const context: ServerContext = {
    clock,
    timers,
    random,
    logger,
    limits,
    store,
    registry,
    schemas,
    admission: new Admission({ store, registry, caller: options.webhooks ?? NO_WEBHOOKS, random, logger }),
    access: new Access(options.access ?? { mode: 'open' }, store, clock, random),
    podLogs: options.podLogs,
    patience: options.patience,
  };
  const hub = new WatchHub();
  const documents: Documents = { discovery: new Discovery(registry), openApi: new OpenApi(registry, schemas, clock) };
  createStandardNamespaces(context);
  if (options.access?.mode === 'rbac') createStandardRoles(context);
  const background = [new DefinitionLifecycle(context), new GarbageCollector(context), new NamespaceLifecycle(context)];
  let isStopped = false;

  const server: ApiServer = {
    limits,
    async handle(request) {
      if (isStopped) return failure(new StatusError(503, 'ServiceUnavailable', 'the server is stopping'));
      try {
        return await answer(context, hub, documents, request);
      } catch (error) {
        return failure(asStatusError(error, request, logger));
      }
    },
    setPodLogs(podLogs) {
      context.podLogs = podLogs;
    },
    compactHistory: () => store.compactHistory(),
    stop() {
      if (isStopped) return;
      isStopped = true;
      for (const one of background) one.stop();
      hub.endAll();
      context.admission.close();
      store.close();
    },
  };
  return { server, context };
}

async function answer(context: ServerContext, hub: WatchHub, documents: Documents, request: ApiRequest): Promise<ApiResponse> {
  const target = parseTarget(request.path);
  const admitted = context.access.admit(request, target);
  if (target.kind === 'path') return handlePath(documents, admitted, target.path, target.query);
  return handleResource(context, hub, admitted, target);
}

/** Anything that is not a refusal is a fault of the server: logged whole, answered as 500. */
function asStatusError(error: unknown, request: ApiRequest, logger: Logger): StatusError {
  if (error instanceof StatusError) return error;
  logger.error('request failed', { method: request.method, path: request.path, error });
  return internalError(error instanceof Error ? error.message : String(error));
}
