import { decodeCluster, decodeClusterLoadAssignment, decodeSecret, typeUrls } from '@sluice/resources';
import type { InternalTls, ServingModel } from '@sluice/serving';
import { expect, test } from 'vitest';

import { defaultTranslateOptions } from './options.ts';
import type { JsonObject, TranslatedResource } from './resource.ts';
import { sampleEndpoint, sampleModel, sampleRevision, sampleRoute } from './testing/index.ts';
import { Translator, viewOf, type GroupChanges } from './translator.ts';

const key = 'shop/cart-00001';
const internalTls: InternalTls = { authorities: 'root\n', identity: { certificateChain: 'chain', privateKey: 'key' } };

const pod = sampleEndpoint('10.0.0.1', { tlsPort: 8112 });
const activators = [sampleEndpoint('10.0.9.1', { tlsPort: 8112 }), sampleEndpoint('10.0.9.2')];
const secured = sampleRevision(key, { isSecured: true, pods: [pod, sampleEndpoint('10.0.0.2', { tlsPort: 8112, ready: false })], activators });

function modelOf(revision = secured): ServingModel {
  return sampleModel({ revisions: [revision], routes: [sampleRoute('shop/cart', { [revision.key]: 100 })] });
}

function startedWith(model: ServingModel, tls: InternalTls | undefined): Translator {
  const translator = new Translator(defaultTranslateOptions);
  translator.setInternalTls(tls);
  const { view, change } = viewOf(model);
  translator.update(view, change);
  return translator;
}

const nothingNew = { revisions: new Set<string>(), backends: new Set<string>(), routes: new Set<string>(), owners: new Set<string>(), certificates: false };

type Group = 'sluice-gateway' | 'sluice-activator' | 'sluice-proxyless';

function resource(translator: Translator, group: Group, typeUrl: string, name = key): JsonObject | undefined {
  return translator.resources()[group].find((one: TranslatedResource) => one.typeUrl === typeUrl && one.name === name)?.value;
}

/** `host:port`, with a lock where TLS is spoken. */
function endpoints(translator: Translator, group: Group): string[] {
  const decoded = decodeClusterLoadAssignment(resource(translator, group, typeUrls.clusterLoadAssignment));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value.localities.flatMap((locality) =>
    locality.endpoints.map(({ address, metadata }) => `${address.host}:${address.port}${metadata['envoy.transport_socket_match']?.['tls'] === 'internal' ? ' locked' : ''}`),
  );
}

function subjects(translator: Translator, group: Group): string[] | undefined {
  const decoded = decodeCluster(resource(translator, group, typeUrls.cluster));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const [match] = decoded.value.transportSocketMatches ?? [];
  if (match?.socket.kind !== 'tls') return undefined;
  const { validation, alpnProtocols, parameters } = match.socket.tls.common;
  if (validation?.kind !== 'combined') throw new Error('whoever answers is believed');
  expect([alpnProtocols, parameters.minVersion]).toEqual([['http/1.1'], 'TLSv1.3']);
  return validation.context.sanMatchers.map(({ type, matcher: { kind, value } }) => `${type} ${kind} ${value}`);
}

test('pods with certificates are spoken to at their port for TLS, and must be of their namespace', () => {
  const translator = startedWith(modelOf(), internalTls);
  expect(endpoints(translator, 'sluice-gateway')).toEqual(['10.0.0.1:8112 locked']);
  expect(endpoints(translator, 'sluice-activator')).toEqual(['10.0.0.1:8112 locked', '10.0.0.2:8112 locked']);
  expect(subjects(translator, 'sluice-gateway')).toEqual(['DNS exact kn-routing', 'DNS exact kn-user-shop']);
  expect(subjects(translator, 'sluice-activator')).toEqual(['DNS exact kn-user-shop']);
});

test('in mode Proxy activators are, those that have such a port', () => {
  const translator = startedWith(modelOf({ ...secured, mode: 'Proxy' }), internalTls);
  expect(endpoints(translator, 'sluice-gateway')).toEqual(['10.0.9.1:8112 locked']);
  const listener = resource(translator, 'sluice-activator', typeUrls.listener, 'activator_https');
  expect(listener?.['address']).toEqual({ socket_address: { address: '0.0.0.0', port_value: 8112 } });
});

test('who shares pods is said beside it', () => {
  const translator = startedWith(modelOf({ ...secured, containerConcurrency: 1 }), internalTls);
  const decoded = decodeClusterLoadAssignment(resource(translator, 'sluice-activator', typeUrls.clusterLoadAssignment));
  expect(decoded.ok && decoded.value.localities[0]?.endpoints[0]?.metadata).toEqual({ 'envoy.transport_socket_match': { tls: 'internal' }, 'sluice.revision': { activators: ['10.0.9.1', '10.0.9.2'] } });
});

test('pods without certificates go on in the open, and so does all when nobody could vouch for anybody', () => {
  const { isSecured: _, ...open } = secured;
  const other = startedWith(modelOf(open), internalTls);
  expect(endpoints(other, 'sluice-gateway')).toEqual(['10.0.0.1:8012']);
  const without = startedWith(modelOf(), undefined);
  expect(endpoints(without, 'sluice-gateway')).toEqual(['10.0.0.1:8012']);
  expect(subjects(without, 'sluice-gateway')).toBeUndefined();
  expect(resource(without, 'sluice-activator', typeUrls.listener, 'activator_https')).toBeUndefined();
});

test('clients that take xDS themselves go to the ports that they know how to speak to', () => {
  const h2c = sampleRevision(key, { ...secured, protocol: 'h2c' });
  expect(endpoints(startedWith(modelOf(h2c), internalTls), 'sluice-proxyless')).toEqual(['10.0.0.1:8012']);
});

test('a certificate or an authority that is new is a Secret that is new, and nothing else', () => {
  const translator = startedWith(modelOf(), internalTls);
  const { view } = viewOf(modelOf());
  translator.setInternalTls({ authorities: 'other\n', identity: { certificateChain: 'renewed', privateKey: 'key' } });
  const changes: GroupChanges = translator.update(view, nothingNew);
  const changed = (group: Group) => changes[group].changed.map(({ name, value }) => [name, decodeSecret(value).ok]);
  expect(changed('sluice-gateway')).toEqual([['system-internal-tls/authorities', true]]);
  expect(changed('sluice-activator')).toEqual([['system-internal-tls/authorities', true], ['system-internal-tls/routing', true]]);
  expect(Object.values(changes).flatMap(({ removed }) => removed)).toEqual([]);
});

test('when it ends, endpoints go back first, while clusters still know how to reach those that have not', () => {
  const translator = startedWith(modelOf(), internalTls);
  const { view } = viewOf(modelOf());
  translator.setInternalTls(undefined);
  translator.update(view, nothingNew);
  for (const group of ['sluice-gateway', 'sluice-activator'] as const) {
    expect(endpoints(translator, group)[0]).toBe('10.0.0.1:8012');
    expect(subjects(translator, group)).toBeDefined();
  }
  translator.setInternalTls(internalTls);
  translator.update(view, nothingNew);
  expect(endpoints(translator, 'sluice-gateway')).toEqual(['10.0.0.1:8112 locked']);
});
