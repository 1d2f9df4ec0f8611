/** The way in which a cluster's check asks its hosts. */
import type { Host } from '@sluice/balancing';
import type { UpstreamContext } from '../upstream-context.ts';
import { GrpcAsker } from './grpc-asker.ts';
import type { AskerOptions, HostAsker } from './host-asker.ts';
import { HttpAsker } from './http-asker.ts';
import { TcpAsker } from './tcp-asker.ts';

export function openAsker(host: Host, options: AskerOptions, context: UpstreamContext): HostAsker {
  const { question } = options.check;
  switch (question.kind) {
    case 'http':
      return new HttpAsker(host, question, options, context);
    case 'grpc':
      return new GrpcAsker(host, question, options, context);
    case 'tcp':
      return new TcpAsker(host, question, options.check.timeoutMs, context);
  }
}
