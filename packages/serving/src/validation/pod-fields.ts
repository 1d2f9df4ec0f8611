/** Which fields of a pod a revision may set. */
import type { PodSpec } from '../api/pod-spec.ts';
import { isPermitted, type Feature, type FeaturesConfig } from '../config/features-config.ts';
import { disallowed, invalidValue, within, type FieldProblem } from './field-problem.ts';
import { membersOf } from './members.ts';
import { checkPodSecurityContext, mayHavePodSecurityContext } from './security-context.ts';

const freeFields = new Set(['containers', 'serviceAccountName', 'enableServiceLinks', 'imagePullSecrets', 'volumes']);

/** Fields that a cluster opens by a flag. */
export const flaggedPodFields: Readonly<Record<string, Feature>> = {
  affinity: 'kubernetes.podspec-affinity',
  topologySpreadConstraints: 'kubernetes.podspec-topologyspreadconstraints',
  hostAliases: 'kubernetes.podspec-hostaliases',
  nodeSelector: 'kubernetes.podspec-nodeselector',
  tolerations: 'kubernetes.podspec-tolerations',
  runtimeClassName: 'kubernetes.podspec-runtimeclassname',
  priorityClassName: 'kubernetes.podspec-priorityclassname',
  schedulerName: 'kubernetes.podspec-schedulername',
  initContainers: 'kubernetes.podspec-init-containers',
  dnsPolicy: 'kubernetes.podspec-dnspolicy',
  dnsConfig: 'kubernetes.podspec-dnsconfig',
  shareProcessNamespace: 'kubernetes.podspec-shareprocessnamespace',
  hostIPC: 'kubernetes.podspec-hostipc',
  hostPID: 'kubernetes.podspec-hostpid',
  hostNetwork: 'kubernetes.podspec-hostnetwork',
};

/** A name as Kubernetes gives them to objects. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export function checkPodFields(pod: PodSpec, features: FeaturesConfig): FieldProblem[] {
  const { securityContext } = membersOf(pod);
  const found = Object.entries(pod).flatMap(([field, value]) => (isAllowed(field, value, features) ? [] : [disallowed(field)]));
  const { serviceAccountName: account } = pod;
  if (account && !subdomain.test(account)) found.push(invalidValue(account, 'serviceAccountName', subdomainRule));
  if (mayHavePodSecurityContext(features)) found.push(...within('securityContext', checkPodSecurityContext(securityContext, features)));
  return found;
}

function isAllowed(field: string, value: unknown, features: FeaturesConfig): boolean {
  if (freeFields.has(field) || value === null) return true;
  // Giving the token away is Kubernetes' default; only keeping it back needs to be said.
  if (field === 'automountServiceAccountToken') return value === false;
  if (field === 'securityContext') return mayHavePodSecurityContext(features);
  const flag = flaggedPodFields[field];
  return flag !== undefined && isPermitted(features, flag);
}
