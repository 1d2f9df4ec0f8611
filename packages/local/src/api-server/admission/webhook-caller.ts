/** How webhooks are reached: the one thing of admission that needs sockets. */

export interface WebhookCall {
  readonly method: 'POST';
  /** With its timeout as a parameter, as webhooks are told it. */
  readonly url: string;
  /** Where to connect instead of the URL's host: an address behind a Service. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  /** Certificates in PEM by which the webhook is believed; empty for those of the system. */
  readonly authorities: string;
  readonly timeoutMs: number;
  readonly body: string;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly body: string;
}

export interface WebhookCaller {
  /** Rejects with the words in which a Kubernetes server says why there is no answer: `dial tcp 127.0.0.1:9: connect: connection refused`. */
  call(call: WebhookCall): Promise<WebhookAnswer>;
  /** Closes what is kept open. */
  close(): void;
}

/** For servers without sockets: nobody can be asked. */
export const NO_WEBHOOKS: WebhookCaller = {
  call: () => Promise.reject(new Error('this server has no way to call webhooks')),
  close() {},
};
