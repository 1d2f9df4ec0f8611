/** What the verbs of a kind need of the client. */
import type { ApiRequest, ApiResponse } from './transport.ts';

export interface ApiSender {
  /** Who writes, in the bookkeeping of fields. */
  readonly fieldManager: string;
  /** One request, with its answer as it comes. @throws ApiError when the answer says no */
  send(request: ApiRequest): Promise<ApiResponse>;
  /** One request whose answer is JSON. @throws ApiError when the answer says no */
  json(request: JsonRequest): Promise<unknown>;
}

export interface JsonRequest extends Omit<ApiRequest, 'headers'> {
  /** Default `application/json`. */
  readonly contentType?: string;
}
