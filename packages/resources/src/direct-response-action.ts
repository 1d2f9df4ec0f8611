/** `envoy.config.route.v3.DirectResponseAction`: answer without asking anybody. */
import { readDataSource, type DataSource } from './data-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface DirectResponseAction {
  readonly kind: 'direct_response';
  /** 200 to 599. */
  readonly status: number;
  readonly body: DataSource | undefined;
}

export function readDirectResponseAction(json: unknown, scope: Scope): DirectResponseAction | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  if (!reader.has('status')) scope.at('status').error('is required');
  const status = reader.uint32('status', 200, { min: 200, max: 599 });
  const body = reader.read('body', readDataSource);
  if (body && body.kind !== 'inline') {
    scope.at('body').error('must be inline_string or inline_bytes: files and variables are outside our subset here');
  }
  reader.refuse(['body_format']);
  reader.done();
  return { kind: 'direct_response', status, body };
}
