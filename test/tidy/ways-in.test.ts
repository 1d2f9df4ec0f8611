/** The table of Kubernetes' own ways in (`packages/serving/ways-in.md`) names every field that a schema has, and its links lead somewhere. */
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { files, read } from './tree.ts';

const table = 'packages/serving/ways-in.md';
const definitions = 'charts/sluice-crds/gateway-api/';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
}

interface Row {
  readonly what: string;
  readonly state: string;
  readonly link: string | undefined;
}

const sections = readSections(read(table));

function readSections(text: string): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  let rows: Row[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) found.set(line.slice(3).split(' ')[0] ?? '', (rows = []));
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 6 || cells[1] === 'what' || cells[1]?.startsWith('---')) continue;
    const [, what = '', state = '', link = ''] = cells;
    rows.push({ what: what.replaceAll('`', ''), state, link: /\]\(([^)]+)\)/.exec(link)?.[1] });
  }
  return found;
}

/** Paths of what holds a value itself: `spec.rules[].name`. */
function leaves(schema: Schema, path: string, known: Readonly<Record<string, Schema>> = {}): string[] {
  const named = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  if (named !== undefined) return leaves(known[named.slice(named.lastIndexOf('/') + 1)] ?? {}, path, known);
  if (schema.properties) return Object.entries(schema.properties).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`, known));
  const item = schema.type === 'array' ? schema.items : undefined;
  const inner = item ? leaves(item, `${path}[]`, known) : [];
  return inner.length > 1 || (inner.length === 1 && inner[0] !== `${path}[]`) ? inner : [path];
}

function missing(kind: string, fields: readonly string[]): string[] {
  const known = new Set(sections.get(kind)?.map(({ what }) => what));
  return fields.filter((field) => !known.has(field));
}

test('each row says how far it holds, and what holds is shown by a test that is there', () => {
  const rows = [...sections.values()].flat();
  expect(rows.length).toBeGreaterThan(150);
  const wrong = rows.filter(({ state, link }) => {
    if (!['yes', 'partly', 'no'].includes(state)) return true;
    if (link === undefined) return state !== 'no';
    const file = normalize(join(dirname(table), link));
    return !file.endsWith('.test.ts') || !files.includes(file);
  });
  expect(wrong).toEqual([]);
  for (const [kind, own] of sections) expect([kind, own.map(({ what }) => what).filter((what, index, all) => all.indexOf(what) !== index)]).toEqual([kind, []]);
});

test('each field of Gateway API’s kinds as local mode has them', async () => {
  const { parse } = await import('yaml');
  const found = files.filter((file) => file.startsWith(definitions) && file.endsWith('.yaml'));
  expect(found.length).toBe(8);
  for (const file of found) {
    const { spec } = parse(read(file)) as { spec: { names: { kind: string }; versions: { schema: { openAPIV3Schema: Schema } }[] } };
    const schema = spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'] ?? {};
    expect([spec.names.kind, missing(spec.names.kind, leaves(schema, 'spec'))]).toEqual([spec.names.kind, []]);
  }
});

test.each(['Ingress', 'IngressClass'])('each field of Kubernetes’ own %s', (kind) => {
  const known = JSON.parse(read('packages/local/src/api-server/schema/builtin-schemas.json')) as Record<string, Schema>;
  const fields = leaves(known[`io.k8s.api.networking.v1.${kind}Spec`] ?? {}, 'spec', known);
  expect(fields.length).toBeGreaterThan(2);
  expect(missing(kind, fields)).toEqual([]);
});
