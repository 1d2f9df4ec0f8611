/** What a pod's spec must not be without, wherever it stands. */
import type { JsonObject } from '../../json.ts';
import { isObject, listAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { checkName } from '../names.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];

/** @param path where the spec stands: `spec`, or `spec.template.spec` */
export function validatePodSpec(spec: JsonObject, path: string): Cause[] {
  const causes: Cause[] = [];
  const containers = listAt(spec, 'containers');
  if (containers.length === 0) causes.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of listAt(spec, list).entries()) {
      if (isObject(container)) validateContainer(container, `${path}.${list}[${index}]`, names, causes);
    }
  }
  const policy = textAt(spec, 'restartPolicy');
  if (policy !== '' && !RESTART_POLICIES.includes(policy)) {
    causes.push(notSupported(`${path}.restartPolicy`, policy, RESTART_POLICIES));
  }
  return causes;
}

function validateContainer(container: JsonObject, path: string, names: Set<string>, causes: Cause[]): void {
  const name = textAt(container, 'name');
  if (name === '') causes.push(required(`${path}.name`));
  else {
    const words = checkName(name, 'label');
    if (words !== undefined) causes.push(badValue(`${path}.name`, JSON.stringify(name), words));
    if (names.has(name)) {
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(name)}`, field: `${path}.name` });
    }
    names.add(name);
  }
  for (const [index, port] of listAt(container, 'ports').entries()) {
    const number = isObject(port) ? port['containerPort'] : undefined;
    if (typeof number !== 'number') causes.push(required(`${path}.ports[${index}].containerPort`));
    else if (number < 1 || number > 65535) {
      causes.push(badValue(`${path}.ports[${index}].containerPort`, String(number), 'must be between 1 and 65535, inclusive'));
    }
  }
  for (const [index, variable] of listAt(container, 'env').entries()) {
    if (isObject(variable) && textAt(variable, 'name') === '') causes.push(required(`${path}.env[${index}].name`));
  }
}

export function required(field: string, why = ''): Cause {
  return { reason: 'FieldValueRequired', message: why === '' ? 'Required value' : `Required value: ${why}`, field };
}

/** @param found the value as it is to be printed */
export function badValue(field: string, found: string, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${found}: ${why}`, field };
}

export function notSupported(field: string, found: string, allowed: readonly string[]): Cause {
  const list = allowed.map((one) => JSON.stringify(one)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(found)}: supported values: ${list}`,
    field,
  };
}
