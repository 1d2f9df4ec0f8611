/** Names of images, who may pull them, and what registries ask for. */
import { describe, expect, test } from 'vitest';
import { parseImageName, registryOrigin, withDigest } from './image-name.ts';
import { credentialsFor } from './pull-credentials.ts';
import { readChallenge } from './registry-challenge.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a name', () => {
  test.each([
    ['busybox', ['index.docker.io', 'library/busybox', 'latest', '']],
    ['team/app:v1', ['index.docker.io', 'team/app', 'v1', '']],
    ['docker.io/busybox', ['index.docker.io', 'library/busybox', 'latest', '']],
    ['localhost/app', ['localhost', 'app', 'latest', '']],
    ['registry.example.com:5000/team/app', ['registry.example.com:5000', 'team/app', 'latest', '']],
    [`ghcr.io/team/app:v1@${digest}`, ['ghcr.io', 'team/app', 'v1', digest]],
  ])('%s', (image, expected) => {
    const parsed = parseImageName(image);
    expect(parsed && [parsed.registry, parsed.repository, parsed.tag, parsed.digest]).toEqual(expected);
  });

  test('that is none is none', () => {
    expect(parseImageName('a:b:c')).toBeUndefined();
  });

  test('by its digest says where it is', () => {
    const parsed = parseImageName('busybox:1');
    expect(parsed && withDigest(parsed, digest)).toBe(`index.docker.io/library/busybox@${digest}`);
  });

  test('on the machine itself is asked for without TLS', () => {
    expect(['127.0.0.1:5000', 'localhost', 'kind.local', 'ghcr.io'].map(registryOrigin)).toEqual(['http://127.0.0.1:5000', 'http://localhost', 'http://kind.local', 'https://ghcr.io']);
  });
});

describe('a Secret for pulling', () => {
  const secret = (key: string, value: unknown) => ({ data: { [key]: Buffer.from(JSON.stringify(value)).toString('base64') } });
  const auth = Buffer.from('ewe:se:cret').toString('base64');

  test.each([
    ['of today', secret('.dockerconfigjson', { auths: { 'ghcr.io': { auth } } }), 'ghcr.io'],
    ['with a name and a password', secret('.dockerconfigjson', { auths: { 'ghcr.io': { username: 'ewe', password: 'se:cret' } } }), 'ghcr.io'],
    ['of before', secret('.dockercfg', { 'https://ghcr.io/v1/': { auth } }), 'ghcr.io'],
    ['of Docker’s own registry', secret('.dockerconfigjson', { auths: { 'https://index.docker.io/v1/': { auth } } }), 'index.docker.io'],
  ])('%s', (_, given, registry) => {
    expect(credentialsFor(registry, [given])).toEqual({ username: 'ewe', password: 'se:cret' });
    expect(credentialsFor('quay.io', [given])).toBeUndefined();
  });

  test('that cannot be read has nobody', () => {
    for (const given of [{}, { data: { '.dockerconfigjson': 'no' } }, secret('.dockerconfigjson', { auths: { 'ghcr.io': { auth: 'bm8=' } } }), secret('.dockerconfigjson', null)]) {
      expect(credentialsFor('ghcr.io', [given])).toBeUndefined();
    }
  });
});

test('a registry says where its tokens are', () => {
  expect(readChallenge('Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull"', 'x')).toEqual({
    kind: 'bearer',
    tokenUrl: 'https://auth.example/token?service=reg&scope=repository%3Aa%2Fb%3Apull',
  });
  expect(readChallenge('bearer realm="https://auth.example/token?k=v"', 'a/b')).toEqual({ kind: 'bearer', tokenUrl: 'https://auth.example/token?k=v&scope=repository%3Aa%2Fb%3Apull' });
  expect(readChallenge('Basic realm="x"', 'a')).toEqual({ kind: 'basic' });
  expect(readChallenge('Bearer realm="nowhere"', 'a')).toBeUndefined();
  expect(readChallenge('', 'a')).toBeUndefined();
});
