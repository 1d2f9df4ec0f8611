/** The way in which a cluster's check asks its hosts. */
import type { Host } from '@sluice/balancing';
import type { HealthCheck } from '@sluice/resources';
import { prefacedContext } from '../prefaced-network.ts';
import { securedContext } from '../secured-network.ts';
import type { UpstreamContext } from '../upstream-context.ts';
import { GrpcAsker } from './grpc-asker.ts';
import type { AskerOptions, HostAsker } from './host-asker.ts';
import { HttpAsker } from './http-asker.ts';
import { TcpAsker } from './tcp-asker.ts';

export function openAsker(host: Host, options: AskerOptions, plain: UpstreamContext): HostAsker {
  const { question } = options.check;
  const preambles = options.transports?.preamblesOf(host);
  const open = preambles ? prefacedContext(plain, preambles.of(undefined)) : plain;
  const tls = options.transports?.of(host);
  const context = tls ? securedContext(open, tls, { serverName: undefined, checksServerName: false, alpnProtocols: alpnOf(question) }) : open;
  switch (question.kind) {
    case 'http':
      return new HttpAsker(host, question, options, context);
    case 'grpc':
      return new GrpcAsker(host, question, options, context);
    case 'tcp':
      return new TcpAsker(host, question, options.check.timeoutMs, context);
  }
}

/** What is offered where the cluster does not say: what the question is asked in. */
function alpnOf(question: HealthCheck['question']): readonly string[] {
  if (question.kind === 'tcp') return [];
  return question.kind === 'grpc' || question.speaksHttp2 ? ['h2'] : ['http/1.1'];
}
