/**
 * The part of Go's `text/template` that request logs are written in: text, fields, `js`, a header by name, pipes, comments and
 * the dashes that take white space away. Everything else is refused when the template is read: a log that comes out wrong is
 * found too late.
 */

/** What a field's value may be. Go's integers and its float64 are told apart: they are written differently. */
export type TemplateValue = string | number | { readonly seconds: number };

/** Reads one field; `undefined` in place of the reader: there is no such field. */
export type FieldLookup<Source> = (path: string) => ((source: Source) => TemplateValue) | undefined;

export type Template<Source> = { readonly ok: true; readonly render: (source: Source) => string } | { readonly ok: false; readonly message: string };

type Piece<Source> = string | ((source: Source) => string);

const action = /\{\{(- )?([\s\S]*?)( -)?\}\}/g;

export function compileTemplate<Source>(text: string, lookUp: FieldLookup<Source>): Template<Source> {
  const pieces: Piece<Source>[] = [];
  let from = 0;
  let trimsLeft = false;
  const literal = (to: number, trimsRight: boolean): void => {
    let piece = text.slice(from, to);
    if (trimsLeft) piece = piece.trimStart();
    if (trimsRight) piece = piece.trimEnd();
    if (piece !== '') pieces.push(piece);
  };
  for (const match of text.matchAll(action)) {
    literal(match.index, match[1] !== undefined);
    const body = (match[2] ?? '').trim();
    if (!body.startsWith('/*')) {
      const compiled = compileAction(body, lookUp);
      if (typeof compiled === 'string') return { ok: false, message: `{{${body}}}: ${compiled}` };
      pieces.push(compiled.read);
    } else if (!body.endsWith('*/')) return { ok: false, message: `{{${body}}}: the comment does not end` };
    from = match.index + match[0].length;
    trimsLeft = match[3] !== undefined;
  }
  if (text.slice(from).includes('{{')) return { ok: false, message: 'an action does not end' };
  literal(text.length, false);
  return {
    ok: true,
    render(source) {
      let line = '';
      for (const piece of pieces) line += typeof piece === 'string' ? piece : piece(source);
      return line;
    },
  };
}

interface Read<Source> {
  readonly read: (source: Source) => string;
}

/** `.Field`, `js .Field`, `.Request.Header.Get "Name"`, `"text"`, each with `| js` behind it. Else what is wrong with it. */
function compileAction<Source>(body: string, lookUp: FieldLookup<Source>): Read<Source> | string {
  const [first = '', ...filters] = body.split('|').map((part) => part.trim());
  let operand = first;
  if (/^js\s/.test(operand)) {
    filters.unshift('js');
    operand = operand.slice(2).trim();
  }
  if (operand.startsWith('(') && operand.endsWith(')')) operand = operand.slice(1, -1).trim();
  const unknown = filters.find((filter) => filter !== 'js');
  if (unknown !== undefined) return `function ${JSON.stringify(unknown.split(' ')[0])} is not known: there is js`;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(operand)?.[1]?.replace(/\\(.)/g, '$1');
  const field = quoted === undefined ? lookUp(operand) : () => quoted;
  if (!field) return operand.startsWith('.') ? `there is no field ${operand}` : 'only fields, js and comments are known here';
  const read = filters.length === 0 ? (source: Source) => textOf(field(source)) : (source: Source) => filters.reduce((text) => escapeForScript(text), textOf(field(source)));
  return { read };
}

function textOf(value: TemplateValue): string {
  if (typeof value === 'object') return formatFloat(value.seconds);
  return String(value);
}

/** As Go writes a float64 with `%v`: with an exponent of two digits below 0.0001 and from 1e21 on. */
export function formatFloat(value: number): string {
  if (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e21)) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa}e${exponent[0] ?? '+'}${exponent.slice(1).padStart(2, '0')}`;
}

/** What ends a string of JavaScript, or a script in a page, as Go's `JSEscapeString` has it. */
const scriptEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"', '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D' };

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const unsafe = /[\\'"<>&=\u0000-\u001f\u007f-\u00a0\u00ad\u2028\u2029]/g;

export function escapeForScript(text: string): string {
  return text.replace(unsafe, (character) => scriptEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
}
