/** What can be wrong with a rule of a route: a reference that leads nowhere, or a value that cannot be had. */

/** The route stays in force; what it cannot reach is answered by an error. */
export interface ReferenceProblem {
  /** `PolicyInvalid`: it is told on the policy, and the reference itself is good. */
  readonly reason: 'PolicyInvalid' | 'BackendNotFound' | 'RefNotPermitted' | 'InvalidKind' | 'UnsupportedProtocol';
  readonly message: string;
}

export interface RuleProblems {
  readonly references: ReferenceProblem[];
  /** The rule is left out for these. */
  readonly values: string[];
}

/** What a reference leads to is not to be had: said where it is the reference's own fault. */
export function tellReference(problems: RuleProblems, problem: ReferenceProblem): void {
  if (problem.reason !== 'PolicyInvalid') problems.references.push(problem);
}

export function noProblems(): RuleProblems {
  return { references: [], values: [] };
}
