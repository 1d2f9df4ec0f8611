/**
 * Where in a document decoding stands, and whom to tell what is wrong there. Paths are put together only when
 * something is reported: a large snapshot without mistakes builds no path at all.
 */
import type { Problem } from '@sluice/kernel';

/** How strict to be, and which extensions are known. */
export interface DecodeOptions {
  /**
   * What a key that our subset does not name means. `error` (default) is right for files, where it is a slip of
   * the pen; `warning` for what a server newer than ours sends (Envoy counts these as `dynamic_unknown_fields`).
   */
  readonly unknownFields?: 'error' | 'warning';
  /** Called for each such key, so that somebody may count them. */
  readonly onUnknownField?: () => void;
  /** Decoders of typed configs beyond the built-in ones: our own filters, and those a test brings. */
  readonly extensions?: ExtensionCatalog;
}

/** Decodes the JSON of one typed config (without `@type`). Reports to `scope` and gives undefined when it cannot. */
export type TypedConfigDecoder = (json: unknown, scope: Scope) => unknown;

/** Decoders by type name: `sluice.filters.http.queue.v1.Queue`. A plain object; nothing registers itself. */
export interface ExtensionCatalog {
  readonly httpFilters: Readonly<Record<string, TypedConfigDecoder>>;
  /** Of what routes say to filters (`typed_per_filter_config`). Default none. */
  readonly perFilterConfigs?: Readonly<Record<string, TypedConfigDecoder>>;
  /** Of what looks at connections before a chain is chosen. Default none. */
  readonly listenerFilters?: Readonly<Record<string, TypedConfigDecoder>>;
  /** Of what handles connections besides the connection manager. Default none. */
  readonly networkFilters?: Readonly<Record<string, TypedConfigDecoder>>;
}

interface Session {
  readonly problems: Problem[];
  readonly unknownFields: 'error' | 'warning';
  readonly onUnknownField: (() => void) | undefined;
  readonly extensions: ExtensionCatalog;
}

export class Scope {
  readonly #parent: Scope | undefined;
  readonly #segment: string | number;
  readonly #session: Session;

  private constructor(parent: Scope | undefined, segment: string | number, session: Session) {
    this.#parent = parent;
    this.#segment = segment;
    this.#session = session;
  }

  /** The scope of a whole document. `path` stands in front of every path reported from it. */
  static open(path: string, options: DecodeOptions = {}): Scope {
    return new Scope(undefined, path, {
      problems: [],
      unknownFields: options.unknownFields ?? 'error',
      onUnknownField: options.onUnknownField,
      extensions: options.extensions ?? { httpFilters: {} },
    });
  }

  /** The scope of a field (by name) or of a list's element (by index). */
  at(segment: string | number): Scope {
    return new Scope(this, segment, this.#session);
  }

  /** As a person writes it: `filter_chains[0].filters[1].name`. */
  get path(): string {
    const before = this.#parent?.path ?? '';
    if (typeof this.#segment === 'number') return `${before}[${this.#segment}]`;
    if (this.#segment === '') return before;
    // A map's key may hold dots; in brackets and quotes it can be told from a chain of fields.
    if (this.#parent !== undefined && !/^[@\w]+$/.test(this.#segment)) return `${before}[${JSON.stringify(this.#segment)}]`;
    return before === '' ? this.#segment : `${before}.${this.#segment}`;
  }

  get problems(): readonly Problem[] {
    return this.#session.problems;
  }

  /** For decoders outside this package that open a scope of their own. */
  get options(): DecodeOptions {
    const { unknownFields, onUnknownField, extensions } = this.#session;
    return { unknownFields, extensions, ...(onUnknownField ? { onUnknownField } : {}) };
  }

  get extensions(): ExtensionCatalog {
    return this.#session.extensions;
  }

  /** Something that keeps the document from being used. */
  error(message: string): void {
    this.#session.problems.push({ path: this.path, message, severity: 'error' });
  }

  /** Something its author should know, though the document works. */
  warn(message: string): void {
    this.#session.problems.push({ path: this.path, message, severity: 'warning' });
  }

  /** A key that means nothing here; how bad that is depends on where the document came from. */
  unknown(message: string): void {
    this.#session.problems.push({ path: this.path, message, severity: this.#session.unknownFields });
    this.#session.onUnknownField?.();
  }

  /** Problems that somebody else found in this document, with whole paths. */
  report(problems: readonly Problem[]): void {
    this.#session.problems.push(...problems);
  }

  get hasErrors(): boolean {
    return this.#session.problems.some((found) => found.severity === 'error');
  }
}
