/** The three mistakes everybody makes, and what one is told. Nothing else breaks meanwhile. */
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { get } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const service = (name: string, script: string): string => `
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: ${name}
spec:
  template:
    spec:
      containers:
        - image: sluice.dev/examples/${name}
          command: [node, ${script}]
`;

async function readyCondition(mesh: LocalMesh, name: string): Promise<Condition | undefined> {
  const object = (await mesh.object(`ksvc ${name}`)) as { status?: { conditions?: Condition[] } };
  return object.status?.conditions?.find(({ type }) => type === 'Ready');
}

export function testFirstMistakes(mesh: LocalMesh): void {
  const wrong = service('wrong', 'server.js').replace('containers:', 'containerConcurrency: -1\n      timeoutSeconds: 100000\n      containers:');
  const good = service('tried', 'server.js');
  const trial = 'create --dry-run=server -o json -f -';

  // The set-up does not wait for whoever stands at the door, and he is there before his certificates are known to the server.
  beforeAll(async () => {
    await mesh.kubectlOutput('-n sluice-system wait --for=condition=Available deployment/injector --timeout=60s');
    await eventually(async () => expect([(await mesh.kubectl(trial, wrong)).code, await mesh.kubectlOutput(trial, good)]).toEqual([1, expect.stringContaining('serving.knative.dev/creator')]), { withinMs: 60_000, everyMs: 250 });
  });

  const helloStillAnswers = async (): Promise<void> => {
    expect((await get(mesh.port, 'hello.default.localhost')).status).toBe(200);
  };

  test('a program that exits at once: its exit code and its last words', async () => {
    mesh.write('services/exits.js', "console.error('no database at DATABASE_URL'); process.exit(3);");
    await mesh.kubectlOutput('apply -f -', service('exits', 'exits.js'));
    const ready = await eventually(
      async () => {
        const found = await readyCondition(mesh, 'exits');
        expect(found?.status).toBe('False');
        return found;
      },
      { withinMs: 30_000 },
    );
    expect(ready?.message).toMatch(/exit code 3|ExitCode3/i);
    expect(ready?.message).toContain('no database at DATABASE_URL');
    await mesh.printed(/exits.*(\n.*){0,4}no database at DATABASE_URL/);
    await helloStillAnswers();
  });

  test('a program that listens elsewhere: on what, and what PORT is', async () => {
    mesh.write('services/elsewhere.js', "require('node:http').createServer((q, s) => s.end('hi')).listen(Number(process.env.ELSEWHERE ?? 39123));".replace("require('node:http')", "(await import('node:http'))"));
    await mesh.kubectlOutput('apply -f -', service('elsewhere', 'elsewhere.js'));
    await eventually(
      async () => expect((await readyCondition(mesh, 'elsewhere'))?.message).toMatch(/listens on 39123, PORT is \d+/),
      { withinMs: 30_000 },
    );
    await mesh.printed(/elsewhere.*(\n.*){0,2}listens on 39123, PORT is \d+/);
    await helloStillAnswers();
  });

  test('malformed YAML: file, line and column', async () => {
    const from = mesh.output.length;
    mesh.write('services/broken.yaml', 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: broken\n bad: [1, 2\n');
    await mesh.printed(/broken\.yaml:5:\d+: \S+/, { from });
    await helloStillAnswers();
  });

  test('a Service that Knative would refuse: every reason at once', async () => {
    const refused = /admission webhook "validation\.webhook\.serving\.knative\.dev" denied the request: validation failed: expected 0 <= -1 <= 1000: spec\.template\.spec\.containerConcurrency\nexpected 0 <= 100000 <= 600: spec\.template\.spec\.timeoutSeconds/;
    for (const command of ['apply -f -', 'create --dry-run=server -f -']) {
      const { stderr, code } = await mesh.kubectl(command, wrong);
      expect([code, stderr]).toEqual([1, expect.stringMatching(refused)]);
    }
    expect((await mesh.kubectl('get ksvc wrong')).code).toBe(1);
    await helloStillAnswers();
  });

  test('a Service that is good has its defaults, and the name of who made it, also where it is only tried', async () => {
    const tried = JSON.parse(await mesh.kubectlOutput(trial, good)) as { metadata: { annotations: object }; spec: { template: { spec: object } } };
    expect(tried.metadata.annotations).toMatchObject({ 'serving.knative.dev/creator': 'sluice', 'serving.knative.dev/lastModifier': 'sluice' });
    expect(tried.spec.template.spec).toMatchObject({ timeoutSeconds: 300, containerConcurrency: 0 });
    expect((await mesh.kubectl('get ksvc tried')).code).toBe(1);
  });

  test('a ConfigMap that nobody could read: refused, and what was in force stays', async () => {
    const { code, stderr } = await mesh.kubectl('-n sluice-system create configmap config-gc --from-literal=min-non-active-revisions=-1');
    expect([code, stderr]).toEqual([1, expect.stringContaining('admission webhook "config.webhook.serving.knative.dev" denied the request: validation failed: ')]);
  });
}
