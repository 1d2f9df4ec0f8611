import { expect, test } from 'vitest';
import { readFlags, type ProxyFlags } from './flags.ts';

const defaults: ProxyFlags = { mode: 'serve', concurrency: '1', logLevel: 'info', drainTimeS: '600', drainGraceS: '0', drainStrategy: 'gradual' };
const read = (flags: Partial<ProxyFlags>) => readFlags({ ...defaults, configPath: 'b.yaml', ...flags });

test('what is left out has defaults', () => {
  expect(read({}).settings).toMatchObject({
    input: { path: 'b.yaml', unknownFields: 'error' },
    mode: 'serve',
    concurrency: 1,
    drain: { graceMs: 0, deadlineMs: 600_000, strategy: 'gradual' },
    unknownDynamicFields: 'warning',
    allowsAdminChanges: false,
  });
});

test('a bootstrap has to come from somewhere', () => {
  expect(readFlags(defaults).problems).toEqual(['a bootstrap is needed: -c FILE or DIRECTORY, or --config-yaml TEXT']);
  expect(readFlags({ ...defaults, configYaml: 'admin: {}' }).settings?.input).toEqual({ overlay: 'admin: {}', unknownFields: 'error' });
});

test('everything that is wrong is said at once', () => {
  const { settings, problems } = read({ concurrency: '0', drainTimeS: 'soon', drainStrategy: 'slow', mode: 'run', logLevel: 'loud', baseId: '-1' });
  expect(settings).toBeUndefined();
  expect(problems).toEqual([
    '--log-level is "loud", must be one of trace, debug, info, warning, warn, error, critical, off',
    '--drain-time-s is "soon", must be a whole number from 0 on',
    '--mode is "run", must be one of serve, validate, init_only',
    '--concurrency is "0", must be a whole number from 1 on',
    '--drain-strategy is "slow", must be one of gradual, immediate',
    '--base-id is "-1", must be a whole number from 0 on',
  ]);
});

test('flags about the node are merged over the bootstrap', () => {
  expect(read({ serviceNode: 'n', serviceCluster: 'c', serviceZone: 'z' }).settings?.input.flags).toEqual({ node: { id: 'n', cluster: 'c', locality: { zone: 'z' } } });
});

test("Envoy's levels are ours", () => {
  expect(['trace', 'warning', 'critical'].map((logLevel) => read({ logLevel }).settings?.logLevel)).toEqual(['debug', 'warn', 'error']);
});

test('what is accepted without effect is said', () => {
  expect(read({ baseId: '1', logFormat: '%v' }).warnings).toEqual(['--log-format has no effect: logs are JSON lines', '--base-id has no effect: there is no hot restart']);
});

test('the grace is part of the drain time', () => {
  expect(read({ drainTimeS: '10', drainGraceS: '11' }).problems).toEqual(['--drain-grace-s is part of --drain-time-s and cannot be longer']);
});

test('dynamic fields that are unknown cannot be both refused and ignored', () => {
  expect(read({ rejectUnknownDynamicFields: true, ignoreUnknownDynamicFields: true }).problems).toHaveLength(1);
  expect(read({ rejectUnknownDynamicFields: true }).settings?.unknownDynamicFields).toBe('error');
});
