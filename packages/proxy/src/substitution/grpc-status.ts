/** `grpc-status` of a response, wherever it stands, in the spellings that Envoy offers. */
import type { FieldReader, FormatSource, Operators } from './format-source.ts';
import { plain } from './format-source.ts';

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const grpcStatuses = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition',
  'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated',
] as const;

export const grpcOperators: Operators = {
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: plain((source) => grpcStatusNumberOf(source)),
};

/** In the trailers or, of an answer without a body, in the head. */
export function grpcStatusNumberOf({ response, info }: FormatSource): number | undefined {
  const text = info.responseTrailers?.get('grpc-status') ?? response?.get('grpc-status');
  return text === undefined || !/^\d{1,3}$/.test(text) ? undefined : Number(text);
}

function grpcStatus(argument: string | undefined): FieldReader | string {
  const spelling = argument ?? 'CAMEL_STRING';
  if (!['CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'].includes(spelling)) {
    return `has GRPC_STATUS(${spelling}), must be CAMEL_STRING, SNAKE_STRING or NUMBER`;
  }
  return (source) => {
    const number = grpcStatusNumberOf(source);
    if (number === undefined || spelling === 'NUMBER') return number;
    const camel = grpcStatuses[number];
    if (camel === undefined) return String(number);
    return spelling === 'SNAKE_STRING' ? camel.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() : camel;
  };
}
