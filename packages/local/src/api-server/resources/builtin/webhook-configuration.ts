/** MutatingWebhookConfiguration and ValidatingWebhookConfiguration: who is asked about which writes. */
import type { JsonObject } from '../../json.ts';
import { ensureObject, isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column } from '../../tables/column.ts';
import { checkName } from '../names.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, notSupported, required } from './pod-validation.ts';

/** The longest that a webhook may be waited for, in seconds (`pkg/apis/admissionregistration/validation`). */
const TIMEOUT_SECONDS_MAX = 30;
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

export const MUTATING_WEBHOOK_CONFIGURATION = webhookConfiguration('MutatingWebhookConfiguration');
export const VALIDATING_WEBHOOK_CONFIGURATION = webhookConfiguration('ValidatingWebhookConfiguration');

function webhookConfiguration(kind: string): BuiltinKind {
  const isMutating = kind.startsWith('Mutating');
  return {
    group: 'admissionregistration.k8s.io',
    kind,
    plural: `${kind.toLowerCase()}s`,
    categories: ['api-extensions'],
    namespaced: false,
    columns: [NAME_COLUMN, { ...column('Webhooks', (one) => listAt(one, 'webhooks').length), type: 'integer' }, AGE_COLUMN],
    rules: {
      hasGeneration: true,
      complete(configuration) {
        for (const hook of webhooksOf(configuration)) completeWebhook(hook, isMutating);
      },
      validate: (configuration) => validateWebhooks(configuration, isMutating),
    },
  };
}

function webhooksOf(configuration: JsonObject): JsonObject[] {
  return listAt(configuration, 'webhooks').filter((one) => isObject(one));
}

function completeWebhook(hook: JsonObject, isMutating: boolean): void {
  const service = ensureObject(hook, 'clientConfig')['service'];
  if (isObject(service)) fallback(service, 'port', 443);
  for (const rule of listAt(hook, 'rules')) if (isObject(rule)) fallback(rule, 'scope', '*');
  fallback(hook, 'failurePolicy', 'Fail');
  fallback(hook, 'matchPolicy', 'Equivalent');
  fallback(hook, 'namespaceSelector', {});
  fallback(hook, 'objectSelector', {});
  fallback(hook, 'timeoutSeconds', 10);
  if (isMutating) fallback(hook, 'reinvocationPolicy', 'Never');
}

function validateWebhooks(configuration: JsonObject, isMutating: boolean): Cause[] {
  const causes: Cause[] = [];
  const names = new Set<string>();
  for (const [index, hook] of webhooksOf(configuration).entries()) {
    const path = `webhooks[${index}]`;
    causes.push(...validateName(hook, path, names), ...validateChoices(hook, path, isMutating));
    causes.push(...validateClientConfig(objectAt(hook, 'clientConfig'), `${path}.clientConfig`));
    for (const [at, rule] of listAt(hook, 'rules').entries()) {
      if (isObject(rule)) causes.push(...validateRule(rule, `${path}.rules[${at}]`));
    }
    // Silently asking about more than was meant would be worse than not asking.
    if (listAt(hook, 'matchConditions').length > 0) {
      const message = 'Forbidden: this server evaluates no CEL; select by rules, namespaceSelector and objectSelector';
      causes.push({ reason: 'FieldValueForbidden', message, field: `${path}.matchConditions` });
    }
  }
  return causes;
}

function validateName(hook: JsonObject, path: string, names: Set<string>): Cause[] {
  const name = textAt(hook, 'name');
  const field = `${path}.name`;
  if (name === '') return [required(field)];
  const words = checkName(name, 'subdomain');
  if (words !== undefined) return [badValue(field, JSON.stringify(name), words)];
  if (name.split('.').length < 3) {
    return [badValue(field, JSON.stringify(name), 'should be a domain with at least three segments separated by dots')];
  }
  if (names.has(name)) return [{ reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(name)}`, field }];
  names.add(name);
  return [];
}

function validateChoices(hook: JsonObject, path: string, isMutating: boolean): Cause[] {
  const causes: Cause[] = [];
  const versions = listAt(hook, 'admissionReviewVersions');
  if (versions.length === 0) {
    causes.push(required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  } else if (!versions.includes('v1')) {
    const found = `[${versions.map((one) => JSON.stringify(one)).join(',')}]`;
    causes.push(badValue(`${path}.admissionReviewVersions`, found, 'must include at least one of v1'));
  }
  causes.push(...choice(hook, path, 'failurePolicy', ['Fail', 'Ignore']), ...choice(hook, path, 'matchPolicy', ['Equivalent', 'Exact']));
  if (textAt(hook, 'sideEffects') === '') causes.push(required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else causes.push(...choice(hook, path, 'sideEffects', ['None', 'NoneOnDryRun']));
  if (isMutating) causes.push(...choice(hook, path, 'reinvocationPolicy', ['IfNeeded', 'Never']));
  const timeout = Number(hook['timeoutSeconds']);
  if (timeout < 1 || timeout > TIMEOUT_SECONDS_MAX) {
    const why = `the timeout value must be between 1 and ${TIMEOUT_SECONDS_MAX} seconds`;
    causes.push(badValue(`${path}.timeoutSeconds`, String(timeout), why));
  }
  return causes;
}

function choice(hook: JsonObject, path: string, field: string, allowed: readonly string[]): Cause[] {
  const value = textAt(hook, field);
  return value === '' || allowed.includes(value) ? [] : [notSupported(`${path}.${field}`, value, allowed)];
}

function validateClientConfig(config: JsonObject, path: string): Cause[] {
  const url = config['url'];
  const service = config['service'];
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')];
  if (typeof url === 'string') return validateUrl(url, `${path}.url`);
  const causes: Cause[] = [];
  if (!isObject(service)) return causes;
  if (textAt(service, 'name') === '') causes.push(required(`${path}.service.name`, 'service name is required'));
  if (textAt(service, 'namespace') === '') causes.push(required(`${path}.service.namespace`, 'service namespace is required'));
  const port = Number(service['port']);
  if (port < 1 || port > 65_535) {
    causes.push(badValue(`${path}.service.port`, String(port), 'port is not valid: must be between 1 and 65535, inclusive'));
  }
  const at = textAt(service, 'path');
  if (at !== '' && !at.startsWith('/')) causes.push(badValue(`${path}.service.path`, JSON.stringify(at), "must start with a '/'"));
  return causes;
}

function validateUrl(url: string, field: string): Cause[] {
  const form = '; desired format: https://host[/path]';
  if (!URL.canParse(url)) return [required(field, `url must be a valid URL: ${JSON.stringify(url)}${form}`)];
  const { protocol, username, search, hash } = new URL(url);
  if (protocol !== 'https:') {
    return [badValue(field, JSON.stringify(protocol.slice(0, -1)), `'https' is the only allowed URL scheme${form}`)];
  }
  const causes: Cause[] = [];
  if (username !== '') causes.push(badValue(field, JSON.stringify(username), 'user information is not permitted in the URL'));
  if (hash !== '') causes.push(badValue(field, JSON.stringify(hash.slice(1)), 'fragments are not permitted in the URL'));
  if (search !== '') causes.push(badValue(field, JSON.stringify(search.slice(1)), 'query parameters are not permitted in the URL'));
  return causes;
}

function validateRule(rule: JsonObject, path: string): Cause[] {
  const causes: Cause[] = [];
  for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
    const values = listAt(rule, field).map(String);
    if (values.length === 0) causes.push(required(`${path}.${field}`));
    if (field !== 'resources' && values.length > 1 && values.includes('*')) {
      const found = `[${values.map((one) => JSON.stringify(one)).join(',')}]`;
      causes.push(badValue(`${path}.${field}`, found, `if '*' is present, must not specify other ${WORDS[field]}`));
    }
  }
  for (const [index, operation] of listAt(rule, 'operations').entries()) {
    if (!OPERATIONS.includes(String(operation))) causes.push(notSupported(`${path}.operations[${index}]`, String(operation), OPERATIONS));
  }
  causes.push(...choice(rule, path, 'scope', SCOPES));
  return causes;
}

const WORDS = { operations: 'operations', apiGroups: 'API groups', apiVersions: 'API versions' } as const;
