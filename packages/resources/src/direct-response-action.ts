/** `envoy.config.route.v3.DirectResponseAction`: answer without asking anybody. */
import { readSubstitutionFormat, type LogFormat } from './access-log.ts';
import { readDataSource, type DataSource } from './data-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface DirectResponseAction {
  readonly kind: 'direct_response';
  /** 200 to 599. */
  readonly status: number;
  readonly body: DataSource | undefined;
  /** How the body looks; undefined leaves it as it is. */
  readonly bodyFormat: LogFormat | undefined;
}

export function readDirectResponseAction(json: unknown, scope: Scope): DirectResponseAction | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  if (!reader.has('status')) scope.at('status').error('is required');
  const status = reader.uint32('status', 200, { min: 200, max: 599 });
  const body = reader.read('body', readDataSource);
  const bodyFormat = reader.read('body_format', readSubstitutionFormat);
  reader.done();
  return { kind: 'direct_response', status, body, bodyFormat };
}
