/**
 * Envoy's runtime: values by key that override numbers in the configuration without a new configuration. Layers lie
 * upon each other, later ones win, and on top lies what an operator has set (`/runtime_modify`). Whoever needs a value on
 * a request takes a reader for its key once; asking it is reading a field.
 */
import type { Struct } from '@sluice/resources';

export interface RuntimeLayer {
  readonly name: string;
  /** Values by key; keys of structs within structs are joined by dots. */
  readonly values: ReadonlyMap<string, RuntimeValue>;
}

/** What stands under a key: a scalar, or a fractional percent as a struct. */
export type RuntimeValue = string | number | boolean | Struct;

/** Gives the value as of now. */
export type RuntimeReader = () => number;

interface Cell {
  value: RuntimeValue | undefined;
}

export interface RuntimeEntry {
  /** One per layer, empty where the layer says nothing. */
  readonly layerValues: readonly string[];
  readonly finalValue: string;
}

export class Runtime {
  readonly #layers: readonly RuntimeLayer[];
  readonly #overrides = new Map<string, RuntimeValue>();
  readonly #cells = new Map<string, Cell>();
  /** Whether operators may override; Envoy wants a layer that says so. */
  readonly allowsOverrides: boolean;
  /** Told of what operators set. */
  onOverride: (changes: ReadonlyMap<string, string>) => void = () => {};
  /** How often an operator has overridden a value. */
  overridesTotal = 0;

  /** @param adminLayerName of the layer that operators write to; undefined: they may not. It lies on top. */
  constructor(layers: readonly RuntimeLayer[] = [], adminLayerName?: string) {
    this.allowsOverrides = adminLayerName !== undefined;
    this.#layers = adminLayerName === undefined ? layers : [...layers, { name: adminLayerName, values: this.#overrides }];
  }

  get layerNames(): readonly string[] {
    return this.#layers.map(({ name }) => name);
  }

  /** How many keys are there. */
  get keysTotal(): number {
    return this.entries().size;
  }

  /** A whole number, or the default where the runtime says nothing that is one. */
  number(key: string, fallback: number): RuntimeReader {
    if (key === '') return () => fallback;
    const cell = this.#cell(key);
    return () => {
      const { value } = cell;
      if (value === undefined) return fallback;
      const number = typeof value === 'number' ? value : typeof value === 'string' ? Number(value || Number.NaN) : Number.NaN;
      return Number.isFinite(number) ? number : fallback;
    };
  }

  /** A share from 0 to 1: written as a percentage, or as `{numerator, denominator}`. */
  ratio(key: string, fallbackRatio: number): RuntimeReader {
    if (key === '') return () => fallbackRatio;
    const cell = this.#cell(key);
    return () => (cell.value === undefined ? fallbackRatio : (ratioOf(cell.value) ?? fallbackRatio));
  }

  /** Sets values over all layers; an empty text takes back what was set. */
  override(changes: ReadonlyMap<string, string>): void {
    for (const [key, text] of changes) {
      if (text === '') this.#overrides.delete(key);
      else this.#overrides.set(key, scalarOf(text));
      this.overridesTotal += 1;
      const cell = this.#cells.get(key);
      if (cell) cell.value = this.#find(key);
    }
    this.onOverride(changes);
  }

  /** All keys in order. */
  entries(): ReadonlyMap<string, RuntimeEntry> {
    const keys = new Set(this.#layers.flatMap(({ values }) => [...values.keys()]));
    const entries = [...keys].sort().map((key): [string, RuntimeEntry] => {
      const layerValues = this.#layers.map(({ values }) => textOf(values.get(key)));
      return [key, { layerValues, finalValue: textOf(this.#find(key)) }];
    });
    return new Map(entries);
  }

  #cell(key: string): Cell {
    let cell = this.#cells.get(key);
    if (!cell) this.#cells.set(key, (cell = { value: this.#find(key) }));
    return cell;
  }

  #find(key: string): RuntimeValue | undefined {
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const value = this.#layers[index]?.values.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

const denominators: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

function ratioOf(value: RuntimeValue): number | undefined {
  if (typeof value === 'object') {
    const { numerator, denominator = 'HUNDRED' } = value;
    const whole = denominators[String(denominator)];
    return typeof numerator === 'number' && whole !== undefined ? share(numerator / whole) : undefined;
  }
  const percent = typeof value === 'boolean' ? Number.NaN : Number(value === '' ? Number.NaN : value);
  return Number.isFinite(percent) ? share(percent / 100) : undefined;
}

function share(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

function scalarOf(text: string): RuntimeValue {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

function textOf(value: RuntimeValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The values of a struct by their whole keys. A struct with a `numerator` is one value: a fractional percent. */
export function flattenRuntime(struct: Struct, prefix = ''): ReadonlyMap<string, RuntimeValue> {
  const values = new Map<string, RuntimeValue>();
  for (const [name, value] of Object.entries(struct)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') values.set(key, value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const inner = value as Struct;
    if ('numerator' in inner) values.set(key, inner);
    else for (const [innerKey, innerValue] of flattenRuntime(inner, key)) values.set(innerKey, innerValue);
  }
  return values;
}
