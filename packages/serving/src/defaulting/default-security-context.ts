/** What containers may do at most, where a cluster secures them and they say nothing else (`secure-pod-defaults`). */
import type { Container } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import type { FeaturesConfig } from '../config/features-config.ts';
import { membersOf } from '../validation/members.ts';

/** The first port that needs no privilege. */
const firstFreePort = 1024;

export function defaultSecurityContext(
  container: Container,
  spec: RevisionSpec,
  features: FeaturesConfig,
): Pick<Container, 'securityContext'> {
  const mode = features['secure-pod-defaults'];
  if (mode === 'Disabled') return {};
  const own = membersOf(container.securityContext);
  const ofPod = membersOf(membersOf(spec)['securityContext']);
  const bindsLowPort = (container.ports ?? []).some(({ containerPort = 0 }) => containerPort > 0 && containerPort < firstFreePort);
  return {
    securityContext: {
      ...own,
      allowPrivilegeEscalation: own['allowPrivilegeEscalation'] ?? false,
      ...(own['seccompProfile'] === undefined && ofPod['seccompProfile'] === undefined
        ? { seccompProfile: { type: 'RuntimeDefault' } }
        : {}),
      ...(own['capabilities'] === undefined
        ? { capabilities: { drop: ['ALL'], ...(bindsLowPort ? { add: ['NET_BIND_SERVICE'] } : {}) } }
        : {}),
      ...(mode === 'Enabled' && own['runAsNonRoot'] === undefined && ofPod['runAsNonRoot'] === undefined ? { runAsNonRoot: true } : {}),
    },
  };
}
