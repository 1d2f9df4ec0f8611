/**
 * What is wrong with an Ingress, in Knative's words.
 * https://github.com/knative/networking/blob/main/pkg/apis/networking/v1alpha1/ingress_validation.go
 */
import type { Problem } from '@sluice/kernel';
import type { Ingress, IngressPath, IngressRule, IngressSpec, IngressSplit, IngressTls } from '../api/ingress.ts';
import { because, invalidValue, missing, toProblems, within, type FieldProblem } from '../validation/field-problem.ts';

export function validateIngress({ metadata, spec }: Ingress): Problem[] {
  return toProblems(within('spec', checkIngressSpec(spec, metadata.namespace ?? '')));
}

/** @param namespace of the Ingress, where its backends must be */
export function checkIngressSpec(spec: IngressSpec, namespace: string): FieldProblem[] {
  const { rules = [], tls = [], httpOption = 'Enabled' } = spec;
  if (rules.length === 0 && tls.length === 0 && spec.httpOption === undefined) return [missing('')];
  return [
    ...(rules.length === 0 ? [missing('rules')] : []),
    ...rules.flatMap((rule, index) => within(`rules[${index}]`, checkRule(rule, namespace))),
    ...tls.flatMap((entry, index) => within(`tls[${index}]`, checkTls(entry))),
    ...(httpOption === 'Enabled' || httpOption === 'Redirected' ? [] : [invalidValue(httpOption, 'httpOption')]),
  ];
}

function checkRule(rule: IngressRule, namespace: string): FieldProblem[] {
  if (isEmpty(rule)) return [missing('')];
  const { paths = [] } = rule.http ?? {};
  if (rule.http === undefined) return [missing('http')];
  if (paths.length === 0) return [missing('http.paths')];
  const visibility = rule.visibility ?? 'ExternalIP';
  return [
    ...paths.flatMap((path, index) => within(`http.paths[${index}]`, checkPath(path, namespace))),
    ...(visibility === 'ExternalIP' || visibility === 'ClusterLocal' ? [] : [invalidValue(visibility, 'visibility')]),
  ];
}

function checkPath(path: IngressPath, namespace: string): FieldProblem[] {
  if (isEmpty(path)) return [missing('')];
  const { splits = [] } = path;
  if (splits.length === 0) return [missing('splits')];
  const found = splits.flatMap((split, index) => within(`splits[${index}]`, checkSplit(split, namespace)));
  // A single one may leave its percentage out.
  const total = splits.length === 1 ? (splits[0]?.percent ?? 100) : splits.reduce((sum, { percent = 0 }) => sum + percent, 0);
  if (total !== 100 && found.length === 0) found.push(because(`Traffic split percentage must total to 100, but was ${total}`, 'splits'));
  return found;
}

function checkSplit(split: IngressSplit, namespace: string): FieldProblem[] {
  if (isEmpty(split)) return [missing('')];
  const { serviceName = '', serviceNamespace = '', servicePort, percent = 0 } = split;
  // Nothing of a backend at all is one thing missing, not three.
  if (serviceName === '' && serviceNamespace === '' && servicePort === undefined) return [missing('')];
  const found: FieldProblem[] = [];
  if (percent < 0 || percent > 100) found.push(invalidValue(percent, 'percent'));
  if (serviceNamespace === '') found.push(missing('serviceNamespace'));
  else if (namespace !== '' && serviceNamespace !== namespace) {
    found.push(because('service namespace must match ingress namespace', 'serviceNamespace'));
  }
  if (serviceName === '') found.push(missing('serviceName'));
  if (servicePort === undefined || servicePort === 0 || servicePort === '') found.push(missing('servicePort'));
  return found;
}

function checkTls(tls: IngressTls): FieldProblem[] {
  if (isEmpty(tls)) return [missing('')];
  const { secretName = '', secretNamespace = '' } = tls;
  return [...(secretName === '' ? [missing('secretName')] : []), ...(secretNamespace === '' ? [missing('secretNamespace')] : [])];
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
