/**
 * Colour for people, none for pipes. `styleText` honours NO_COLOR, FORCE_COLOR and the stream's terminal
 * by itself.
 */
import { styleText } from 'node:util';

type Look = Parameters<typeof styleText>[0];

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  link(text: string): string;
}

/** Styles for what is written to `stream`. */
export function createStyle(stream: NodeJS.WriteStream): Style {
  const paint = (look: Look) => (text: string) => styleText(look, text, { stream });
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    warn: paint('yellow'),
    bad: paint('red'),
    link: paint('cyan'),
  };
}
