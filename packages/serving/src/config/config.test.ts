import { describe, expect, test } from 'vitest';
import { readDefaultsConfig } from './defaults-config.ts';
import { readDeploymentConfig } from './deployment-config.ts';
import { domainsFor, readDomainConfig, type DomainConfig } from './domain-config.ts';
import { fillTemplate } from './name-template.ts';
import { readNetworkConfig } from './network-config.ts';
import { defaultServingConfig, updateServingConfig } from './serving-config.ts';

function messages(checked: {
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}): string[] {
  return checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('config-defaults', () => {
  test('an empty map gives the defaults', () => {
    expect(readDefaultsConfig({})).toMatchObject({
      ok: true,
      value: {
        revisionTimeoutSeconds: 300,
        maxRevisionTimeoutSeconds: 600,
        containerConcurrency: 0,
        enableServiceLinks: false,
      },
    });
  });

  test('resource amounts are kept by resource', () => {
    const checked = readDefaultsConfig({ 'revision-cpu-request': '400m', 'revision-memory-limit': '1Gi' });
    expect(checked).toMatchObject({ ok: true, value: { requests: { cpu: '400m' }, limits: { memory: '1Gi' } } });
  });

  test('all that is wrong is said at once', () => {
    const checked = readDefaultsConfig({
      'revision-timeout-seconds': 'asdf',
      'revision-idle-timeout-seconds': '400',
      'container-concurrency': '11',
      'container-concurrency-max-limit': '10',
    });
    expect(messages(checked)).toEqual([
      'data.revision-timeout-seconds: invalid value: asdf, want a whole number of at least 0',
      'data.revision-idle-timeout-seconds: invalid value: 400, must not be greater than revision-timeout-seconds 300',
      'data.container-concurrency: invalid value: 11, must not be greater than container-concurrency-max-limit 10',
    ]);
  });

  test('a timeout beyond the maximum is refused', () => {
    expect(readDefaultsConfig({ 'revision-timeout-seconds': '601' }).ok).toBe(false);
  });
});

describe('config-domain', () => {
  function read(data: Record<string, string>): DomainConfig {
    const checked = readDomainConfig(data);
    if (!checked.ok) throw new Error(messages(checked).join('; '));
    return checked.value;
  }

  test('the domain with the most matching labels wins', () => {
    const config = read({
      'default.com': '',
      'foo.com': 'selector:\n  app: foo\n',
      'prod.com': 'selector:\n  app: foo\n  version: prod\ntype: wildcard',
      'bar.com': 'selector:\n  app: bar',
    });
    expect(domainsFor(config, { app: 'foo', version: 'prod' })).toEqual(['prod.com']);
    expect(domainsFor(config, { app: 'foo' })).toEqual(['foo.com']);
    expect(domainsFor(config, {})).toEqual(['default.com']);
  });

  test('domains that are equally good all serve, in the order of the map', () => {
    expect(domainsFor(read({ localhost: '', 'example.com': '', _example: 'ignored' }), {})).toEqual([
      'localhost',
      'example.com',
    ]);
  });

  test('what is no selector is refused', () => {
    expect(messages(readDomainConfig({ 'foo.com': 'selector\n- a' }))).toEqual([
      'data.foo.com: invalid value: selector\n- a, want YAML such as "selector: { label: value }"',
    ]);
  });
});

describe('config-network', () => {
  test('reads older spellings, and the newer one first', () => {
    const checked = readNetworkConfig({ domainTemplate: '{{.Name}}.old.{{.Domain}}', 'external-port': '8080' });
    expect(checked).toMatchObject({
      ok: true,
      value: { domainTemplate: '{{.Name}}.old.{{.Domain}}', externalPort: 8080 },
    });
    const both = readNetworkConfig({ domainTemplate: '{{.Name}}.old', 'domain-template': '{{.Name}}.new' });
    expect(both).toMatchObject({ ok: true, value: { domainTemplate: '{{.Name}}.new' } });
  });

  test('a template that asks for what is not there is refused', () => {
    expect(
      messages(readNetworkConfig({ 'tag-template': '{{.NNName}}-{{.Tag}}', 'default-external-scheme': 'ftp' })),
    ).toEqual([
      'data.default-external-scheme: invalid value: ftp, want http or https',
      "data.tag-template: invalid value: {{.NNName}}-{{.Tag}}, line 1: can't evaluate field NNName",
    ]);
  });

  test('templates know labels and annotations by key', () => {
    const values = { texts: { Name: 'a', Domain: 'd' }, labels: { bus: 'mybus' } };
    expect(fillTemplate('{{.Name}}.{{ index .Labels "bus"}}.{{.Domain}}', values)).toBe('a.mybus.d');
  });
});

describe('config-deployment', () => {
  test('the command of the sidecar is a JSON array', () => {
    const checked = readDeploymentConfig({ 'queue-sidecar-command': '["node","queue.js"]', 'progress-deadline': '2m' });
    expect(checked).toMatchObject({
      ok: true,
      value: { queueSidecarCommand: ['node', 'queue.js'], progressDeadlineMs: 120_000 },
    });
    expect(readDeploymentConfig({ 'queue-sidecar-command': 'node queue.js' }).ok).toBe(false);
    expect(readDeploymentConfig({ 'progress-deadline': '1500ms' }).ok).toBe(false);
  });
});

describe('updateServingConfig', () => {
  test('a map with anything wrong changes nothing', () => {
    const { config } = updateServingConfig(defaultServingConfig, 'config-defaults', { 'container-concurrency': '5' });
    const next = updateServingConfig(config, 'config-defaults', {
      'container-concurrency': '6',
      'revision-timeout-seconds': '-1',
    });
    expect(next.config.defaults.containerConcurrency).toBe(5);
    expect(next.problems).toHaveLength(1);
  });

  test('a map that goes away gives the defaults back', () => {
    const { config } = updateServingConfig(defaultServingConfig, 'config-domain', { 'example.com': '' });
    expect(updateServingConfig(config, 'config-domain', undefined).config).toEqual(defaultServingConfig);
  });

  test('maps of others are none of its business', () => {
    expect(updateServingConfig(defaultServingConfig, 'config-kourier', { x: 'y' })).toEqual({
      config: defaultServingConfig,
      problems: [],
    });
  });
});
