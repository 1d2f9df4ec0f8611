/** The table with tiny parameters, so that it never rots. Its figures mean nothing here. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePorts } from '../method/free-ports.ts';
import { judge, renderVerdicts } from '../method/verdict.ts';
import { measureTable } from './bench.ts';

test('parts are measured, their shots are kept, and what is there is not measured again', { timeout: 180_000 }, async () => {
  const out = mkdtempSync(join(tmpdir(), 'sluice-table-'));
  const lines: string[] = [];
  const options = { rounds: 1, seconds: 1, only: ['start'], minutes: 10, out, port: await freePorts(16), print: (line: string) => void lines.push(line) };
  try {
    const { verdicts, left } = await measureTable(options);
    expect(left).toEqual([]);
    const start = verdicts.find(({ work }) => work.startsWith('start'));
    expect(start?.figures.length).toBe(3);
    for (const figure of start?.figures ?? []) expect(figure).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(join(out, 'start.json'), 'utf8'))).toMatchObject({ part: 'start', rounds: 1, times: { empty: [expect.any(Number), expect.any(Number), expect.any(Number)] } });
    expect(lines.join('\n')).toMatch(/start to first byte served +\| ≤ 1.5 × an empty Node server/);
    const measured = readdirSync(out).map((file) => file.replace('.json', ''));
    const again = await measureTable({ ...options, minutes: 0 });
    expect(new Set(again.kept)).toEqual(new Set(measured));
    expect(again.verdicts).toEqual(verdicts);
    const others = await measureTable({ ...options, rounds: 2, minutes: 0 });
    expect(others).toEqual({ verdicts: [], kept: [], left: ['start'] });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test('a line is judged by its median, and one without a good shot is not met', () => {
  const line = { work: 'work', unit: '×', peer: 'nginx', must: 1.25, aim: 1 } as const;
  expect([[0.9, 1, 3], [1.1, 1.2, 9], [1.2, 1.3, 1.4], []].map((figures) => judge({ ...line, figures }))).toEqual(['at the aim', 'met', 'not met', 'not measured']);
  expect(renderVerdicts([{ ...line, figures: [1.1, 1.234, 9] }])).toContain('| work | ≤ 1.25 × nginx | ≤ 1 × nginx | 1.23 | 1.10 – 9.00 | 3');
});
