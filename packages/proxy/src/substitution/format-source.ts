/** What a format string is filled in from: a stream, or as much of one as exists when a header is written. */
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Metadata, Struct } from '@sluice/resources';
import type { StreamInfo } from '../stream-info.ts';
import type { LineWriter } from './line-writer.ts';

export interface FormatSource {
  readonly info: StreamInfo;
  readonly request: RequestHead;
  readonly response: ResponseHead | undefined;
  /** Absent where the route is not known, or is just being decided. */
  readonly route?: RouteFacts | undefined;
}

/** What a route and its virtual host say about themselves. */
export interface RouteFacts {
  readonly metadata?: ReadonlyMap<string, Struct> | undefined;
  readonly virtualHostMetadata?: Metadata;
}

/** What an operator stands for. Undefined where there is nothing to say: shown as `-`, or left out. */
export interface FieldReader {
  (source: FormatSource): FieldValue;
}

/** Structs and lists stand in JSON as they are, in text as JSON. */
export type FieldValue = string | number | object | undefined;

/** A reader that can also put its bytes down without making a string of them. */
export interface FieldWriter extends FieldReader {
  /** False: there is nothing to say, and nothing was put down. */
  append(source: FormatSource, line: LineWriter): boolean;
}

export function withAppend(read: FieldReader, append: FieldWriter['append']): FieldWriter {
  return Object.assign((source: FormatSource) => read(source), { append });
}

/** Makes the reader for one use of an operator, or says in a sentence why it cannot. */
export type Operator = (argument: string | undefined, context: OperatorContext) => FieldReader | string;

export type Operators = Readonly<Record<string, Operator>>;

/** What operators need besides the stream. */
export interface OperatorContext {
  readonly hostName: string;
  /** Of the environment; undefined where there is no such variable. */
  variable(name: string): string | undefined;
}

export const noOperatorContext: OperatorContext = { hostName: '', variable: () => undefined };

/** An operator without an argument. */
export function plain(read: FieldReader): Operator {
  return (argument) => (argument === undefined ? read : 'has an argument where none belongs');
}
