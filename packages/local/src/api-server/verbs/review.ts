/** How the verbs ask the webhooks. */
import type { WriteReview } from '../admission/admission.ts';
import type { Operation } from '../admission/attributes.ts';
import type { JsonObject } from '../json.ts';
import type { UserInfo } from '../request/user.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { decodeObject } from '../schema/decode.ts';
import { StatusError, conflict } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import { matchPath } from './admit.ts';
import type { ServerContext } from './context.ts';

interface Reviewed {
  readonly kind: ResourceKind;
  readonly subresource: string;
  readonly operation: Operation;
  readonly namespace: string | undefined;
  readonly name: string;
}

interface ReviewedOptions {
  readonly dryRun: boolean;
  readonly user: UserInfo;
  readonly fieldManager?: string;
  readonly fieldValidation?: string;
  readonly propagationPolicy?: string;
  readonly gracePeriodSeconds?: number | undefined;
}

/** Undefined when no webhook has to be asked. */
export function reviewOf(context: ServerContext, { namespace = '', ...reviewed }: Reviewed, options: ReviewedOptions): WriteReview | undefined {
  const { dryRun, user } = options;
  return context.admission.review({ ...reviewed, namespace, dryRun, user, options: statedOptions(reviewed.operation, options) });
}

const OPTION_KINDS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

function statedOptions(operation: Operation, options: ReviewedOptions): JsonObject {
  const { fieldManager, fieldValidation, propagationPolicy, gracePeriodSeconds } = options;
  return {
    kind: OPTION_KINDS[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
  };
}

/** What a webhook has made is read like what comes from outside: fields that nobody knows are dropped, defaults filled in. */
export function rereader(context: ServerContext, kind: ResourceKind, namespace: string | undefined): (object: JsonObject) => JsonObject {
  return (object) => {
    const { value } = decodeObject(object, kind.kind, kind.schema, context.schemas.objectMeta);
    value['metadata'] ??= {};
    matchPath(value, kind, namespace);
    kind.rules.complete?.(value);
    return value;
  };
}

/** While webhooks think, others write. @throws StatusError 409 when the object is no longer what the review was about */
export function refuseChanged(context: ServerContext, kind: ResourceKind, entry: Entry): void {
  const now = context.store.get(entry.resource, entry.namespace, entry.name);
  if (now?.resourceVersion !== entry.resourceVersion) throw conflict(resourceSubject(kind, entry.name));
}

/** How often a write that does not say which version it is about is tried anew (apiserver's `MaxRetryWhenPatchConflicts`). */
const ATTEMPTS_MAX = 5;

/**
 * Runs a write again while others are quicker, as long as it does not insist on a version.
 * @param attempt reads what is there anew
 */
export async function retryChanged<T>(entry: () => Entry | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    const before = entry()?.resourceVersion;
    try {
      return await attempt();
    } catch (error) {
      const isOvertaken = error instanceof StatusError && error.code === 409 && entry()?.resourceVersion !== before;
      if (!isOvertaken || attempts === ATTEMPTS_MAX) throw error;
    }
  }
}
