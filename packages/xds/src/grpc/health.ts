/** The standard gRPC health service, for probes and load balancers: one state for the whole server. */
import { status, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { readText } from '../codec/framing.ts';

/** `grpc.health.v1.HealthCheckRequest`. */
interface HealthCheckRequest {
  /** Empty for the server as a whole. */
  readonly service: string;
}

/** `grpc.health.v1.HealthCheckResponse`: 1 SERVING, 2 NOT_SERVING. */
interface HealthCheckResponse {
  readonly status: 1 | 2;
}

const messages = {
  requestSerialize: ({ service }: HealthCheckRequest): Buffer =>
    Buffer.from(protobuf.Writer.create().uint32((1 << 3) | 2).string(service).finish()),
  requestDeserialize(bytes: Buffer): HealthCheckRequest {
    const reader = protobuf.Reader.create(bytes);
    let service = '';
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === ((1 << 3) | 2)) service = readText(reader);
      else reader.skipType(tag & 7);
    }
    return { service };
  },
  responseSerialize: (response: HealthCheckResponse): Buffer =>
    Buffer.from(protobuf.Writer.create().uint32(1 << 3).int32(response.status).finish()),
  responseDeserialize(bytes: Buffer): HealthCheckResponse {
    const reader = protobuf.Reader.create(bytes);
    let found = 2;
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 1 << 3) found = reader.int32();
      else reader.skipType(tag & 7);
    }
    return { status: found === 1 ? 1 : 2 };
  },
};

export const healthMethods = {
  check: { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...messages },
  watch: { path: '/grpc.health.v1.Health/Watch', requestStream: false, responseStream: true, ...messages },
} as const;

export function createHealthService() {
  let isServing = false;
  const watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>();
  const state = (): HealthCheckResponse => ({ status: isServing ? 1 : 2 });
  return {
    setServing(serving: boolean): void {
      if (serving === isServing) return;
      isServing = serving;
      for (const watcher of watchers) watcher.write(state());
    },
    /** Ends what watches. */
    stop(): void {
      for (const watcher of watchers) watcher.end();
    },
    implementation: {
      check(
        call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
        answer: sendUnaryData<HealthCheckResponse>,
      ): void {
        if (call.request.service === '') answer(null, state());
        else answer({ code: status.NOT_FOUND, details: `service ${call.request.service} is not known here` });
      },
      watch(call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void {
        watchers.add(call);
        call.on('close', () => watchers.delete(call));
        call.on('cancelled', () => watchers.delete(call));
        call.write(state());
      },
    },
  };
}
