/** What objects may be called, as apimachinery's validation package says it. */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { Cause } from '../status-error.ts';

/** `subdomain` for most; `label` for namespaces and pods' hosts; `dns1035` for Services; `path-segment` for free names. */
export type NameRule = 'subdomain' | 'label' | 'dns1035' | 'path-segment';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS1035_WORDS =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Checks name, labels, annotations, finalizers and owner references. */
export function validateMetadata(metadata: JsonObject, rule: NameRule): Cause[] {
  const causes: Cause[] = [];
  const name = textAt(metadata, 'name');
  if (name === '') {
    causes.push(cause('metadata.name', 'Required value: name or generateName is required', 'FieldValueRequired'));
  } else {
    const words = checkName(name, rule);
    if (words !== undefined) causes.push(invalidValue('metadata.name', name, words));
  }
  for (const [key, value] of Object.entries(objectAt(metadata, 'labels'))) {
    const words = checkQualifiedName(key);
    if (words !== undefined) causes.push(invalidValue('metadata.labels', key, words));
    const text = String(value);
    if (text.length > 63) causes.push(invalidValue('metadata.labels', text, 'must be no more than 63 bytes'));
    else if (!LABEL_VALUE.test(text)) causes.push(invalidValue('metadata.labels', text, VALUE_WORDS));
  }
  for (const key of Object.keys(objectAt(metadata, 'annotations'))) {
    const words = checkQualifiedName(key.toLowerCase());
    if (words !== undefined) causes.push(invalidValue('metadata.annotations', key, words));
  }
  for (const [index, owner] of listAt(metadata, 'ownerReferences').entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (isObject(owner) && textAt(owner, field) === '') {
        const path = `metadata.ownerReferences[${index}].${field}`;
        causes.push(invalidValue(path, '', `${field === 'apiVersion' ? 'version' : field} must not be empty`));
      }
    }
  }
  return causes;
}

/** Why a name may not be used, or undefined. */
export function checkName(name: string, rule: NameRule): string | undefined {
  switch (rule) {
    case 'subdomain':
      if (name.length > 253) return 'must be no more than 253 bytes';
      return SUBDOMAIN.test(name) ? undefined : SUBDOMAIN_WORDS;
    case 'label':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return LABEL.test(name) ? undefined : LABEL_WORDS;
    case 'dns1035':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return DNS1035.test(name) ? undefined : DNS1035_WORDS;
    case 'path-segment':
      if (name === '.' || name === '..') return `may not be '${name}'`;
      return /[/%]/.test(name) ? "may not contain '/' or '%'" : undefined;
  }
}

function checkQualifiedName(key: string): string | undefined {
  const slash = key.lastIndexOf('/');
  const prefix = key.slice(0, Math.max(0, slash));
  const name = key.slice(slash + 1);
  if (slash >= 0 && !SUBDOMAIN.test(prefix)) return `prefix part ${SUBDOMAIN_WORDS}`;
  if (name.length > 63) return 'name part must be no more than 63 bytes';
  return QUALIFIED_NAME.test(name) ? undefined : QUALIFIED_WORDS;
}

function invalidValue(field: string, value: string, words: string): Cause {
  return cause(field, `Invalid value: ${JSON.stringify(value)}: ${words}`);
}

function cause(field: string, message: string, reason: Cause['reason'] = 'FieldValueInvalid'): Cause {
  return { reason, message, field };
}
