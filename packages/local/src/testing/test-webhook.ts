/** A webhook on a real socket with a real certificate, whose answers a test decides. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../api-server/json.ts';
import { objectAt, textAt } from '../api-server/json.ts';
import { hookCertificates } from './hook-certificates.ts';

/** What a webhook says: allowed when nothing is returned; `patch` is a list of operations. */
export type HookAnswer = { readonly allowed?: boolean; readonly status?: JsonObject; readonly warnings?: readonly string[]; readonly patch?: unknown } | void;

/** Raw text instead of a review, for webhooks that answer badly. */
export interface RawAnswer {
  readonly code: number;
  readonly text: string;
}

export interface TestWebhook {
  readonly port: number;
  readonly url: string;
  /** The requests of the reviews that came, in order. */
  readonly requests: JsonObject[];
  /** The paths that were asked, with their parameters. */
  readonly paths: string[];
  /** What a configuration says of it: `{url, caBundle}`. */
  readonly clientConfig: JsonObject;
  close(): Promise<void>;
}

/** @param answer may be late; a thrown error cuts the connection */
export async function startTestWebhook(answer: (request: JsonObject) => HookAnswer | RawAnswer | Promise<HookAnswer | RawAnswer>): Promise<TestWebhook> {
  const requests: JsonObject[] = [];
  const paths: string[] = [];
  const server = createServer({ cert: hookCertificates.certificate, key: hookCertificates.key }, async (incoming, outgoing) => {
    try {
      const pieces: Buffer[] = [];
      for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
      const review = JSON.parse(Buffer.concat(pieces).toString('utf8')) as JsonObject;
      const request = objectAt(review, 'request');
      requests.push(request);
      paths.push(incoming.url ?? '');
      const said = (await answer(request)) ?? {};
      if ('code' in said) {
        outgoing.writeHead(said.code, { 'content-type': 'text/plain' }).end(said.text);
        return;
      }
      const { patch, ...rest } = said;
      const patched = patch === undefined ? {} : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
      const response = { uid: textAt(request, 'uid'), allowed: true, ...rest, ...patched };
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
    } catch {
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const caBundle = Buffer.from(hookCertificates.authority).toString('base64');
  return { port, url, requests, paths, clientConfig: { url, caBundle }, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A configuration with one webhook that is asked about ConfigMaps, unless `more` says otherwise. */
export function hookConfiguration(kind: 'Mutating' | 'Validating', name: string, clientConfig: JsonObject, more: JsonObject = {}): JsonObject {
  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] };
  const hook = { name: `${name}.example.com`, clientConfig, rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'], ...more };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [hook],
  };
}
