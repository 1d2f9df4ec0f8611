/** Creating an object. */
import type { JsonObject } from '../json.ts';
import { ensureObject, objectAt, textAt } from '../json.ts';
import { guardCreation } from '../access/guard-creation.ts';
import { trackUpdate } from '../ownership/managed-fields.ts';
import type { WriteOptions } from '../request/write-options.ts';
import { warningHeaders } from '../respond.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { StatusError, alreadyExists, badRequest, forbidden, notFound } from '../status-error.ts';
import type { WriteReview } from '../admission/admission.ts';
import { matchPath, readObject, validateObjectOf } from './admit.ts';
import { formatTime, ruleContext, viewOf, type ServerContext } from './context.ts';
import { orderObject } from './object-order.ts';
import { SUFFIX_LENGTH, randomSuffix, randomUid } from './random-names.ts';
import { rereader, reviewOf } from './review.ts';
import type { Written } from './written.ts';

/** How much of `generateName` is kept, so that the name fits a label (apiserver's `names`). */
const GENERATE_NAME_MAX = 63 - SUFFIX_LENGTH;

/** @throws StatusError whatever stands against it */
export async function createObject(
  context: ServerContext,
  kind: ResourceKind,
  namespace: string | undefined,
  body: JsonObject,
  options: WriteOptions,
): Promise<Written> {
  const { object, warnings } = readObject(context, kind, body, options);
  matchPath(object, kind, namespace);
  guardCreation(context, { kind, object, namespace, options, isApplied: false });
  ownByCreator(context, kind, object, options);
  const review = reviewOf(context, { kind, subresource: '', operation: 'CREATE', namespace, name: textAt(objectAt(object, 'metadata'), 'name') }, options);
  if (!review) {
    const created = withWarnings(warnings, () => completeNew(context, kind, object));
    return { ...keepNew(context, kind, created, options), warnings };
  }
  // What webhooks change belongs to nobody, as on a cluster.
  const written = await createReviewed(context, { kind, object, options, review, warnings });
  return { ...written, warnings: [...warnings, ...review.warnings] };
}

/** The creator owns what it said and what is so by default, but nothing that the server allots, and no status. */
function ownByCreator(context: ServerContext, kind: ResourceKind, object: JsonObject, options: WriteOptions): void {
  kind.rules.complete?.(object);
  const { status } = object;
  if (kind.hasStatus) delete object['status'];
  trackUpdate(undefined, object, kind.schema, {
    manager: options.fieldManager,
    apiVersion: kind.apiVersion,
    subresource: '',
    timestamp: formatTime(context.clock.wallTime()),
  });
  if (status !== undefined) object['status'] = status;
}

interface ReviewedCreation {
  readonly kind: ResourceKind;
  /** With its managedFields, before the webhooks have their say. */
  readonly object: JsonObject;
  readonly options: WriteOptions;
  readonly review: WriteReview;
  readonly warnings: readonly string[];
}

/** A new object that webhooks want to see. @throws StatusError */
export async function createReviewed(context: ServerContext, { kind, object, options, review, warnings }: ReviewedCreation): Promise<Written> {
  const metadata = ensureObject(object, 'metadata');
  checkNamespace(context, kind, metadata);
  kind.rules.complete?.(object);
  try {
    const mutated = await review.mutate(object, undefined, rereader(context, kind, textAt(metadata, 'namespace')));
    const created = completeNew(context, kind, mutated);
    await review.validate({ object: created, oldObject: undefined });
    // It may have gone while the webhooks thought.
    checkNamespace(context, kind, objectAt(created, 'metadata'));
    return keepNew(context, kind, created, options);
  } catch (error) {
    return withWarnings([...warnings, ...review.warnings], () => {
      throw error;
    });
  }
}

/** A refusal also says what was only warned about. */
export function withWarnings<T>(warnings: readonly string[], act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof StatusError) || warnings.length === 0) throw error;
    const { code, reason, message, details, metadata, headers } = error;
    throw new StatusError(code, reason, message, { metadata, headers: { ...headers, ...warningHeaders(warnings) }, ...(details ? { details } : {}) });
  }
}

/** Everything about a new object but who owns its fields: identity, defaults, checks. */
export function completeNew(context: ServerContext, kind: ResourceKind, object: JsonObject): JsonObject {
  const metadata = ensureObject(object, 'metadata');
  if (textAt(metadata, 'resourceVersion') !== '') {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const generateName = textAt(metadata, 'generateName');
  if (textAt(metadata, 'name') === '' && generateName !== '') {
    metadata['name'] = generateName.slice(0, GENERATE_NAME_MAX) + randomSuffix(context.random);
  }
  checkNamespace(context, kind, metadata);
  metadata['uid'] = randomUid(context.random);
  metadata['creationTimestamp'] = formatTime(context.clock.wallTime());
  delete metadata['deletionTimestamp'];
  delete metadata['deletionGracePeriodSeconds'];
  if (kind.rules.hasGeneration) metadata['generation'] = 1;
  else delete metadata['generation'];
  if (kind.hasStatus && kind.custom) delete object['status'];
  kind.rules.prepareCreate?.(object, ruleContext(context));
  kind.rules.complete?.(object);
  validateObjectOf(kind, object);
  return object;
}

/** Puts a complete new object into the store, unless it is there already or this is only a trial. */
export function keepNew(context: ServerContext, kind: ResourceKind, object: JsonObject, options: WriteOptions): Written {
  const metadata = objectAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  const namespace = textAt(metadata, 'namespace');
  if (context.store.get(kind.storedAs, namespace, name)) throw alreadyExists(resourceSubject(kind, name));
  const ordered = orderObject(object, kind.custom);
  if (options.dryRun) return { status: 201, object: ordered, warnings: [] };
  const stored = kind.conversion ? kind.conversion.toStored(ordered) : ordered;
  const entry = context.store.put(kind.storedAs, namespace, name, stored);
  return { status: 201, entry, object: viewOf(entry, kind), warnings: [] };
}

function checkNamespace(context: ServerContext, kind: ResourceKind, metadata: JsonObject): void {
  if (!kind.namespaced) return;
  const name = textAt(metadata, 'namespace');
  if (name === '') throw badRequest('an empty namespace may not be set during creation');
  const entry = context.store.get('/namespaces', '', name);
  if (!entry) throw notFound({ group: '', kind: 'namespaces', name });
  if (textAt(objectAt(entry.object, 'metadata'), 'deletionTimestamp') === '') return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  throw forbidden(resourceSubject(kind, textAt(metadata, 'name')), why, [
    { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
  ]);
}
