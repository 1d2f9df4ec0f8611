/** AdmissionReview v1, both ways: the question as text, and the answer read and checked (apiserver's `admission/plugin/webhook/request`). Pure. */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { StatusError } from '../status-error.ts';
import type { WriteAttributes, WriteObjects } from './attributes.ts';

/** A kind, and the resource it is written through. */
export interface ReviewedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The resource may be of another group: a Scale is written through `deployments/scale`. */
  readonly resource: { readonly group: string; readonly version: string; readonly plural: string };
}

/**
 * @param asked in which version the webhook sees it
 * @param stated in which version the request was made
 * @param objects in the version asked
 */
export function makeReview(uid: string, attributes: WriteAttributes, asked: ReviewedKind, stated: ReviewedKind, objects: WriteObjects): JsonObject {
  const { subresource } = attributes;
  const part = (name: string): JsonObject => (subresource === '' ? {} : { [name]: subresource });
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: kindOf(asked),
      resource: resourceOf(asked),
      ...part('subResource'),
      requestKind: kindOf(stated),
      requestResource: resourceOf(stated),
      ...part('requestSubResource'),
      ...(attributes.name === '' ? {} : { name: attributes.name }),
      ...(attributes.namespace === '' ? {} : { namespace: attributes.namespace }),
      operation: attributes.operation,
      userInfo: { ...attributes.user, groups: [...attributes.user.groups] },
      object: objects.object ?? null,
      oldObject: objects.oldObject ?? null,
      dryRun: attributes.dryRun,
      options: attributes.options,
    },
  };
}

function kindOf({ group, version, kind }: ReviewedKind): JsonObject {
  return { group, version, kind };
}

function resourceOf({ resource: { group, version, plural } }: ReviewedKind): JsonObject {
  return { group, version, resource: plural };
}

export interface Verdict {
  readonly isAllowed: boolean;
  /** The Status that explains a refusal. */
  readonly result: JsonObject | undefined;
  /** Undefined when nothing is to change. */
  readonly patch: Json | undefined;
  readonly warnings: readonly string[];
}

/** An answer that is none. Counts as not having been able to ask. */
export class InvalidAnswer extends Error {}

/** @throws InvalidAnswer */
export function readReview(text: string, uid: string, isMutating: boolean): Verdict {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch (error) {
    throw new InvalidAnswer(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`);
  }
  const outer = isObject(review) ? review : {};
  if (outer['apiVersion'] !== 'admission.k8s.io/v1' || outer['kind'] !== 'AdmissionReview') {
    throw new InvalidAnswer(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${textAt(outer, 'apiVersion') || '/'}, Kind=${textAt(outer, 'kind')}`);
  }
  const response = outer['response'];
  if (!isObject(response)) throw new InvalidAnswer('webhook response was absent');
  if (textAt(response, 'uid') !== uid) throw new InvalidAnswer(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textAt(response, 'uid'))}`);
  return {
    isAllowed: response['allowed'] === true,
    result: isObject(response['status']) ? response['status'] : undefined,
    patch: readPatch(response, isMutating),
    warnings: listAt(response, 'warnings').map(String),
  };
}

function readPatch(response: JsonObject, isMutating: boolean): Json | undefined {
  const encoded = textAt(response, 'patch');
  const type = textAt(response, 'patchType');
  if (!isMutating && encoded !== '') throw new InvalidAnswer('validating webhook may not return response.patch');
  if (!isMutating && type !== '') throw new InvalidAnswer('validating webhook may not return response.patchType');
  if (encoded === '' && type === '') return undefined;
  if (encoded === '') throw new InvalidAnswer('webhook returned response.patchType but not response.patch');
  if (type === '') throw new InvalidAnswer('webhook returned response.patch but not response.patchType');
  if (type !== 'JSONPatch') throw new InvalidAnswer(`invalid value of response.patchType ${JSON.stringify(type)}, must be one of JSONPatch`);
  try {
    return JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Json;
  } catch (error) {
    throw new InvalidAnswer(`response.patch cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The object as the webhook wants it. @throws StatusError 500: a patch that does not fit is a fault of the webhook, not of the client */
export function applyVerdict(object: JsonObject, { patch }: Verdict): JsonObject {
  if (patch === undefined) return object;
  try {
    return applyJsonPatch(object, patch);
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(500, 'InternalError', `Internal error occurred: ${error.message}`, { details: { causes: [{ message: error.message }] } });
    throw error;
  }
}

/** The refusal that the client gets, in apiserver's words (`admission/plugin/webhook/errors`). */
export function refusal(name: string, result: JsonObject = {}): StatusError {
  const refused = `admission webhook ${JSON.stringify(name)} denied the request`;
  const reason = textAt(result, 'reason');
  const why = textAt(result, 'message') || reason;
  // Whatever the webhook says, a refusal is no success.
  const code = Math.max(400, Number(result['code'] ?? 0) || 0);
  const details = result['details'];
  return new StatusError(code, reason, why === '' ? `${refused} without explanation` : `${refused}: ${why}`, {
    ...(isObject(details) ? { details } : {}),
    metadata: objectAt(result, 'metadata'),
  });
}
