/** `envoy.config.core.v3.HeaderValueOption`, and the four lists in which routes carry them. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeBase64 } from './data-source.ts';
import { decodeNonEmptyString, decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export interface HeaderValueOption {
  /** Lower case. */
  readonly name: string;
  /** A format string: `%OPERATOR%` is replaced by what it stands for. */
  readonly value: string;
  readonly appendAction: AppendAction;
  /** Sets the header even when the value comes out empty. */
  readonly keepEmptyValue: boolean;
}

export type AppendAction =
  | 'APPEND_IF_EXISTS_OR_ADD'
  | 'ADD_IF_ABSENT'
  | 'OVERWRITE_IF_EXISTS_OR_ADD'
  | 'OVERWRITE_IF_EXISTS';

/** What a level of routing (table, virtual host, route, weighted cluster) does to headers. Names are lower case. */
export interface HeaderMutations {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

const appendActions = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
] as const;

/** Envoy's limits: a value of 16 KiB, a list of 1000. */
const valueLengthMax = 16_384;
const listLengthMax = 1000;

export function readHeaderMutations(reader: MessageReader): HeaderMutations {
  return {
    requestHeadersToAdd: readHeaderValueOptions(reader, 'request_headers_to_add'),
    requestHeadersToRemove: reader.list('request_headers_to_remove', readRemovableName),
    responseHeadersToAdd: readHeaderValueOptions(reader, 'response_headers_to_add'),
    responseHeadersToRemove: reader.list('response_headers_to_remove', readRemovableName),
  };
}

export function readHeaderValueOptions(reader: MessageReader, name: string): readonly HeaderValueOption[] {
  const options = reader.list(name, readHeaderValueOption);
  if (options.length > listLengthMax) {
    reader.scope.at(name).error(`has ${options.length} entries, must have at most ${listLengthMax}`);
  }
  return options;
}

export function readHeaderValueOption(json: unknown, scope: Scope): HeaderValueOption | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const header = reader.required('header', readHeaderValue);
  const append = reader.boolean('append'); // the form from before append_action
  const byAppend = append === false ? 'OVERWRITE_IF_EXISTS_OR_ADD' : 'APPEND_IF_EXISTS_OR_ADD';
  const appendAction = reader.enum('append_action', appendActions, byAppend);
  const keepEmptyValue = reader.boolean('keep_empty_value', false);
  reader.done();
  return header && { ...header, appendAction, keepEmptyValue };
}

function readHeaderValue(json: unknown, scope: Scope): { name: string; value: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.read('key', readSettableName);
  if (!reader.has('key')) scope.at('key').error('is required');
  const value = reader.string('value') ?? reader.read('raw_value', readRawValue) ?? '';
  if (reader.has('value') && reader.has('raw_value')) scope.error('has value and raw_value, of which only one may be set');
  if (/[\0\r\n]/.test(value)) scope.at('value').error('must not contain line ends or NUL');
  if (value.length > valueLengthMax) {
    scope.at('value').error(`has ${value.length} characters, must have at most ${valueLengthMax}`);
  }
  reader.done();
  return name === undefined ? undefined : { name, value };
}

/** Bytes: each a character of Latin-1, which is what they become again on the wire. */
function readRawValue(json: unknown, scope: Scope): string | undefined {
  const encoded = decodeString(json, scope);
  return encoded === undefined ? undefined : decodeBase64(encoded, scope).toString('latin1');
}

/** A header that configuration may set: a token, no pseudo-header, and not the host, which rewrites are for. */
function readSettableName(json: unknown, scope: Scope): string | undefined {
  const name = readRemovableName(json, scope);
  if (name !== undefined && !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) {
    scope.error(`is ${JSON.stringify(json)}, must be a header name`);
  }
  return name;
}

/** A header that configuration may take away: no pseudo-header, and not the host. Gives it in lower case. */
export function readRemovableName(json: unknown, scope: Scope): string | undefined {
  const name = decodeNonEmptyString(json, scope)?.toLowerCase();
  if (name === undefined) return undefined;
  if (name.startsWith(':') || name === 'host') {
    scope.error(`is ${name}, which header rules may not touch; use a rewrite`);
    return undefined;
  }
  return name;
}
