/** What is wrong with a template, or with what it asks of its data. */
export class GoTemplateError extends Error {
  /** @param line of the template, from 1; 0 when it is not known */
  constructor(message: string, line = 0) {
    super(line === 0 ? message : `line ${line}: ${message}`);
    this.name = 'GoTemplateError';
  }
}
