/** Choices by labels, as ConfigMaps write them in YAML: `name: { selector: { label: value } }`. */
import { parse } from 'yaml';

/** Labels that an object must have. Empty: any object. */
export type LabelSelection = Readonly<Record<string, string>>;

/** What `selector:` of a YAML text holds; undefined when the text is something else. */
export function readSelection(text: string): LabelSelection | undefined {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return undefined;
  }
  return selectionOf(value);
}

/** @param value parsed; nothing at all selects everything */
export function selectionOf(value: unknown): LabelSelection | undefined {
  if (value === null || value === undefined) return {};
  if (!isMap(value)) return undefined;
  const selector = value['selector'] ?? {};
  if (!isMap(selector)) return undefined;
  const entries = Object.entries(selector);
  // YAML makes numbers and booleans of what is meant as a label's text.
  return entries.every(([, wanted]) => ['string', 'number', 'boolean'].includes(typeof wanted))
    ? Object.fromEntries(entries.map(([label, wanted]) => [label, String(wanted)]))
    : undefined;
}

export function isSelected(selection: LabelSelection, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selection).every(([label, value]) => labels[label] === value);
}

/** How many labels decide: the more, the more it counts. */
export function specificity(selection: LabelSelection): number {
  return Object.keys(selection).length;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
