/** `UpgradeConfig`, as it stands in the connection manager and in a route action. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface UpgradeConfig {
  /** Lower case, such as `websocket`. */
  readonly upgradeType: string;
  readonly enabled: boolean;
}

export function readUpgradeConfig(json: unknown, scope: Scope): UpgradeConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const upgradeType = reader.requiredString('upgrade_type').toLowerCase();
  const enabled = reader.boolean('enabled', true);
  if (upgradeType === 'connect') scope.at('upgrade_type').error('is CONNECT, which is outside our subset');
  reader.refuse(['filters', 'connect_config']);
  reader.done();
  return { upgradeType, enabled };
}
