/**
 * Records of OpenTelemetry's log service on the wire. The numbers are those of
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
 */
import { Buffer } from 'node:buffer';
import type { LogValue, NamedLogValue } from '@sluice/resources';
import type { ProtoWriter } from '../grpc/proto-writer.ts';

const anyValue = { text: 1, bool: 2, int: 3, double: 4, list: 5, map: 6 } as const;

/** Writes the fields of an `AnyValue`. */
export type ValueWriter<Source> = (writer: ProtoWriter, source: Source) => void;

/** Writes entries of a `KeyValueList`, or whatever has such, under its field. */
export type EntriesWriter<Source> = (writer: ProtoWriter, field: number, source: Source) => void;

/** What a text stands for; `path` is where it stands. */
export type CompileText<Source> = (text: string, path: string) => (source: Source) => string;

export function compileLogValue<Source>(value: LogValue, path: string, compileText: CompileText<Source>): ValueWriter<Source> {
  switch (value.kind) {
    case 'format': {
      const read = compileText(value.text, `${path}.string_value`);
      // In a oneof the empty string is a value like others.
      return (writer, source) => void writer.bytes(anyValue.text, Buffer.from(read(source), 'utf8'));
    }
    case 'bool':
      return (writer) => void writer.bool(anyValue.bool, value.value);
    case 'int':
      return (writer) => void writer.int(anyValue.int, value.value);
    case 'double':
      return (writer) => void writer.double(anyValue.double, value.value);
    case 'list': {
      const members = value.values.map((member, index) => compileLogValue(member, `${path}.array_value.values[${index}]`, compileText));
      return (writer, source) => void writer.message(anyValue.list, (list) => members.forEach((write) => list.message(1, (inner) => write(inner, source))));
    }
    case 'map': {
      const write = compileLogEntries(value.entries, `${path}.kvlist_value`, compileText);
      return (writer, source) => void writer.message(anyValue.map, (map) => write(map, 1, source));
    }
  }
}

export function compileLogEntries<Source>(entries: readonly NamedLogValue[], path: string, compileText: CompileText<Source>): EntriesWriter<Source> {
  const writers = entries.map(({ key, value }, index) => ({ key, write: compileLogValue(value, `${path}.values[${index}].value`, compileText) }));
  return (writer, field, source) => {
    for (const { key, write } of writers) writer.message(field, (entry) => entry.string(1, key).message(2, (inner) => write(inner, source)));
  };
}

/** An entry of text. */
export function writeTextEntry(writer: ProtoWriter, field: number, key: string, text: string): void {
  writer.message(field, (entry) => entry.string(1, key).message(2, (inner) => inner.bytes(anyValue.text, Buffer.from(text, 'utf8'))));
}
