/** Service, Endpoints and EndpointSlice: names for sets of pods, and where these are. */
import type { JsonObject } from '../../json.ts';
import { ensureObject, isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column } from '../../tables/column.ts';
import type { RuleContext } from '../resource-kind.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, notSupported, required } from './pod-validation.ts';

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export const SERVICE: BuiltinKind = {
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  hasStatus: true,
  answersDeletedObject: true,
  selectableFields: ['spec.clusterIP', 'spec.type'],
  columns: [
    NAME_COLUMN,
    column('Type', (one) => textAt(objectAt(one, 'spec'), 'type')),
    column('Cluster-IP', (one) => textAt(objectAt(one, 'spec'), 'clusterIP') || '<none>'),
    column('External-IP', (one) => externalAddress(one)),
    column('Port(s)', (one) => portsText(one)),
    AGE_COLUMN,
    column('Selector', (one) => labelsText(objectAt(objectAt(one, 'spec'), 'selector')), 1),
  ],
  rules: {
    nameRule: 'dns1035',
    complete: completeService,
    prepareCreate: allocateClusterIP,
    prepareUpdate(next, previous) {
      const spec = ensureObject(next, 'spec');
      if (spec['type'] === 'ExternalName') return;
      for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
        const value = objectAt(previous, 'spec')[field];
        if (value !== undefined) fallback(spec, field, value);
      }
    },
    validate: validateService,
    validateUpdate(next, previous) {
      const before = textAt(objectAt(previous, 'spec'), 'clusterIP');
      const after = textAt(objectAt(next, 'spec'), 'clusterIP');
      const kept = before === '' || before === after || textAt(objectAt(next, 'spec'), 'type') === 'ExternalName';
      return kept ? [] : [badValue('spec.clusterIPs[0]', JSON.stringify([after]), 'may not change once set')];
    },
  },
};

export const ENDPOINTS: BuiltinKind = {
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  listKind: 'EndpointsList',
  shortNames: ['ep'],
  columns: [NAME_COLUMN, column('Endpoints', (one) => subsetsText(one)), AGE_COLUMN],
  rules: {
    complete(endpoints) {
      for (const subset of listAt(endpoints, 'subsets')) {
        for (const port of listAt(isObject(subset) ? subset : undefined, 'ports')) if (isObject(port)) fallback(port, 'protocol', 'TCP');
      }
    },
  },
};

export const ENDPOINT_SLICE: BuiltinKind = {
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  columns: [
    NAME_COLUMN,
    column('AddressType', (one) => textAt(one, 'addressType')),
    column('Ports', (one) => slicePortsText(one)),
    column('Endpoints', (one) => sliceAddressesText(one)),
    AGE_COLUMN,
  ],
  rules: {
    hasGeneration: true,
    complete(slice) {
      for (const port of listAt(slice, 'ports')) {
        if (!isObject(port)) continue;
        fallback(port, 'name', '');
        fallback(port, 'protocol', 'TCP');
      }
    },
    // Loopback addresses are allowed, unlike on a cluster: local pods live on 127.x.y.z.
    validate(slice) {
      const type = textAt(slice, 'addressType');
      if (type === '') return [required('addressType')];
      const allowed = ['FQDN', 'IPv4', 'IPv6'];
      return allowed.includes(type) ? [] : [notSupported('addressType', type, allowed)];
    },
  },
};

function completeService(service: JsonObject): void {
  const spec = ensureObject(service, 'spec');
  fallback(spec, 'type', 'ClusterIP');
  fallback(spec, 'sessionAffinity', 'None');
  for (const port of listAt(spec, 'ports')) {
    if (!isObject(port)) continue;
    fallback(port, 'protocol', 'TCP');
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '') {
      port['targetPort'] = port['port'] ?? 0;
    }
  }
  if (spec['type'] !== 'ExternalName') {
    fallback(spec, 'internalTrafficPolicy', 'Cluster');
  }
  fallback(ensureObject(service, 'status'), 'loadBalancer', {});
}

/**
 * A free address of 10.96.0.0/16, counted up from 10.96.0.1, which is the range kubeadm gives out. Nothing
 * listens there in local mode; clients and tables expect the field.
 */
function allocateClusterIP(service: JsonObject, context: RuleContext): void {
  const spec = ensureObject(service, 'spec');
  if (spec['type'] === 'ExternalName') return;
  if (textAt(spec, 'clusterIP') === '') {
    const used = new Set(context.list('/services').map((one) => textAt(objectAt(one, 'spec'), 'clusterIP')));
    let number = 1;
    while (used.has(addressOf(number))) number += 1;
    spec['clusterIP'] = addressOf(number);
  }
  spec['clusterIPs'] = [textAt(spec, 'clusterIP')];
  fallback(spec, 'ipFamilies', ['IPv4']);
  fallback(spec, 'ipFamilyPolicy', 'SingleStack');
}

function addressOf(number: number): string {
  return `10.96.${(number >> 8) & 255}.${number & 255}`;
}

function validateService(service: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const spec = objectAt(service, 'spec');
  const type = textAt(spec, 'type');
  const ports = listAt(spec, 'ports');
  if (ports.length === 0 && type !== 'ExternalName' && spec['clusterIP'] !== 'None') causes.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    if (!isObject(port)) continue;
    const path = `spec.ports[${index}]`;
    if (ports.length > 1 && textAt(port, 'name') === '') causes.push(required(`${path}.name`));
    for (const field of ['port', 'targetPort'] as const) {
      const number = port[field];
      if (typeof number === 'number' && (number < 1 || number > 65535)) {
        causes.push(badValue(`${path}.${field}`, String(number), 'must be between 1 and 65535, inclusive'));
      }
    }
    const protocol = textAt(port, 'protocol');
    if (!PROTOCOLS.includes(protocol)) causes.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  }
  if (!SERVICE_TYPES.includes(type)) causes.push(notSupported('spec.type', type, SERVICE_TYPES));
  return causes;
}

function externalAddress(service: JsonObject): string {
  const spec = objectAt(service, 'spec');
  if (spec['type'] === 'ExternalName') return textAt(spec, 'externalName');
  const ingress = listAt(objectAt(objectAt(service, 'status'), 'loadBalancer'), 'ingress');
  const found = ingress.map((one) => textAt(isObject(one) ? one : undefined, 'ip') || textAt(isObject(one) ? one : undefined, 'hostname'));
  if (found.length > 0) return found.join(',');
  return spec['type'] === 'LoadBalancer' ? '<pending>' : '<none>';
}

function portsText(service: JsonObject): string {
  const ports = listAt(objectAt(service, 'spec'), 'ports').filter((one) => isObject(one));
  const texts = ports.map((port) => {
    const node = typeof port['nodePort'] === 'number' ? `:${port['nodePort']}` : '';
    return `${String(port['port'])}${node}/${textAt(port, 'protocol')}`;
  });
  return texts.length === 0 ? '<none>' : texts.join(',');
}

function labelsText(labels: JsonObject): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  return texts.length === 0 ? '<none>' : texts.sort().join(',');
}

function subsetsText(endpoints: JsonObject): string {
  const texts: string[] = [];
  for (const subset of listAt(endpoints, 'subsets')) {
    if (!isObject(subset)) continue;
    const ports = listAt(subset, 'ports').map((port) => (isObject(port) ? String(port['port']) : ''));
    for (const address of listAt(subset, 'addresses')) {
      const ip = isObject(address) ? textAt(address, 'ip') : '';
      if (ports.length === 0) texts.push(ip);
      for (const port of ports) texts.push(`${ip}:${port}`);
    }
  }
  return shortList(texts, '<none>');
}

function slicePortsText(slice: JsonObject): string {
  const ports = listAt(slice, 'ports').map((port) => (isObject(port) && port['port'] !== undefined ? String(port['port']) : '*'));
  return shortList(ports, '<unset>');
}

function sliceAddressesText(slice: JsonObject): string {
  const addresses = listAt(slice, 'endpoints').flatMap((one) => listAt(isObject(one) ? one : undefined, 'addresses').map(String));
  return shortList(addresses, '<unset>');
}

/** The first three, and how many more there are. */
function shortList(texts: readonly string[], empty: string): string {
  if (texts.length === 0) return empty;
  const shown = texts.slice(0, 3).join(',');
  return texts.length > 3 ? `${shown} + ${texts.length - 3} more...` : shown;
}
