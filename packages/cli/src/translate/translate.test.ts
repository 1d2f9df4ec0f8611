/** Files in, resources or problems out. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runTranslate, type TranslateFlags } from './translate.ts';

const service = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
spec:
  template:
    spec:
      containers:
        - image: example/hello
`;

function run(input: string, flags: Partial<TranslateFlags> = {}) {
  const lines: string[] = [];
  let output = '';
  const code = runTranslate(
    { filename: ['-'], to: 'xds', output: 'yaml', ...flags },
    { readInput: () => input, write: (text) => (output += text), complain: (line) => lines.push(line) },
  );
  return { code, lines, output };
}

describe('a Service', () => {
  test('becomes the resources of each node group', () => {
    const { code, lines, output } = run(service);
    expect([code, lines]).toEqual([0, []]);
    const names = parseAllDocuments(output).map((document) => {
      const value = document.toJS() as Record<string, unknown>;
      return `${document.comment ?? document.contents?.commentBefore ?? ''} ${String(value['@type']).split('.').at(-1)} ${String(value['name'] ?? value['cluster_name'])}`.trim();
    });
    expect(names).toContain('sluice-gateway RouteConfiguration external_services');
    expect(names).toContain('sluice-activator Cluster default/hello-00001');
    expect(output).toContain('hello.default.localhost');
  });

  test('as JSON, of one group only', () => {
    const { output } = run(service, { output: 'json', group: 'sluice-activator' });
    expect(Object.keys(JSON.parse(output) as object)).toEqual(['sluice-activator']);
  });

  test('may be in several files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'translate-'));
    writeFileSync(join(folder, 'a.yaml'), service);
    writeFileSync(join(folder, 'b.yaml'), service.replace('name: hello', 'name: other'));
    const { code, output } = run('', { filename: [join(folder, 'a.yaml'), join(folder, 'b.yaml')] });
    expect(code).toBe(0);
    expect(output).toContain('hello.default.localhost');
    expect(output).toContain('other.default.localhost');
  });
});

describe('what is wrong is said with file, line, column and field', () => {
  test('in a Service', () => {
    const { code, lines, output } = run(service.replace('      containers:', '      containerConcurrency: -1\n      containers:'));
    expect([code, output]).toEqual([1, '']);
    expect(lines).toEqual(['error: <stdin>:8:7: spec.template.spec.containerConcurrency: expected 0 <= -1 <= 1000']);
  });

  test('in YAML', () => {
    expect(run('a: [').lines[0]).toMatch(/^error: <stdin>:1:\d+: /);
  });

  test('in a Route that names what is not there', () => {
    const route = 'apiVersion: serving.knative.dev/v1\nkind: Route\nmetadata:\n  name: hello\nspec:\n  traffic:\n    - configurationName: gone\n      percent: 100\n';
    expect(run(route)).toMatchObject({ code: 1, lines: ['error: <stdin>:6:3: spec.traffic: Configuration "gone" referenced in traffic not found.'] });
  });

  test('in a file that is not there', () => {
    expect(run('', { filename: ['/nowhere.yaml'] })).toMatchObject({ code: 1, lines: [expect.stringContaining('cannot read /nowhere.yaml')] });
  });

  test('about a group that is none', () => {
    expect(run(service, { group: 'gateway' })).toMatchObject({ code: 2, lines: [expect.stringContaining('there are sluice-gateway')] });
  });
});

test('an object without a part in traffic is passed over with a warning', () => {
  const { code, lines } = run(`${service}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n`);
  expect([code, lines]).toEqual([0, ['warning: <stdin>:11:1: Namespace has no part in traffic and is passed over']]);
});
