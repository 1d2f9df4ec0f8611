/** AdmissionReview v1 as a webhook reads and answers it. Pure. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
import type { AdmissionRequest } from '@sluice/serving';
import { patchBetween } from './json-patch.ts';

export interface ReviewRequest extends AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly name?: string;
  readonly dryRun?: boolean;
}

export type Decision =
  | { readonly kind: 'allow'; readonly warnings?: readonly string[] }
  /** The object is to be this one. */
  | { readonly kind: 'change'; readonly object: unknown; readonly warnings?: readonly string[] }
  /** @see https://github.com/knative/pkg/blob/main/webhook/admission.go: a refusal is a bad request */
  | { readonly kind: 'refuse'; readonly message: string };

/** Answers one kind of question. */
export type Reviewer = (request: ReviewRequest) => Decision | Promise<Decision>;

/** The request of a review, or undefined when the text is none. */
export function readReview(text: string): ReviewRequest | undefined {
  try {
    const review = JSON.parse(text) as { apiVersion?: unknown; kind?: unknown; request?: Partial<ReviewRequest> } | null;
    if (review?.apiVersion !== 'admission.k8s.io/v1' || review.kind !== 'AdmissionReview') return undefined;
    const { request } = review;
    if (typeof request?.uid !== 'string' || typeof request.kind?.kind !== 'string') return undefined;
    return request as ReviewRequest;
  } catch {
    return undefined;
  }
}

/** The whole answer, as an object. */
export function answerReview(request: ReviewRequest, decision: Decision): unknown {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: request.uid, ...responseOf(request, decision) } };
}

function responseOf({ object }: ReviewRequest, decision: Decision): object {
  switch (decision.kind) {
    case 'allow':
      return { allowed: true, ...warned(decision.warnings) };
    case 'change': {
      const patch = patchBetween(object, decision.object);
      const change = patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
      return { allowed: true, ...change, ...warned(decision.warnings) };
    }
    case 'refuse': {
      const { message } = decision;
      return { allowed: false, status: { status: 'Failure', message, reason: 'BadRequest', code: 400 } };
    }
  }
}

function warned(warnings: readonly string[] = []): object {
  return warnings.length === 0 ? {} : { warnings };
}
