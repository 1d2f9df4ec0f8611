/** The options of a writing request, from its query. */
import { StatusError, invalid } from '../status-error.ts';
import type { UserInfo } from './user.ts';

export interface WriteOptions {
  /** Do everything but keep the result. */
  readonly dryRun: boolean;
  /** Who writes: named in managedFields. */
  readonly fieldManager: string;
  /** Whether the client named itself, which server-side apply demands. */
  readonly isManagerStated: boolean;
  /** Take fields over from others (server-side apply). */
  readonly force: boolean;
  /** What to do with fields nobody knows. */
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** On whose behalf. */
  readonly user: UserInfo;
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
/** As `fieldManager` is limited by apimachinery's `ValidateFieldManager`. */
const MANAGER_BYTES_MAX = 128;

/**
 * @param optionsKind `CreateOptions`, `UpdateOptions` or `PatchOptions`, for the message
 * @throws StatusError 422
 */
export function readWriteOptions(query: URLSearchParams, userAgent: string, optionsKind: string, user: UserInfo): WriteOptions {
  const subject = { group: 'meta.k8s.io', kind: optionsKind };
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((one) => one !== 'All' && one !== '')) {
    const message = `Unsupported value: []string{${dryRun.map((one) => JSON.stringify(one)).join(', ')}}: supported values: "All"`;
    throw invalid(subject, [{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }]);
  }
  const stated = query.get('fieldManager') ?? '';
  if (stated.length > MANAGER_BYTES_MAX) {
    const message = `Too long: may not be more than ${MANAGER_BYTES_MAX} bytes`;
    throw invalid(subject, [{ reason: 'FieldValueTooLong', message, field: 'fieldManager' }]);
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!VALIDATIONS.includes(validation)) {
    const allowed = VALIDATIONS.map((one) => JSON.stringify(one)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(validation)}: supported values: ${allowed}`;
    throw invalid(subject, [{ reason: 'FieldValueNotSupported', message, field: 'fieldValidation' }]);
  }
  return {
    dryRun: dryRun.includes('All'),
    fieldManager: stated === '' ? managerOf(userAgent) : stated,
    isManagerStated: stated !== '',
    force: query.get('force') === 'true',
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
    user,
  };
}

/** A client that does not name itself is known by the product of its user agent. */
function managerOf(userAgent: string): string {
  const product = userAgent.split('/', 1)[0] ?? '';
  return product === '' ? 'unknown' : product.slice(0, MANAGER_BYTES_MAX);
}

/** @throws StatusError 422 without it */
export function requireFieldManager(options: WriteOptions): void {
  if (options.isManagerStated) return;
  throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, [
    { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
  ]);
}

/** A whole number from the query, or undefined. @throws StatusError 400 when it is none */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw new StatusError(400, 'BadRequest', `strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** A resourceVersion from the query: 0 is `any`; undefined is absent. @throws StatusError 500 as a real server does */
export function readResourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) {
    throw new StatusError(500, '', `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
  }
  return Number(text);
}
