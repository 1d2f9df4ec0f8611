/** Operators about the two ends of both connections. */
import { formatAddress, type Address } from '@sluice/kernel';
import { plain, type FormatSource, type Operators } from './format-source.ts';

export const addressOperators: Operators = {
  UPSTREAM_HOST: plain(({ info }) => info.upstreamHost || undefined),
  UPSTREAM_REMOTE_ADDRESS: plain(({ info }) => info.upstreamHost || undefined),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain(({ info }) => hostOf(info.upstreamHost)),
  UPSTREAM_REMOTE_PORT: plain(({ info }) => portOf(info.upstreamHost)),
  ...operatorsOf('UPSTREAM_LOCAL', ({ info }) => info.upstreamLocal),
  // Who the client is, as far as trusted headers tell; its connection's other end is the direct one.
  ...operatorsOf('DOWNSTREAM_REMOTE', ({ info }) => info.client ?? info.downstreamRemote),
  ...operatorsOf('DOWNSTREAM_DIRECT_REMOTE', ({ info }) => info.connection?.directRemote ?? info.downstreamRemote),
  ...operatorsOf('DOWNSTREAM_LOCAL', ({ info }) => info.downstreamLocal),
  ...operatorsOf('DOWNSTREAM_DIRECT_LOCAL', ({ info }) => info.downstreamLocal),
};

function operatorsOf(prefix: string, read: (source: FormatSource) => Address | undefined): Operators {
  return {
    [`${prefix}_ADDRESS`]: plain((source) => mapAddress(read(source), formatAddress)),
    [`${prefix}_ADDRESS_WITHOUT_PORT`]: plain((source) => mapAddress(read(source), ({ host, path }) => path ?? host)),
    [`${prefix}_PORT`]: plain((source) => mapAddress(read(source), ({ port, path }) => (path === undefined ? port : undefined))),
  };
}

function mapAddress<T>(address: Address | undefined, map: (address: Address) => T): T | undefined {
  return address && map(address);
}

function hostOf(hostAndPort: string): string | undefined {
  return hostAndPort === '' ? undefined : hostAndPort.slice(0, hostAndPort.lastIndexOf(':'));
}

function portOf(hostAndPort: string): number | undefined {
  return hostAndPort === '' ? undefined : Number(hostAndPort.slice(hostAndPort.lastIndexOf(':') + 1));
}
