/** `LocalReplyConfig` of the connection manager: what becomes of the answers that the proxy gives by itself. */
import { readSubstitutionFormat, type LogFormat } from './access-log.ts';
import { readAccessLogFilter, type AccessLogFilter } from './access-log-filter.ts';
import { readDataSource, type DataSource } from './data-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderValueOptions, type HeaderValueOption } from './header-value-option.ts';

export interface LocalReplyConfig {
  /** The first whose filter holds changes the answer. */
  readonly mappers: readonly ResponseMapper[];
  /** How bodies look; undefined leaves them as they are, in `text/plain`. */
  readonly bodyFormat: LogFormat | undefined;
}

export interface ResponseMapper {
  readonly filter: AccessLogFilter;
  /** Undefined leaves it. */
  readonly status: number | undefined;
  readonly body: DataSource | undefined;
  readonly bodyFormat: LogFormat | undefined;
  readonly headersToAdd: readonly HeaderValueOption[];
}

export const noLocalReplyConfig: LocalReplyConfig = { mappers: [], bodyFormat: undefined };

export function readLocalReplyConfig(json: unknown, scope: Scope): LocalReplyConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: LocalReplyConfig = {
    mappers: reader.list('mappers', readMapper),
    bodyFormat: reader.read('body_format', readSubstitutionFormat),
  };
  reader.done();
  return config;
}

function readMapper(json: unknown, scope: Scope): ResponseMapper | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const filter = reader.required('filter', readAccessLogFilter);
  const settings = {
    status: reader.uint32('status_code', undefined, { min: 200, max: 599 }),
    body: reader.read('body', readDataSource),
    bodyFormat: reader.read('body_format_override', readSubstitutionFormat),
    headersToAdd: readHeaderValueOptions(reader, 'headers_to_add'),
  };
  reader.done();
  return filter && { filter, ...settings };
}
