/**
 * Waits until `assertion` stops throwing, looking again every `everyMs` (25), for `withinMs` (10 000) at
 * the most; then throws what the assertion threw last. For things that cross processes. Whatever runs on
 * an injected clock is moved by hand instead.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 25 }: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
