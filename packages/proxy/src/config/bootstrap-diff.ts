/** What is different between two bootstraps, in words: which resources came, changed (and where in them) and went. */
import type { LoadedBootstrap } from './file-bootstrap.ts';

export interface ResourceChange {
  /** `listener`, `cluster`, `secret`. Routes within a listener are part of it. */
  readonly kind: string;
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** Field paths within the resource, in the order of the newer one. Lists whose elements have names are matched by them. */
  readonly fields: readonly string[];
}

export interface BootstrapDiff {
  readonly resources: readonly ResourceChange[];
  /** Fields outside the static resources that changed: they count from the next start on. */
  readonly needRestart: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export function diffBootstraps(before: LoadedBootstrap, after: LoadedBootstrap): BootstrapDiff {
  const [old, now] = [fieldsOf(before.document.json), fieldsOf(after.document.json)];
  const [oldStatic, nowStatic] = [fieldsOf(fieldOf(old, 'static_resources')), fieldsOf(fieldOf(now, 'static_resources'))];
  const kinds = new Set([...Object.keys(oldStatic), ...Object.keys(nowStatic)].map(toSnakeCase));
  const resources = [...kinds].sort().flatMap((kind) => diffKind(kind.replace(/s$/, ''), namedList(fieldOf(oldStatic, kind)), namedList(fieldOf(nowStatic, kind))));
  const needRestart = changedFields(without(old, 'static_resources'), without(now, 'static_resources'), '');
  return { resources, needRestart };
}

/** One line per resource, with its fields below. */
export function describeDiff({ resources, needRestart }: BootstrapDiff): readonly string[] {
  const signs = { added: '+', changed: '~', removed: '-' } as const;
  return [
    ...resources.flatMap(({ kind, name, change, fields }) => [`${signs[change]} ${kind} ${name}`, ...fields.map((field) => `    ${field}`)]),
    ...needRestart.map((field) => `! ${field}: counts from the next start on`),
  ];
}

function diffKind(kind: string, before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): readonly ResourceChange[] {
  const changes: ResourceChange[] = [];
  for (const [name, value] of after) {
    if (!before.has(name)) changes.push({ kind, name, change: 'added', fields: [] });
    else {
      const fields = changedFields(before.get(name), value, '');
      if (fields.length > 0) changes.push({ kind, name, change: 'changed', fields });
    }
  }
  for (const name of before.keys()) if (!after.has(name)) changes.push({ kind, name, change: 'removed', fields: [] });
  return changes;
}

/** Values are not shown: some are secret. */
function changedFields(before: unknown, after: unknown, path: string): readonly string[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return changedElements(before, after, path);
  if (isFields(before) && isFields(after)) {
    const names = new Set([...Object.keys(after), ...Object.keys(before)].map(toSnakeCase));
    return [...names].flatMap((name) => changedFields(fieldOf(before, name), fieldOf(after, name), path === '' ? name : `${path}.${name}`));
  }
  return [path];
}

function changedElements(before: readonly unknown[], after: readonly unknown[], path: string): readonly string[] {
  const isNamed = hasOwnNames(before) && hasOwnNames(after);
  const [old, now] = isNamed ? [namedList(before), namedList(after)] : [indexed(before), indexed(after)];
  const keys = new Set([...now.keys(), ...old.keys()]);
  const fields = [...keys].flatMap((key) => changedFields(old.get(key), now.get(key), `${path}[${key}]`));
  const isReordered = isNamed && fields.length === 0 && [...old.keys()].join('\0') !== [...now.keys()].join('\0');
  return isReordered ? [`${path} (order)`] : fields;
}

/** Every element has a name, and none has another's. */
function hasOwnNames(list: readonly unknown[]): boolean {
  const names = list.map(nameOf);
  return !names.includes(undefined) && new Set(names).size === names.length;
}

function indexed(list: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(list.map((element, index) => [String(index), element]));
}

/** Lists of a bootstrap's resources: what has no name goes by its place. */
function namedList(list: unknown): ReadonlyMap<string, unknown> {
  return new Map((Array.isArray(list) ? (list as readonly unknown[]) : []).map((element, index) => [nameOf(element) ?? String(index), element]));
}

function nameOf(element: unknown): string | undefined {
  const name = isFields(element) ? element['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Under either spelling. */
function fieldOf(fields: Fields, name: string): unknown {
  return fields[name] ?? fields[name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())];
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => toSnakeCase(key) !== name));
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
