import { describe, expect, it } from 'vitest';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import { launchScript } from './launch-script.ts';
import type { ProcessSpec } from './process-runner.ts';
import { planStart, type StartSources } from './start-plan.ts';

function plan(container: Partial<KubeletContainer>, sources: Partial<StartSources> = {}) {
  return planStart(
    { name: 'app', ...container },
    {
      pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', uid: 'u' }, spec: { containers: [] } },
      podKey: 'default/p',
      podIp: '127.1.0.2',
      hostIp: '127.0.0.1',
      base: { PATH: '/bin' },
      ports: new Map([[8080, 20_001]]),
      image: undefined,
      configMap: () => undefined,
      secret: () => undefined,
      ...sources,
    },
  );
}

describe('the start of a container', () => {
  it('expands variables in its command and arguments', () => {
    const env = [{ name: 'PORT', value: '8080' }];
    expect(plan({ command: ['serve', '--port=$(PORT)'], args: ['$(NONE)', '$$(PORT)'], env })).toMatchObject({
      kind: 'run',
      spec: { argv: ['serve', '--port=20001', '$(NONE)', '$(PORT)'], env: { PATH: '/bin', PORT: '20001' } },
    });
  });

  it('is by a container runtime when there is only an image, and cleared up afterwards', () => {
    const container = { image: 'ghcr.io/someone/app', args: ['--fast'], workingDir: '/srv', env: [{ name: 'PORT', value: '8080' }] };
    expect(plan(container, { image: { program: 'docker', sharesNetwork: true } })).toMatchObject({
      spec: {
        argv: ['docker', 'run', '--rm', '--init', '--name=sluice-default-p-app', '--network=host', '--workdir=/srv', '--env=PORT', 'ghcr.io/someone/app', '--fast'],
        env: { PORT: '20001' },
        afterEnd: ['docker', 'rm', '--force', 'sluice-default-p-app'],
      },
    });
    expect(plan(container, { image: { program: 'podman', sharesNetwork: false } })).toMatchObject({
      spec: { argv: expect.arrayContaining(['podman', '--publish=127.0.0.1:20001:20001']) },
    });
  });

  it('is refused with advice when nothing can run the image', () => {
    expect(plan({ image: 'ghcr.io/someone/app' })).toMatchObject({
      kind: 'wait',
      reason: 'CommandNeeded',
      message: expect.stringContaining('give it a command, or start docker or podman'),
    });
  });
});

describe('the shell line that becomes a program', () => {
  const identity = { namespace: 'd', pod: 'p', podUid: 'u', container: 'c', podIp: '127.0.0.1' };
  const script = (spec: Partial<ProcessSpec>) =>
    launchScript({ argv: ['sh'], env: { PATH: process.env.PATH ?? '' }, identity, ...spec }, '/');

  it('quotes whatever stands in arguments and variables', () => {
    expect(script({ argv: ['/bin/sh', "it's $HOME\n`x`"], env: { A: '"$(b)"' } })).toEqual({
      kind: 'script',
      folder: '/',
      text: `cd '/' || exit 126\nunset PWD OLDPWD SHLVL\nexport A='"$(b)"'\nexec '/bin/sh' 'it'\\''s $HOME\n\`x\`' </dev/null\n`,
    });
  });

  it('hands variables that no shell can hold to env', () => {
    expect(script({ argv: ['/bin/sh'], env: { 'my.key': 'x y' } })).toMatchObject({
      text: expect.stringContaining(`exec /usr/bin/env 'my.key=x y' '/bin/sh' </dev/null`),
    });
  });

  it('becomes the wrapper first, which becomes the program', () => {
    expect(script({ argv: ['/bin/sh', '-c'], wrapper: ['/usr/bin/nsenter', '--target=7', '--'] })).toMatchObject({
      text: expect.stringContaining(`exec '/usr/bin/nsenter' '--target=7' '--' '/bin/sh' '-c' </dev/null`),
    });
  });

  it('steps back as far as it is told, by session and among processes', () => {
    const { text } = script({ argv: ['/bin/sh'], niceness: 10 }) as { text: string };
    expect(text).toMatch(/\n\{ echo 10 >\/proc\/self\/autogroup; \} 2>\/dev\/null\nexec '[^']*\/nice' '-n' '10' '\/bin\/sh' <\/dev\/null\n$/);
    expect(script({ argv: ['/bin/sh'], niceness: 10, env: { PATH: '/nowhere' } })).toMatchObject({ text: expect.stringContaining(`exec '/bin/sh' </dev/null`) });
  });

  it('finds a program behind a folder that cannot be looked into', () => {
    // Too long a name fails for everybody; what is merely forbidden does not stop root, who may run this test.
    expect(script({ env: { PATH: `/${'x'.repeat(300)}:${process.env.PATH}` } })).toMatchObject({ kind: 'script' });
  });

  it('is not written for what cannot be run', () => {
    expect(script({ argv: ['/etc/passwd'] })).toEqual({ kind: 'impossible', message: 'program "/etc/passwd" may not be executed' });
    expect(script({ argv: ['none'] })).toEqual({ kind: 'impossible', message: 'program "none" not found' });
    expect(script({ argv: ['sh', 'a\0b'] })).toEqual({ kind: 'impossible', message: 'a zero byte in an argument or a variable' });
  });
});
