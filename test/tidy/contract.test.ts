/** The table of the contract (`packages/serving/contract.md`) names all that the code knows of, and its links lead somewhere. */
import { dirname, join, normalize } from 'node:path';
import { parseAutoscalerConfig, readAnnotations, DEFAULT_AUTOSCALER_CONFIG } from '@sluice/scaling';
import { annotations, headers, labels, readLeaderElectionConfig, servingConfigMaps } from '@sluice/serving';
import { expect, test } from 'vitest';
import { files, read } from './tree.ts';

const table = 'packages/serving/contract.md';

interface Row {
  readonly section: string;
  readonly what: string;
  readonly state: string;
  readonly link: string | undefined;
}

const rows: readonly Row[] = readRows(read(table));

function readRows(text: string): Row[] {
  const found: Row[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3).replaceAll('`', '');
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 6 || cells[1] === 'what' || cells[1]?.startsWith('---')) continue;
    const [, what = '', state = '', link = ''] = cells;
    found.push({ section, what: what.replaceAll('`', ''), state, link: /\]\(([^)]+)\)/.exec(link)?.[1] });
  }
  return found;
}

/** The names of a section that the table does not have. */
function missing(section: (name: string) => boolean, names: Iterable<string>): string[] {
  const known = new Set(rows.filter((row) => section(row.section)).map(({ what }) => what));
  return [...new Set(names)].filter((name) => !known.has(name)).sort();
}

/** The keys that a reader of a map or of annotations looks at. */
function keysRead(read: (data: Readonly<Record<string, string>>) => unknown): Set<string> {
  const keys = new Set<string>();
  read(
    new Proxy<Record<string, string>>({}, {
      get(_, key) {
        if (typeof key === 'string') keys.add(key);
        return undefined;
      },
    }),
  );
  return keys;
}

test('each point says how far it holds, and what holds is shown by a test that is there', () => {
  expect(rows.length).toBeGreaterThan(300);
  const wrong = rows.filter(({ state, link }) => {
    if (!['yes', 'partly', 'no'].includes(state)) return true;
    if (link === undefined) return state !== 'no';
    const file = normalize(join(dirname(table), link));
    return !file.endsWith('.test.ts') || !files.includes(file);
  });
  expect(wrong).toEqual([]);
});

test('no point stands there twice', () => {
  const names = rows.map(({ section, what }) => `${section}: ${what}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test.each(Object.entries(servingConfigMaps))('each key of %s', (name, { read: readMap }) => {
  // Ours, and not Knative's.
  const own = ['external-port', 'external-tls-port', 'cluster-domain', 'queue-sidecar-command'];
  const keys = [...keysRead(readMap)].filter((key) => !own.includes(key));
  expect(missing((section) => section === `ConfigMap ${name}`, keys)).toEqual([]);
});

test('each key of config-autoscaler and config-leader-election', () => {
  expect(missing((section) => section === 'ConfigMap config-autoscaler', keysRead(parseAutoscalerConfig))).toEqual([]);
  expect(missing((section) => section === 'ConfigMap config-leader-election', keysRead(readLeaderElectionConfig))).toEqual([]);
});

test('each annotation, label and header', () => {
  const isOurs = (name: string) => name.includes('sluice.dev');
  expect(missing((section) => section === 'Annotations', Object.values(annotations).filter((name) => !isOurs(name)))).toEqual([]);
  const scaling = [...keysRead((data) => readAnnotations(data, DEFAULT_AUTOSCALER_CONFIG))].filter((key) => !/[A-Z]/.test(key) && !isOurs(key));
  expect(missing((section) => section === 'Annotations', scaling)).toEqual([]);
  expect(missing((section) => section === 'Labels', Object.values(labels))).toEqual([]);
  expect(missing((section) => section === 'Headers', Object.values(headers))).toEqual([]);
});

test.each([
  ['sidecar', 'queue-proxy', ['config.ts', 'tls-settings.ts', 'older-observability.ts']],
  ['activator', 'activator', ['config.ts']],
  ['autoscaler', 'autoscaler', ['config.ts']],
] as const)('each variable of the %s', (who, app, sources) => {
  const texts = sources.map((source) => read(`packages/apps/${app}/src/${source}`));
  const variables = texts.flatMap((text) => [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map(([, name = '']) => name));
  // Ours; and beginnings of names.
  const own = (name: string) => name.startsWith('SLUICE_') || ['LOG_LEVEL', 'POD_NAMESPACE', 'QUEUE_PROXY_TLS', 'MIN_VERSION', 'MAX_VERSION'].includes(name) || name.startsWith('TLS_ECDHE_');
  expect(variables.length).toBeGreaterThan(3);
  expect(missing((section) => section === `Environment of the ${who}`, variables.filter((name) => !own(name)))).toEqual([]);
});

test('each metric by its name of today', () => {
  const named = /'(kn[._](?:serving|revision|activator|autoscaler)[._][a-z_.]+[a-z])'/g;
  const found = new Set<string>();
  for (const file of files.filter((name) => name.startsWith('packages/') && name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    for (const [, name = ''] of read(file).matchAll(named)) found.add(name.replaceAll('_', '.'));
  }
  // Names of labels and of metrics look alike; a metric's parts may be joined from a base.
  const known = new Set(rows.filter(({ section }) => section === 'Metrics').map(({ what }) => what.replaceAll('_', '.')));
  const bases = ['kn.revision.name', 'kn.revision.rps', 'kn.revision.concurrency'];
  const unknown = [...found].filter((name) => !bases.includes(name) && ![...known].some((what) => name === what || name.startsWith(`${what}.`)));
  expect(unknown).toEqual([]);
});
