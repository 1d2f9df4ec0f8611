/** `envoy.config.core.v3.Address`: a TCP socket or a Unix one. */
import type { Address } from '@sluice/kernel';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

/** Decodes an address. Port 0 stands where the system shall choose one. */
export function readAddress(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['socket_address', 'pipe'], true);
  const address =
    kind === 'socket_address'
      ? reader.read('socket_address', readSocketAddress)
      : kind === 'pipe'
        ? reader.read('pipe', readPipe)
        : undefined;
  reader.refuse(['envoy_internal_address']);
  reader.done();
  return address;
}

export function readSocketAddress(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const protocol = reader.enum('protocol', ['TCP', 'UDP'], 'TCP');
  if (protocol === 'UDP') scope.at('protocol').error('is UDP, must be TCP: QUIC and UDP are outside our subset');
  const host = reader.requiredString('address');
  const port = reader.uint32('port_value', 0, { max: 65_535 });
  reader.refuse(['named_port', 'resolver_name', 'network_namespace_filepath']);
  reader.ignore(['ipv4_compat']);
  reader.done();
  return { host, port };
}

function readPipe(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  const mode = reader.uint32('mode', undefined, { max: 0o777 });
  reader.done();
  return mode === undefined || mode === 0 ? { host: '', port: 0, path } : { host: '', port: 0, path, mode };
}
