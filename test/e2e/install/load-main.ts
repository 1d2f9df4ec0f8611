/**
 * Constant load from the node: so many connections, each asking again as soon as it is answered and a pause is over. Whatever is not the answer that was asked for is lost. At SIGTERM it finishes what
 * is under way and says what it saw, as one line of JSON.
 *
 * Arguments: address, port, host, connections, pause in ms, path.
 */
import { Agent, request } from 'node:http';
import type { LoadReport } from './load-report.ts';

const [address, port, host, connections, pauseMs, path] = process.argv.slice(2) as [string, string, string, string, string, string];

const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const begun = performance.now();
const lost: { atMs: number; what: string }[] = [];
const texts: Record<string, number> = {};
let [answered, lostCount, slowestMs] = [0, 0, 0];
const ending = new AbortController();

process.on('SIGTERM', () => ending.abort());
await Promise.all(Array.from({ length: Number(connections) }, async () => {
  while (!ending.signal.aborted) {
    const from = performance.now();
    const found = await ask();
    slowestMs = Math.max(slowestMs, performance.now() - from);
    if (found.status === 200) {
      answered += 1;
      texts[found.text] = (texts[found.text] ?? 0) + 1;
    } else {
      lostCount += 1;
      if (lost.length < 100) lost.push({ atMs: Math.round(from - begun), what: `${found.status} ${found.text}` });
    }
    await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
  }
}));
const report: LoadReport = { answered, lost, lostCount, texts, slowestMs: Math.round(slowestMs) };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);

function ask(): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const asked = request({ agent, host: address, port: Number(port), path, headers: { host }, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: text.trim() }));
      response.on('error', (error) => resolve({ status: 0, text: `in the answer: ${error.message}` }));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 30 s')));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve({ status: 0, text: `${error.code ?? error.message}${asked.reusedSocket ? ' on a connection used before' : ''}` }));
    asked.end();
  });
}
