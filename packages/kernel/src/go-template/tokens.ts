/** The words of a Go template: literal text, and the actions between `{{` and `}}`. */
import { GoTemplateError } from './template-error.ts';

/** A piece of a template. `line` begins with 1. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly line: number };

export type Token =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  /** `if`, `true`, the name of a function. */
  | { readonly kind: 'word'; readonly value: string }
  /** `.Name`; the empty name is the dot alone. `joined`: it follows what is before it without a space. */
  | { readonly kind: 'field'; readonly value: string; readonly joined: boolean }
  /** `$name`; the empty name is the data that the template was given. */
  | { readonly kind: 'variable'; readonly value: string }
  | { readonly kind: 'mark'; readonly value: '(' | ')' | '|' | ':=' | '=' | ',' };

const opening = /\{\{(?:-(?=\s))?/g;

/** @throws GoTemplateError */
export function readPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let isTrimming = false;
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(text);
    const literal = text.slice(at, found?.index);
    const trimsBefore = found?.[0] === '{{-';
    const cut = trimsBefore ? literal.trimEnd() : literal;
    const kept = isTrimming ? cut.trimStart() : cut;
    if (kept !== '') pieces.push({ kind: 'text', text: kept });
    if (!found) return pieces;
    const line = lineOf(found.index);
    const action = readAction(text, found.index + found[0].length, line);
    if (action.tokens.length > 0) pieces.push({ kind: 'action', tokens: action.tokens, line });
    else if (!action.isComment) throw new GoTemplateError('missing value for command', line);
    at = action.end;
    isTrimming = action.trimsAfter;
  }
}

const token =
  /\s+|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|\$\w*|\.[A-Za-z_]\w*|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|:=|[.()|=,]/y;

interface Action {
  readonly tokens: readonly Token[];
  readonly end: number;
  readonly trimsAfter: boolean;
  readonly isComment: boolean;
}

function readAction(text: string, start: number, line: number): Action {
  const comment = /\s*\/\*[^]*?\*\/(\s+-)?\s*\}\}/y;
  comment.lastIndex = start;
  const commented = comment.exec(text);
  if (commented) return { tokens: [], end: comment.lastIndex, trimsAfter: commented[1] !== undefined, isComment: true };
  const tokens: Token[] = [];
  let at = start;
  let afterSpace = true;
  for (;;) {
    const end = /\s+-\}\}|\s*\}\}/y;
    end.lastIndex = at;
    const closing = end.exec(text);
    if (closing) return { tokens, end: end.lastIndex, trimsAfter: closing[0].includes('-'), isComment: false };
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    if (found === undefined) {
      throw new GoTemplateError(at >= text.length ? 'unclosed action' : `unexpected ${JSON.stringify(text.charAt(at))} in command`, line);
    }
    at += found.length;
    const isSpace = found.trim() === '';
    if (!isSpace) tokens.push(toToken(found, !afterSpace, line));
    afterSpace = isSpace;
  }
}

function toToken(text: string, joined: boolean, line: number): Token {
  const [first = ''] = text;
  if (first === '"') return { kind: 'string', value: unquote(text, line) };
  if (first === '`') return { kind: 'string', value: text.slice(1, -1) };
  if (first === "'") return { kind: 'number', value: unquote(`"${text.slice(1, -1)}"`, line).codePointAt(0) ?? 0 };
  if (first === '$') return { kind: 'variable', value: text.slice(1) };
  if (first === '.' && !/\d/.test(text.charAt(1))) return { kind: 'field', value: text.slice(1), joined };
  if (/[\d+.-]/.test(first)) return { kind: 'number', value: Number(text) };
  if (/[(|),:=]/.test(first)) return { kind: 'mark', value: text as '(' };
  return { kind: 'word', value: text };
}

/** Go's escapes that JSON knows as well, and `\'`; a template has no use for the others. */
function unquote(text: string, line: number): string {
  try {
    return JSON.parse(text.replaceAll(String.raw`\'`, "'")) as string;
  } catch {
    throw new GoTemplateError(`bad string ${text}`, line);
  }
}
