import { describe, expect, it } from 'vitest';
import { builtinKinds } from '../resources/builtin/kinds.ts';
import { loadBuiltinSchemas } from '../schema/builtin-schemas.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { LOCAL_USER } from '../request/user.ts';
import type { JsonObject } from '../json.ts';
import type { WriteAttributes } from './attributes.ts';
import { matchRules, matchSelectors } from './matching.ts';
import { readWebhooks, type Webhook } from './webhook.ts';

const kinds = builtinKinds(loadBuiltinSchemas());
const kindOf = (apiVersion: string, name: string) => kinds.find((one) => one.apiVersion === apiVersion && one.kind === name) as ResourceKind;

function webhook(more: JsonObject): Webhook {
  const clientConfig = { url: 'https://h' };
  return readWebhooks({ metadata: { name: 'c' }, webhooks: [{ name: 'a.b.c', clientConfig, timeoutSeconds: 1, ...more }] })[0] as Webhook;
}

function write(kind: string, more: Partial<WriteAttributes> = {}, apiVersion = 'v1'): WriteAttributes {
  const found = kindOf(apiVersion, kind);
  return { kind: found, subresource: '', operation: 'CREATE', namespace: found.namespaced ? 'n' : '', name: 'x', dryRun: false, user: LOCAL_USER, options: {}, ...more };
}

const rule = (resource: string, more: JsonObject = {}): JsonObject => ({ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], scope: '*', resources: [resource], ...more });

describe('rules', () => {
  it.each([
    ['pods', write('Pod'), true],
    ['pods', write('Pod', { subresource: 'status' }), false],
    ['pods/status', write('Pod', { subresource: 'status' }), true],
    ['pods/status', write('Pod'), false],
    ['pods/*', write('Pod', { subresource: 'status' }), true],
    ['*/scale', write('Deployment', { subresource: 'scale' }, 'apps/v1'), true],
    ['*', write('ConfigMap'), true],
    ['*', write('Pod', { subresource: 'status' }), false],
    ['*/*', write('Pod', { subresource: 'status' }), true],
    ['services', write('Pod'), false],
  ])('of %s', (resource, attributes, expected) => {
    expect(matchRules(webhook({ rules: [rule(resource)] }), attributes, kinds) !== undefined).toBe(expected);
  });

  it.each([
    [{ operations: ['UPDATE'] }, false],
    [{ operations: ['DELETE', 'CREATE'] }, true],
    [{ scope: 'Cluster' }, false],
    [{ scope: 'Namespaced' }, true],
    [{ apiGroups: ['apps'] }, false],
    [{ apiVersions: ['v2'] }, false],
  ])('that say %j of a pod made', (more, expected) => {
    expect(matchRules(webhook({ rules: [rule('pods', more as JsonObject)] }), write('Pod'), kinds) !== undefined).toBe(expected);
  });

  it('take in another version of the same objects, unless they are meant exactly', () => {
    const rules = [rule('events', { apiGroups: ['events.k8s.io'] })];
    expect(matchRules(webhook({ rules }), write('Event'), kinds)).toBe(kindOf('events.k8s.io/v1', 'Event'));
    expect(matchRules(webhook({ rules, matchPolicy: 'Exact' }), write('Event'), kinds)).toBeUndefined();
  });
});

describe('selectors', () => {
  const labelled = (labels: JsonObject) => ({ metadata: { labels } });
  const selective = webhook({ objectSelector: { matchLabels: { on: '1' } }, namespaceSelector: { matchExpressions: [{ key: 'off', operator: 'DoesNotExist' }] } });

  it('look at the object before and after', () => {
    const judged = (object: JsonObject, oldObject?: JsonObject) => matchSelectors(selective, write('Pod'), { object, oldObject }, {});
    expect([judged(labelled({ on: '1' })), judged(labelled({})), judged(labelled({}), labelled({ on: '1' }))]).toEqual([true, false, true]);
  });

  it('look at the namespace, which of a namespace is itself, and of a cluster’s objects nothing', () => {
    const object = labelled({ on: '1' });
    expect(matchSelectors(selective, write('Pod'), { object, oldObject: undefined }, { off: '' })).toBe(false);
    expect(matchSelectors(selective, write('Node'), { object, oldObject: undefined }, { off: '' })).toBe(true);
    expect(matchSelectors(selective, write('Namespace'), { object: labelled({ on: '1', off: '' }), oldObject: undefined }, {})).toBe(false);
    expect(matchSelectors(selective, write('Namespace', { operation: 'DELETE' }), { object: undefined, oldObject: object }, { off: '' })).toBe(false);
  });
});
