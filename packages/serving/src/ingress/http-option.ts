/** What becomes of plain HTTP at hosts that have certificates: as the object says, else as the cluster says. */
import type { HttpOption } from '../api/ingress.ts';
import type { HttpProtocol, NetworkConfig } from '../config/network-config.ts';
import { annotations } from '../labels.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** Without certificates there is only plain HTTP. */
export function httpOptionOf(own: Annotations, network: Pick<NetworkConfig, 'httpProtocol'>, hasTls: boolean): HttpOption {
  return hasTls && protocolOf(own, network) !== 'enabled' ? 'Redirected' : 'Enabled';
}

function protocolOf(own: Annotations, network: Pick<NetworkConfig, 'httpProtocol'>): HttpProtocol {
  const { httpProtocol, legacyHttpOption, oldHttpOption } = annotations;
  const stated = (own?.[httpProtocol] ?? own?.[legacyHttpOption] ?? own?.[oldHttpOption])?.toLowerCase();
  return stated === 'enabled' || stated === 'redirected' || stated === 'disabled' ? stated : network.httpProtocol;
}
