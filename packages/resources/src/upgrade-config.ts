/** `UpgradeConfig`, as it stands in the connection manager and in a route action. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface UpgradeConfig {
  /** Lower case, such as `websocket`, which a header names; or `CONNECT`, the method. */
  readonly upgradeType: string;
  readonly enabled: boolean;
  /** The tunnel of a CONNECT ends here: its bytes go to a host of the cluster as they are. Default false: the CONNECT goes on. */
  readonly terminatesConnect: boolean;
}

/** Of a connection manager, which cannot say what becomes of a CONNECT. */
export function readUpgradeConfig(json: unknown, scope: Scope): UpgradeConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config = { ...readCommon(reader), terminatesConnect: false };
  reader.refuse(['filters']);
  reader.done();
  return config;
}

export function readRouteUpgradeConfig(json: unknown, scope: Scope): UpgradeConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config = { ...readCommon(reader), terminatesConnect: reader.read('connect_config', readConnectConfig) ?? false };
  if (config.terminatesConnect && config.upgradeType !== 'CONNECT') scope.at('connect_config').error('is only for an upgrade_type of CONNECT');
  reader.done();
  return config;
}

function readCommon(reader: MessageReader): Omit<UpgradeConfig, 'terminatesConnect'> {
  const type = reader.requiredString('upgrade_type').toLowerCase();
  return { upgradeType: type === 'connect' ? 'CONNECT' : type, enabled: reader.boolean('enabled', true) };
}

/** Nothing of what it may say is in our subset: that it is there says all. */
function readConnectConfig(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.refuse(['proxy_protocol_config', 'allow_post']);
  reader.done();
  return true;
}
