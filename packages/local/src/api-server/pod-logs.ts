/** Where the answer to `kubectl logs` comes from: the kubelet implements it, the server only asks. */
import type { TextStream } from './exchange.ts';

export interface PodLogs {
  /** Called for a pod and a container that exist. */
  read(request: PodLogsRequest): Promise<PodLogsAnswer>;
}

export interface PodLogsRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** Go on with new lines until the container ends. */
  readonly follow: boolean;
  /** Of the container's instance before the present one. */
  readonly previous: boolean;
  /** Start each line with its time in RFC 3339 with nanoseconds. */
  readonly timestamps: boolean;
  /** Only this many last lines. */
  readonly tailLines?: number;
  /** Only lines from this moment on, in ms since the epoch. */
  readonly sinceMs?: number;
  /** End after this many bytes. */
  readonly limitBytes?: number;
}

/** `problem` is answered with 400 and the message, as a real kubelet's refusal is. */
export type PodLogsAnswer =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'stream'; readonly stream: TextStream }
  | { readonly kind: 'problem'; readonly message: string };
