import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { builtinKinds } from '../resources/builtin/kinds.ts';
import { loadBuiltinSchemas } from '../schema/builtin-schemas.ts';
import { formatAge } from './column.ts';
import { customColumns } from './custom-columns.ts';
import { compileJsonPath } from './json-path.ts';
import { formatTable } from './table.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const kinds = builtinKinds(loadBuiltinSchemas());

function cells(kind: string, object: JsonObject): unknown[] {
  const columns = kinds.find((one) => one.kind === kind)?.columns ?? [];
  return columns.map((column) => column.cell(object, NOW));
}

describe('ages', () => {
  it.each([
    [-5000, '<invalid>'],
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [125_000, '2m5s'],
    [3 * 3600_000, '3h'],
    [3 * 3600_000 + 60_000, '3h1m'],
    [10 * 3600_000, '10h'],
    [50 * 3600_000, '2d2h'],
    [20 * 86_400_000, '20d'],
    [800 * 86_400_000, '2y70d'],
  ])('%i ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text));
});

describe('the columns of pods', () => {
  const pod = (status: JsonObject, metadata: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
    metadata: { name: 'p', creationTimestamp: '2026-01-01T00:59:00Z', ...metadata },
    spec: { containers: [{ name: 'c' }, { name: 'd' }], ...spec },
    status,
  });
  const running: JsonObject = { ready: true, restartCount: 0, state: { running: {} } };

  it.each<[string, JsonObject, unknown[]]>([
    ['waits to be placed', pod({ phase: 'Pending' }), ['p', '0/2', 'Pending', '0', '60s', '<none>', '<none>', '<none>', '<none>']],
    ['runs', pod({ phase: 'Running', podIP: '127.1.2.3', containerStatuses: [running, running] }, {}, { nodeName: 'n' }), ['p', '2/2', 'Running', '0', '60s', '127.1.2.3', 'n', '<none>', '<none>']],
    ['goes', pod({ phase: 'Running', containerStatuses: [running] }, { deletionTimestamp: 'x' }), ['p', '1/2', 'Terminating', '0', '60s', '<none>', '<none>', '<none>', '<none>']],
    [
      'falls again and again',
      pod({ phase: 'Running', containerStatuses: [{ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { finishedAt: '2026-01-01T00:59:30Z' } } }, running] }),
      ['p', '1/2', 'CrashLoopBackOff', '3 (30s ago)', '60s', '<none>', '<none>', '<none>', '<none>'],
    ],
    ['has failed', pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] }), ['p', '0/2', 'ExitCode:3', '0', '60s', '<none>', '<none>', '<none>', '<none>']],
    ['is done', pod({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }] }), ['p', '0/2', 'Completed', '0', '60s', '<none>', '<none>', '<none>', '<none>']],
    [
      'prepares',
      pod({ phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { running: {} } }] }, {}, { initContainers: [{ name: 'i' }] }),
      ['p', '0/2', 'Init:0/1', '0', '60s', '<none>', '<none>', '<none>', '<none>'],
    ],
    [
      'has a native sidecar, which counts',
      pod({ phase: 'Running', containerStatuses: [running, running], initContainerStatuses: [{ ...running, name: 's', started: true }] }, {}, { initContainers: [{ name: 's', restartPolicy: 'Always' }] }),
      ['p', '3/3', 'Running', '0', '60s', '<none>', '<none>', '<none>', '<none>'],
    ],
  ])('one that %s', (_title, object, expected) => expect(cells('Pod', object)).toEqual(expected));
});

describe('the columns of other kinds', () => {
  const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:59:59Z' };

  it.each<[string, JsonObject, unknown[]]>([
    ['Service', { metadata, spec: { type: 'NodePort', clusterIP: '10.96.0.1', ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }], selector: { b: '2', a: '1' } } }, ['x', 'NodePort', '10.96.0.1', '<none>', '80:30080/TCP', '1s', 'a=1,b=2']],
    ['EndpointSlice', { metadata, addressType: 'IPv4', endpoints: [1, 2, 3, 4].map((n) => ({ addresses: [`127.0.0.${n}`] })), ports: [{ port: 8012 }] }, ['x', 'IPv4', '8012', '127.0.0.1,127.0.0.2,127.0.0.3 + 1 more...', '1s']],
    ['Endpoints', { metadata, subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }] }] }, ['x', '127.0.0.1:80', '1s']],
    ['Secret', { metadata, type: 'Opaque', data: { a: '' } }, ['x', 'Opaque', 1, '1s']],
    ['Lease', { metadata, spec: { holderIdentity: 'me' } }, ['x', 'me', '1s']],
    ['Node', { metadata: { ...metadata, labels: { 'node-role.kubernetes.io/control-plane': '' } }, status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1' } } }, ['x', 'Ready', 'control-plane', '1s', 'v1', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>']],
    ['ReplicaSet', { metadata, spec: { replicas: 2, selector: { matchLabels: { app: 'a' } }, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } }, status: { replicas: 1 } }, ['x', 2, 1, 0, '1s', 'c', 'i', 'app=a']],
  ])('%s', (kind, object, expected) => expect(cells(kind, object)).toEqual(expected));
});

describe('the paths of printer columns', () => {
  const object: JsonObject = {
    metadata: { labels: { 'a.b/c': 'x' } },
    status: { conditions: [{ type: 'Other', status: 'False' }, { type: 'Ready', status: 'True' }], list: [{ n: 1 }, { n: 2 }] },
  };
  it.each([
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Ready')].status", ['True']],
    [".metadata.labels['a\\.b/c']", ['x']],
    ['.metadata.labels.a\\.b/c', ['x']],
    ['{.status.list[1].n}', [2]],
    ['.status.list[*].n', [1, 2]],
    ['.status.list[-1].n', [2]],
    ['.status.nothing.here', []],
  ])('%s', (path, expected) => expect(compileJsonPath(path)?.(object)).toEqual(expected));

  it('that are no such paths are no paths', () => expect(compileJsonPath('status[[')).toBeUndefined());
});

describe('a table of a custom kind', () => {
  const columns = customColumns({
    additionalPrinterColumns: [
      { name: 'N', type: 'integer', jsonPath: '.spec.n' },
      { name: 'When', type: 'date', jsonPath: '.metadata.creationTimestamp', priority: 1 },
    ],
  });

  it('shows null for what is absent or of another type', () => {
    const table = formatTable(
      [{ metadata: { name: 'a', creationTimestamp: '2026-01-01T00:59:55Z' }, spec: { n: 'three' } }],
      {},
      { columns, include: 'None', version: 'v1', wallTime: NOW },
    );
    expect(table['rows']).toEqual([{ cells: ['a', null, '5s'], object: null }]);
  });

  it('has an age only when it states no columns', () => {
    expect(columns.map(({ name, priority }) => [name, priority])).toEqual([['Name', 0], ['N', 0], ['When', 1]]);
    expect(customColumns({}).map(({ name }) => name)).toEqual(['Name', 'Age']);
  });
});
