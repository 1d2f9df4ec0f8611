/** What can be wrong with a rule of a route: a reference that leads nowhere, or a value that cannot be had. */

/** The route stays in force; what it cannot reach is answered by an error. */
export interface ReferenceProblem {
  readonly reason: 'BackendNotFound' | 'RefNotPermitted' | 'InvalidKind' | 'UnsupportedProtocol';
  readonly message: string;
}

export interface RuleProblems {
  readonly references: ReferenceProblem[];
  /** The rule is left out for these. */
  readonly values: string[];
}

export function noProblems(): RuleProblems {
  return { references: [], values: [] };
}
