/**
 * Header mutations of all levels, compiled to one function per direction. A value without operators is turned into
 * bytes once. Order, as Envoy's: weighted cluster, route, virtual host, table; reversed when the most specific shall
 * win. Within a level removals come first.
 */
import { createHeaderLine, type HeaderBlock } from '@sluice/http';
import type { HeaderMutations, HeaderValueOption } from '@sluice/resources';
import { compileFormat, isConstantFormat, type TextFormat } from '../substitution/compile-format.ts';
import type { FormatSource } from '../substitution/format-source.ts';
import type { PatternCompiler } from './compile-session.ts';

/** Changes the headers of `head`; `source` is what operators read. */
export type HeaderRule = (head: HeaderBlock, source: FormatSource) => void;

/** Mutations of one level, with where they stand, for messages. */
export interface MutationLevel {
  readonly mutations: HeaderMutations;
  readonly path: string;
}

export function compileRequestRules(levels: readonly MutationLevel[], patterns: PatternCompiler): readonly HeaderRule[] {
  return levels.flatMap(({ mutations, path }) =>
    compileRules(mutations.requestHeadersToRemove, mutations.requestHeadersToAdd, `${path}request_headers_to_add`, patterns),
  );
}

export function compileResponseRules(levels: readonly MutationLevel[], patterns: PatternCompiler): readonly HeaderRule[] {
  return levels.flatMap(({ mutations, path }) =>
    compileRules(
      mutations.responseHeadersToRemove,
      mutations.responseHeadersToAdd,
      `${path}response_headers_to_add`,
      patterns,
    ),
  );
}

function compileRules(
  remove: readonly string[],
  add: readonly HeaderValueOption[],
  path: string,
  patterns: PatternCompiler,
): readonly HeaderRule[] {
  return [
    ...remove.map((name): HeaderRule => (head) => head.remove(name)),
    ...compileHeaderAdditions(add, path, patterns),
  ];
}

/** A list of `HeaderValueOption`; `path` is the list's. */
export function compileHeaderAdditions(add: readonly HeaderValueOption[], path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  return add.flatMap((option, index) => compileHeaderAddition(option, `${path}[${index}]`, patterns));
}

/** One `HeaderValueOption`: no rule when it would add nothing. */
export function compileHeaderAddition(option: HeaderValueOption, path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  return compileOption(option, `${path}.header`, patterns);
}

function compileOption(option: HeaderValueOption, path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  return isConstantFormat(option.value) ? compileConstant(option, path, patterns) : compileVariable(option, path, patterns);
}

function compileConstant(option: HeaderValueOption, path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  const { name, value, appendAction, keepEmptyValue } = option;
  if (value === '' && !keepEmptyValue) return [];
  const line = makeLine(name, value);
  if (line === undefined) {
    patterns.error(`${path}.value`, `is ${JSON.stringify(value)}, must not contain control characters`);
    return [];
  }
  switch (appendAction) {
    case 'APPEND_IF_EXISTS_OR_ADD':
      return [(head) => head.addLine(line)];
    case 'ADD_IF_ABSENT':
      return [
        (head) => {
          if (!head.has(name)) head.addLine(line);
        },
      ];
    case 'OVERWRITE_IF_EXISTS_OR_ADD':
      return [(head) => head.setLine(line)];
    case 'OVERWRITE_IF_EXISTS':
      return [
        (head) => {
          if (head.has(name)) head.setLine(line);
        },
      ];
  }
}

function makeLine(name: string, value: string): ReturnType<typeof createHeaderLine> | undefined {
  try {
    return createHeaderLine(name, value);
  } catch {
    return undefined;
  }
}

function compileVariable(option: HeaderValueOption, path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  const { name, appendAction, keepEmptyValue } = option;
  const compiled = compileFormat(option.value, '', patterns.operators);
  if (!compiled.ok) {
    patterns.error(`${path}.value`, compiled.message);
    return [];
  }
  const format: TextFormat = compiled.format;
  return [
    (head, source) => {
      if (appendAction === 'ADD_IF_ABSENT' && head.has(name)) return;
      if (appendAction === 'OVERWRITE_IF_EXISTS' && !head.has(name)) return;
      const value = format(source);
      if (value === '' && !keepEmptyValue) return;
      if (appendAction === 'APPEND_IF_EXISTS_OR_ADD') head.add(name, value);
      else head.set(name, value);
    },
  ];
}
