/** Secrets that no client could be shown: each is told where it is wrong, and leaves what was good. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Ingress } from '../api/ingress.ts';
import { defaultServingConfig } from '../config/serving-config.ts';
import { aRevision, aServerlessService, tlsPair } from '../testing/index.ts';
import { ingressClass, LiveModel } from './live-model.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (value: string): string => Buffer.from(value, 'base64').toString();
const { privateKey: otherKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const secret = (data: Readonly<Record<string, string>>) => ({ metadata: { namespace: 'default', name: 'pair' }, data });

const mistakes: Readonly<Record<string, { readonly data: Readonly<Record<string, string>>; readonly why: RegExp }>> = {
  'text that is no certificate': { data: { ...tlsPair, 'tls.crt': base64('none') }, why: /tls\.crt.*holds no certificate/ },
  'a certificate that ends early': { data: { ...tlsPair, 'tls.crt': base64(text(tlsPair['tls.crt']).replace(/\n.*\n-----END/, '\n-----END')) }, why: /tls\.crt.*certificate 1 of 1 cannot be read/ },
  'a chain of which one cannot be read': { data: { ...tlsPair, 'tls.crt': base64(`${text(tlsPair['tls.crt'])}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`) }, why: /certificate 2 of 2/ },
  'text that is no key': { data: { ...tlsPair, 'tls.key': base64('none') }, why: /tls\.key.*holds no private key/ },
  'the key of another': { data: { ...tlsPair, 'tls.key': base64(String(otherKey.export({ type: 'pkcs8', format: 'pem' }))) }, why: /tls\.key.*is not the key of the first certificate/ },
};

const shop: Ingress = {
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'Ingress',
  metadata: { name: 'shop', namespace: 'default', annotations: { 'networking.knative.dev/ingress-class': ingressClass } },
  spec: {
    tls: [{ secretName: 'pair', secretNamespace: 'default' }],
    rules: [{ hosts: ['shop.example.com'], http: { paths: [{ splits: [{ serviceNamespace: 'default', serviceName: 'app-00001', servicePort: 80 }] }] } }],
  },
};

function modelWith(data: Readonly<Record<string, string>>): LiveModel {
  const model = new LiveModel({ config: defaultServingConfig });
  model.set('revisions', 'default/app-00001', aRevision('app', 1));
  model.set('serverlessServices', 'default/app-00001', aServerlessService('app-00001', 'Serve', 1));
  model.set('ingresses', 'default/shop', shop);
  model.set('secrets', 'default/pair', secret(data));
  model.take();
  return model;
}

test.each(Object.entries(mistakes))('%s', (_name, { data, why }) => {
  const model = modelWith(tlsPair);
  expect(model.certificates.map(({ hosts }) => hosts)).toEqual([['shop.example.com']]);
  model.set('secrets', 'default/pair', secret(data));
  const { certificates, owners } = model.take();
  expect(certificates).toBe(false);
  expect([...owners]).toContain('Ingress default/shop');
  expect(model.owner('Ingress default/shop')?.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([expect.stringMatching(why)]);
  expect(model.oddity('secrets', 'default/pair')).toMatchObject({ kind: 'Secret', name: 'pair' });

  model.set('secrets', 'default/pair', secret(tlsPair));
  expect([...model.take().owners]).toContain('Ingress default/shop');
  expect(model.owner('Ingress default/shop')?.problems).toEqual([]);
});

test('one that was never good is shown to nobody, and one that goes is missed', () => {
  const model = modelWith({ ...tlsPair, 'tls.key': base64('none') });
  expect(model.certificates).toEqual([]);
  model.set('secrets', 'default/pair', secret(tlsPair));
  expect(model.take().certificates).toBe(true);
  model.set('secrets', 'default/pair', undefined);
  const { owners } = model.take();
  expect([...owners]).toContain('Ingress default/shop');
  expect(model.owner('Ingress default/shop')?.problems.map(({ message }) => message)).toEqual([expect.stringContaining('is not there')]);
});
