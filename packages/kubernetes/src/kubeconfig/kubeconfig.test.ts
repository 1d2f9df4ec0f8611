import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findClusterAccess, loadInClusterAccess } from './connect.ts';
import { loadKubeconfig } from './kubeconfig.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const local = `
current-context: local
clusters: [{name: local, cluster: {server: "http://127.0.0.1:6443/"}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: local, context: {cluster: local, user: me, namespace: apps}}]
`;

describe('loadKubeconfig', () => {
  test('reads server, token and namespace of the current context', async () => {
    const path = await write('config', local);
    expect(await loadKubeconfig({ paths: [path] })).toEqual({
      server: 'http://127.0.0.1:6443',
      tls: {},
      token: { kind: 'value', value: 'secret' },
      namespace: 'apps',
    });
  });

  test('takes certificates from the file itself and from files beside it', async () => {
    await write('ca.pem', 'the ca');
    const path = await write(
      'config',
      `
current-context: c
clusters: [{name: k, cluster: {server: "https://h:1", certificate-authority: ca.pem, tls-server-name: other}}]
users: [{name: u, user: {client-certificate-data: ${btoa('the certificate')}, client-key-data: ${btoa('the key')}}}]
contexts: [{name: c, context: {cluster: k, user: u}}]
`,
    );
    expect(await loadKubeconfig({ paths: [path] })).toEqual({
      server: 'https://h:1',
      tls: { ca: 'the ca', certificate: 'the certificate', key: 'the key', serverName: 'other' },
      tlsFiles: { ca: join(directory, 'ca.pem') },
      namespace: 'default',
    });
  });

  test('reads which program says who we are, and what it is told', async () => {
    const exec = '{apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [a, 1], env: [{name: X, value: y}], installHint: see there, provideClusterInfo: true, interactiveMode: Never}';
    const path = await write('config', local.replace('token: secret', `exec: ${exec}`));
    expect((await loadKubeconfig({ paths: [path] })).exec).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: join(directory, 'bin/login'),
      args: ['a', '1'],
      env: { X: 'y' },
      installHint: 'see there',
      cluster: { server: 'http://127.0.0.1:6443' },
    });
  });

  test('merges several files, the earlier one first, and skips those that are not there', async () => {
    const first = await write('first', 'current-context: local\n');
    const second = await write('second', local.replace('current-context: local', 'current-context: other'));
    const access = await loadKubeconfig({ paths: [first, join(directory, 'missing'), second] });
    expect(access.namespace).toBe('apps');
  });

  test.each([
    ['no such file', undefined, 'no such file'],
    ['not YAML', 'a: [', 'read kubeconfig'],
    ['no context', 'clusters: []', 'no current-context'],
    ['unknown context', 'current-context: x', 'no context named "x"'],
    ['no URL', local.replace('http://127.0.0.1:6443/', 'nowhere'), 'server is "nowhere", not a URL'],
    ['a password', local.replace('token: secret', 'username: me'), 'user me: username is not supported'],
    ['a plugin of unknown version', local.replace('token: secret', 'exec: {command: aws}'), 'user me: exec: apiVersion is ""'],
    ['a plugin that must ask somebody', local.replace('token: secret', 'exec: {command: a, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}'), 'there is nobody to ask'],
  ])('says what is wrong: %s', async (_, text, message) => {
    const path = join(directory, 'config');
    if (text !== undefined) await write('config', text);
    await expect(loadKubeconfig({ paths: [path] })).rejects.toThrow(message);
  });
});

describe('findClusterAccess', () => {
  test('prefers KUBECONFIG over the cluster around it', async () => {
    const path = await write('config', local);
    const access = await findClusterAccess({
      KUBECONFIG: path,
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_SERVICE_PORT: '443',
    });
    expect(access.server).toBe('http://127.0.0.1:6443');
  });

  test('says so when the environment names nothing', async () => {
    await expect(findClusterAccess({})).rejects.toMatchObject({ code: 'kubernetes-not-configured' });
  });
});

test('in a cluster token and CA stay files and the namespace is the own one', async () => {
  await mkdir(join(directory, 'account'));
  await write('account/ca.crt', 'the ca');
  await write('account/namespace', 'mine\n');
  const account = join(directory, 'account');
  expect(await loadInClusterAccess({ host: 'fd00::1', port: '443', directory: account })).toEqual({
    server: 'https://[fd00::1]:443',
    tls: { ca: 'the ca' },
    tlsFiles: { ca: join(account, 'ca.crt') },
    token: { kind: 'file', path: join(account, 'token') },
    namespace: 'mine',
  });
});
