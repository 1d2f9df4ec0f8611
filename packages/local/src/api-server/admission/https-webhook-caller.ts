/** Calls webhooks over HTTPS: the shell of admission. Connections are kept, since every write asks anew. */
import { Agent, request, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookAnswer, WebhookCall, WebhookCaller } from './webhook-caller.ts';

/** The longest answer that is read, in bytes. Chosen: two objects of the largest kind, encoded. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** How long an unused connection is kept, in ms, as Go's transport (`IdleConnTimeout`). */
const IDLE_MS = 90_000;

export function createHttpsWebhookCaller(): WebhookCaller {
  /** One for each set of authorities: a connection made under other ones proves nothing. */
  const agents = new Map<string, Agent>();

  function agentOf(authorities: string): Agent {
    let agent = agents.get(authorities);
    if (!agent) {
      agent = new Agent({ keepAlive: true, timeout: IDLE_MS, ...(authorities === '' ? {} : { ca: authorities }) });
      agents.set(authorities, agent);
    }
    return agent;
  }

  return {
    async call(call) {
      const agent = agentOf(call.authorities);
      const deadline = AbortSignal.timeout(call.timeoutMs);
      try {
        return await send(call, agent, deadline).catch((error: unknown) => {
          // The webhook closed a kept connection just as it was used again: it has not seen the question.
          if (error instanceof StaleConnection && !deadline.aborted) return send(call, agent, deadline);
          throw error;
        });
      } catch (error) {
        throw new Error(deadline.aborted ? 'context deadline exceeded' : wordsOf(error, call), { cause: error });
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

class StaleConnection extends Error {}

function send(call: WebhookCall, agent: Agent, signal: AbortSignal): Promise<WebhookAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(optionsOf(call, agent, signal), (incoming) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > ANSWER_BYTES_MAX) incoming.destroy(new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`));
        else pieces.push(piece);
      });
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(isStale ? new StaleConnection(error.message) : error);
    });
    outgoing.end(call.body);
  });
}

function optionsOf({ url, address, method, body }: WebhookCall, agent: Agent, signal: AbortSignal): RequestOptions {
  const { hostname, port, host, pathname, search } = new URL(url);
  const bare = hostname.replace(/^\[|\]$/g, '');
  return {
    agent,
    method,
    signal,
    host: address?.host ?? bare,
    port: address?.port ?? (port === '' ? 443 : Number(port)),
    // Behind a Service it is the Service's name that the certificate must have.
    ...(isIP(bare) === 0 ? { servername: bare } : {}),
    path: pathname + search,
    headers: {
      host,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'kube-apiserver-admission',
    },
  };
}

/** As Go's HTTP client says it, which is what people look for. */
function wordsOf(error: unknown, { url, address }: WebhookCall): string {
  const failed = error as NodeJS.ErrnoException & { cert?: { subjectaltname?: string } };
  const { hostname, port } = new URL(url);
  const target = address ? `${address.host}:${address.port}` : `${hostname}:${port === '' ? 443 : port}`;
  switch (failed.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${target}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${target}: connect: no route to host`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${hostname}: no such host`;
    case 'ECONNRESET':
    case 'EPIPE':
      return 'EOF';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is valid for ${namesOf(failed.cert?.subjectaltname)}, not ${hostname}`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    default:
      return failed instanceof Error ? failed.message : String(failed);
  }
}

function namesOf(names: string | undefined): string {
  const listed = (names ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return listed.filter((name) => name !== '').join(', ') || 'no name';
}
