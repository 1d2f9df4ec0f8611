import { describe, expect, test } from 'vitest';
import { defaultServingConfig, type AdmissionRules, type PodDryRun } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { answerReview, readReview, type ReviewRequest } from './admission-review.ts';
import { defaultingReviewer, validatingReviewer } from './serving-reviews.ts';
import { applyJsonPatchForTest } from './testing/apply-json-patch.ts';

const rules: AdmissionRules = { config: defaultServingConfig, checkScaling: () => [] };
const [fillIn, judge] = [defaultingReviewer(() => rules), validatingReviewer(() => rules)];

function request(object: unknown, more: Partial<ReviewRequest> = {}): ReviewRequest {
  const kind = { group: 'serving.knative.dev', version: 'v1', kind: 'Service' };
  return { uid: 'u1', kind, namespace: 'default', operation: 'CREATE', userInfo: { username: 'ewe' }, object, ...more };
}

interface Answer {
  readonly response: { readonly uid: string; readonly allowed: boolean; readonly patch?: string; readonly patchType?: string; readonly status?: unknown };
}

describe('a Service on its way in', () => {
  test('is filled in by a patch that fits it, and is then found good', async () => {
    const service = aService('hello');
    const { response } = answerReview(request(service), fillIn(request(service))) as Answer;
    expect(response).toMatchObject({ uid: 'u1', allowed: true, patchType: 'JSONPatch' });
    const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as Parameters<typeof applyJsonPatchForTest>[1];
    const filled = applyJsonPatchForTest(service, patch);
    expect(filled).toMatchObject({ metadata: { annotations: { 'serving.knative.dev/creator': 'ewe' } }, spec: { template: { spec: { timeoutSeconds: 300 } } } });
    expect(await judge(request(filled))).toMatchObject({ kind: 'allow' });
    // Asked again, there is nothing left to do.
    expect(answerReview(request(filled), fillIn(request(filled)))).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u1', allowed: true } });
  });

  test('that is wrong is refused as Knative refuses it, with everything at once', async () => {
    const wrong = aService('hello', { spec: { containers: [{}], timeoutSeconds: 9999 } });
    const decision = await judge(request(wrong));
    expect(answerReview(request(wrong), decision)).toMatchObject({
      response: {
        allowed: false,
        status: {
          code: 400,
          reason: 'BadRequest',
          message: 'validation failed: expected 0 <= 9999 <= 600: spec.template.spec.timeoutSeconds\nmissing field(s): spec.template.spec.containers[0].image',
        },
      },
    });
    expect(fillIn(request(wrong)).kind).not.toBe('refuse');
  });
});

describe('its pod', () => {
  const said = (answer: string | undefined) => {
    const tried: PodDryRun[] = [];
    const reviewer = validatingReviewer(() => rules, async (dryRun) => {
      tried.push(dryRun);
      return answer;
    });
    return { reviewer, tried };
  };
  const asked = { dryRun: true } as const;

  test('is tried where that is asked for, and the object refused for what that comes to', async () => {
    const { reviewer, tried } = said('pods "dry-run-validation" is forbidden: exceeded quota');
    expect(await reviewer(request(aService('hello'), asked))).toEqual({ kind: 'refuse', message: 'validation failed: dry run failed with pods "dry-run-validation" is forbidden: exceeded quota: spec.template' });
    expect(tried).toMatchObject([{ pod: { kind: 'Pod', metadata: { namespace: 'default' } } }]);
  });

  test('is not tried where nobody asks, nor where the object is wrong already', async () => {
    const { reviewer, tried } = said('no');
    expect(await reviewer(request(aService('hello')))).toMatchObject({ kind: 'allow' });
    expect(await reviewer(request(aService('hello', { spec: { timeoutSeconds: 9999 } }), asked))).toMatchObject({ kind: 'refuse' });
    expect(tried).toEqual([]);
  });

  test('may be good, or nobody may be able to try it', async () => {
    expect(await said(undefined).reviewer(request(aService('hello'), asked))).toMatchObject({ kind: 'allow' });
    expect(await said('admission webhook "w" does not support dry run').reviewer(request(aService('hello'), asked))).toMatchObject({ kind: 'allow' });
  });
});

describe('a body', () => {
  test.each(['', 'null', '{}', '[]', '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"u","kind":{"kind":"Pod"}}}', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}'])('that is no review is not read as one: %s', (text) => {
    expect(readReview(text)).toBeUndefined();
  });

  test('that is one is read', () => {
    expect(readReview(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: request({}) }))).toEqual(request({}));
  });
});
