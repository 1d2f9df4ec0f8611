/** Volumes that a pod has for its sidecar's sake, and where the sidecar mounts them. */
import { internalCertificateNames } from '../certificates/internal-certificates.ts';
import type { VolumeMount } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import type { ServingConfig } from '../config/serving-config.ts';
import { annotations, isAskedFor } from '../labels.ts';

/** How long a token is good for, in seconds, as Knative has it. */
const tokenExpirationSeconds = 3600;

/** With the certificate that the sidecar shows. */
export const certificateVolumeName = 'server-certs';

export interface SidecarVolume {
  readonly volume: { readonly name: string; readonly [source: string]: unknown };
  readonly mount: VolumeMount;
}

export function sidecarVolumes(
  revision: Revision,
  { deployment, features, network }: Pick<ServingConfig, 'deployment' | 'features' | 'network'>,
): SidecarVolume[] {
  const volumes: SidecarVolume[] = [];
  const audiences = deployment.queueSidecarTokenAudiences;
  if (audiences.length > 0) {
    const sources = audiences.map((audience) => ({
      serviceAccountToken: { audience, expirationSeconds: tokenExpirationSeconds, path: audience },
    }));
    volumes.push(sidecarVolume('knative-token-volume', { projected: { sources } }, '/var/run/secrets/tokens'));
  }
  if (network.systemInternalTls) {
    // Without the Secret the sidecar serves plain HTTP alone, rather than no pod at all.
    volumes.push(sidecarVolume(certificateVolumeName, { secret: { secretName: internalCertificateNames.pods, optional: true } }, '/var/lib/knative/certs'));
  }
  const podInfo = features['queueproxy.mount-podinfo'];
  if (podInfo === 'Enabled' || (podInfo === 'Allowed' && isAskedFor(revision, annotations.podInfo))) {
    const items = [{ path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } }];
    volumes.push(sidecarVolume('pod-info', { downwardAPI: { items } }, '/etc/podinfo'));
  }
  return volumes;
}

function sidecarVolume(name: string, source: object, mountPath: string): SidecarVolume {
  return { volume: { name, ...source }, mount: { name, mountPath, readOnly: true } };
}
