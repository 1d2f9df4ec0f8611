import { expect, test } from 'vitest';
import type { GatewayListener, LabelSelector } from './api/gateway-api.ts';
import { allowedKinds, allowsNamespace } from './allowed-routes.ts';

const listener = (allowedRoutes: NonNullable<GatewayListener['allowedRoutes']>): GatewayListener => ({ name: 'l', port: 80, protocol: 'HTTP', allowedRoutes });
const labels: Readonly<Record<string, Readonly<Record<string, string>>>> = { shop: { team: 'a', stage: 'live' }, news: { team: 'b' }, bare: {} };

function chosen(selector: LabelSelector): string[] {
  return [...Object.keys(labels), 'gone'].filter((namespace) => allowsNamespace(listener({ namespaces: { from: 'Selector', selector } }), 'own', namespace, (name) => labels[name]));
}

const expression = (operator: string, values?: readonly string[]): LabelSelector => ({ matchExpressions: [{ key: 'team', operator, ...(values ? { values } : {}) }] });

test.each([
  ['labels', { matchLabels: { team: 'a' } }, ['shop']],
  ['In', expression('In', ['a', 'b']), ['shop', 'news']],
  ['NotIn', expression('NotIn', ['a']), ['news', 'bare']],
  ['Exists', expression('Exists'), ['shop', 'news']],
  ['DoesNotExist', expression('DoesNotExist'), ['bare']],
  ['an operator that nobody knows', expression('Like', ['a']), []],
  ['all that is asked for', { matchLabels: { team: 'a' }, matchExpressions: [{ key: 'stage', operator: 'In', values: ['test'] }] }, []],
  ['nothing', {}, ['shop', 'news', 'bare']],
] satisfies [string, LabelSelector, string[]][])('namespaces are chosen by %s', (_, selector, expected) => {
  expect(chosen(selector)).toEqual(expected);
});

test('a selector that is missing chooses nobody', () => {
  expect(allowsNamespace(listener({ namespaces: { from: 'Selector' } }), 'own', 'own', () => ({}))).toBe(false);
});

test('kinds of other groups are none of ours', () => {
  expect(allowedKinds(listener({ kinds: [{ kind: 'HTTPRoute' }, { group: 'example.com', kind: 'GRPCRoute' }] }))).toEqual({ kinds: ['HTTPRoute'], unknown: ['GRPCRoute'] });
});
