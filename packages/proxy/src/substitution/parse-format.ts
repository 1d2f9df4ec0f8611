/**
 * Envoy's format strings, taken apart: text, and `%OPERATOR(argument):length%` between.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
 */
export type FormatSegment =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'operator';
      readonly name: string;
      /** What stands in the brackets; undefined without brackets. */
      readonly argument: string | undefined;
      /** Cut to this many characters; undefined is all. */
      readonly lengthMax: number | undefined;
    };

/** A command begins with a percent sign; its argument may hold anything but a closing bracket. */
const command = /%(?:%|([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d{1,6}))?%)/g;

/** Gives the segments, or a sentence about what cannot be read. */
export function parseFormat(format: string): readonly FormatSegment[] | string {
  const segments: FormatSegment[] = [];
  let text = '';
  let end = 0;
  const pushText = (): void => {
    if (text !== '') segments.push({ kind: 'text', text });
    text = '';
  };
  for (const match of format.matchAll(command)) {
    const before = format.slice(end, match.index);
    if (before.includes('%')) return strayPercent(before);
    text += before;
    end = match.index + match[0].length;
    const name = match[1];
    if (name === undefined) {
      text += '%';
      continue;
    }
    pushText();
    const lengthMax = match[3] === undefined ? undefined : Number(match[3]);
    segments.push({ kind: 'operator', name, argument: match[2], lengthMax });
  }
  const rest = format.slice(end);
  if (rest.includes('%')) return strayPercent(rest);
  text += rest;
  pushText();
  return segments;
}

function strayPercent(text: string): string {
  return `has a % that begins no operator, at ${JSON.stringify(text.slice(text.indexOf('%'), text.indexOf('%') + 20))}; write %% for the sign itself`;
}
