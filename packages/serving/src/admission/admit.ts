/**
 * What an API server is to answer when an object of serving is written: the object with its defaults and the names of who
 * wrote it, or why it is refused. The request has the form of Kubernetes' `AdmissionReview`, so that a webhook can hand it
 * on as it came. Nothing here throws, whatever the object holds.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
import type { Problem } from '@sluice/kernel';
import type { ServingObject } from '../api/object.ts';
import { describeProblems } from '../validation/field-problem.ts';
import type { AdmissionRules } from './admission-rules.ts';
import { admittedKindOf, type AdmittedKind } from './admitted-kinds.ts';
import { withoutNulls } from './without-nulls.ts';

export interface AdmissionRequest {
  readonly kind: { readonly group: string; readonly kind: string };
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** Absent or empty: the object itself is written. */
  readonly subResource?: string;
  readonly namespace?: string;
  readonly userInfo?: { readonly username?: string };
  readonly object?: unknown;
  /** What is stored, of an update. */
  readonly oldObject?: unknown;
}

export interface AdmissionAnswer {
  /** With its defaults; what was sent where nothing is filled in. */
  readonly object: unknown;
  /** Any of these refuses it. All there are, at once. */
  readonly errors: readonly Problem[];
  /** What whoever wrote it should know, though it is let in; a text each. */
  readonly warnings: readonly string[];
}

/** Fills in, and judges what that comes to: what a defaulting and a validating webhook do one after the other. */
export function admit(request: AdmissionRequest, rules: AdmissionRules): AdmissionAnswer {
  const { object, oldObject } = request;
  const kind = admittedKindOf(request.kind);
  const untouched: AdmissionAnswer = { object, errors: [], warnings: [] };
  if (!kind || (request.operation !== 'CREATE' && request.operation !== 'UPDATE')) return untouched;
  // What controllers say of an object is not for its rules; and one that goes must be able to lose its finalizers.
  if (request.subResource || isGoing(object)) return untouched;
  const readable = withoutNulls(object);
  const oddity = kind.shape(readable, '');
  if (oddity) return { object, errors: [oddity], warnings: [] };
  const before = withoutNulls(oldObject);
  const old = request.operation === 'UPDATE' && kind.shape(before, '') === undefined ? (before as ServingObject) : undefined;
  return judge(kind, inNamespace(readable as ServingObject, request.namespace), old, request, rules);
}

/** The text of a refusal, as Knative's webhook words it. */
export function refusalOf(errors: readonly Problem[]): string {
  return `validation failed: ${describeProblems(errors)}`;
}

function judge(kind: AdmittedKind, given: ServingObject, old: ServingObject | undefined, request: AdmissionRequest, rules: AdmissionRules): AdmissionAnswer {
  const user = request.userInfo?.username ?? '';
  const isUpdate = request.operation === 'UPDATE';
  const object = kind.fillIn({ object: given, old, isUpdate, user, rules });
  return {
    object,
    errors: kind.check({ object, old, isUpdate, user, rules }),
    warnings: kind.warn?.(object, rules) ?? [],
  };
}

function isGoing(object: unknown): boolean {
  const { metadata } = (object ?? {}) as { readonly metadata?: { readonly deletionTimestamp?: unknown } | null };
  return (metadata?.deletionTimestamp ?? undefined) !== undefined;
}

/** A request is for a namespace, which its object need not repeat. */
function inNamespace(object: ServingObject, namespace: string | undefined): ServingObject {
  if (!namespace || object.metadata.namespace) return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

