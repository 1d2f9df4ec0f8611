/** Rules for a container's environment. */
import type { EnvVar } from '../api/pod-spec.ts';
import { isPermitted, type FeaturesConfig } from '../config/features-config.ts';
import { because, missing, oneOf, within, type FieldProblem } from './field-problem.ts';
import { membersOf, onlyMembers } from './members.ts';

/** Set for every program by the runtime contract. `PORT` only where requests arrive. */
const reserved = new Set(['K_SERVICE', 'K_CONFIGURATION', 'K_REVISION']);

/** @param isServing whether it is the container that takes requests */
export function checkEnvironment(environment: readonly EnvVar[], isServing: boolean, features: FeaturesConfig): FieldProblem[] {
  const sources = isPermitted(features, 'kubernetes.podspec-fieldref')
    ? new Set(['configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef'])
    : new Set(['configMapKeyRef', 'secretKeyRef']);
  return environment.flatMap((variable, index) => {
    const { name } = variable;
    const found = onlyMembers(variable, new Set(['name', 'value', 'valueFrom']));
    if (!name) found.push(missing('name'));
    else if (reserved.has(name) || (isServing && name === 'PORT')) {
      found.push(because(`"${name}" is a reserved environment variable`, 'name'));
    }
    return within(`env[${index}]`, [...found, ...within('valueFrom', onlyMembers(variable.valueFrom, sources))]);
  });
}

export function checkEnvironmentSources(sources: readonly unknown[]): FieldProblem[] {
  return sources.flatMap((source, index) => {
    const { configMapRef, secretRef } = membersOf(source);
    const found = onlyMembers(source, new Set(['prefix', 'configMapRef', 'secretRef']));
    if (configMapRef && secretRef) found.push(oneOf('both', 'configMapRef', 'secretRef'));
    if (!configMapRef && !secretRef) found.push(oneOf('neither', 'configMapRef', 'secretRef'));
    return within(`envFrom[${index}]`, found);
  });
}
