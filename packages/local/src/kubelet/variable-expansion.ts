/**
 * Kubernetes' `$(NAME)` in commands, arguments and environment values. `$$` is a dollar sign, and a
 * reference to an unknown name stays as it is written.
 */
export function expandVariables(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return lookUp(name) ?? match;
  });
}
