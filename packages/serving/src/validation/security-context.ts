/** Rules for security contexts of pods and of containers. */
import { isPermitted, type FeaturesConfig } from '../config/features-config.ts';
import { disallowed, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { elementsOf, membersOf, onlyMembers } from './members.ts';

/** The largest user and group there is. */
const idMax = 2_147_483_647;

const podFields = new Set(['runAsUser', 'runAsGroup', 'runAsNonRoot', 'fsGroup', 'supplementalGroups', 'seccompProfile']);

const containerFields = new Set([
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'allowPrivilegeEscalation',
  'readOnlyRootFilesystem',
  'capabilities',
  'seccompProfile',
  'privileged',
]);

/** Whether pods may say something of their security at all. */
export function mayHavePodSecurityContext(features: FeaturesConfig): boolean {
  return isPermitted(features, 'kubernetes.podspec-securitycontext') || features['secure-pod-defaults'] !== 'Disabled';
}

export function checkPodSecurityContext(context: unknown, features: FeaturesConfig): FieldProblem[] {
  const { supplementalGroups } = membersOf(context);
  // Where only secure defaults are on, a pod may say no more than how those are to be.
  const allowed = isPermitted(features, 'kubernetes.podspec-securitycontext') ? podFields : new Set(['seccompProfile']);
  return [
    ...onlyMembers(context, allowed),
    ...checkIds(context, ['runAsUser', 'runAsGroup', 'fsGroup']),
    ...elementsOf(supplementalGroups).flatMap((group, index) => outside(group, `supplementalGroups[${index}]`)),
  ];
}

export function checkSecurityContext(context: unknown, features: FeaturesConfig): FieldProblem[] {
  const { privileged, capabilities } = membersOf(context);
  return [
    ...onlyMembers(context, containerFields),
    ...(privileged === true ? [disallowed('privileged')] : []),
    ...within('capabilities', checkCapabilities(capabilities, features)),
    ...checkIds(context, ['runAsUser', 'runAsGroup']),
  ];
}

/** Binding a low port may be asked for by all; anything else only where the cluster lets them. */
function checkCapabilities(capabilities: unknown, features: FeaturesConfig): FieldProblem[] {
  const { add } = membersOf(capabilities);
  const found = onlyMembers(capabilities, new Set(['add', 'drop']));
  const asksForMore = elementsOf(add).some((name) => name !== 'NET_BIND_SERVICE');
  if (asksForMore && !isPermitted(features, 'kubernetes.containerspec-addcapabilities')) found.push(disallowed('add'));
  return found;
}

function checkIds(context: unknown, names: readonly string[]): FieldProblem[] {
  const members = membersOf(context);
  return names.flatMap((name) => outside(members[name], name));
}

function outside(id: unknown, path: string): FieldProblem[] {
  return typeof id === 'number' && (id < 0 || id > idMax) ? [outOfBounds(id, 0, idMax, path)] : [];
}
