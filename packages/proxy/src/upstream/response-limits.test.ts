/** How large the heads of responses may be, as a cluster says. */
import { staticClusterJson } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { openTestClient, startTestUpstream } from '../testing/http-peers.ts';
import { startTestProxy } from '../testing/proxy-fixture.ts';
import { startSimulatedMesh } from '../testing/simulated-mesh.ts';
import { createTestConfig } from '../testing/test-config.ts';

const host = '10.0.1.1:80';

/** What a request gets whose answer has these headers, from a cluster with these limits. */
async function ask(headers: string, limits: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const mesh = await startSimulatedMesh({ hosts: [host], clusters: [staticClusterJson('app', [host], { common_http_protocol_options: limits })] });
  mesh.host(host).headers = headers;
  return (await mesh.ask())[0];
}

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('');

test('more header lines than allowed are an upstream’s mistake', async () => {
  expect(await ask(lines(9), { max_headers_count: 12 })).toBe(host);
  expect(await ask(lines(12), { max_headers_count: 12 })).toBe('502');
  expect(await ask(lines(90), {})).toBe(host);
  expect(await ask(lines(101), {})).toBe('502');
  expect(await ask(lines(101), { max_headers_count: 200 })).toBe(host);
});

test('so are more bytes', async () => {
  const large = `x-large: ${'a'.repeat(5000)}\r\n`;
  expect(await ask(large, {})).toBe(host);
  expect(await ask(large, { max_response_headers_kb: 4 })).toBe('502');
  expect(await ask(`x-large: ${'a'.repeat(90_000)}\r\n`, {})).toBe('502');
  expect(await ask(`x-large: ${'a'.repeat(90_000)}\r\n`, { max_response_headers_kb: 96 })).toBe(host);
});

test('over HTTP/2 they hold, too', async () => {
  await using upstream = await startTestUpstream('h2', (_request, response) => {
    for (let index = 0; index < 20; index += 1) response.setHeader(`x-${index}`, '1');
    response.end();
  });
  const statusWith = async (responseFieldsMax: number): Promise<number> => {
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], cluster: { responseFieldsMax }, protocol: 'h2' }));
    using client = openTestClient('h1', proxy.address);
    return (await client.ask({})).status;
  };
  expect(await statusWith(40)).toBe(200);
  expect(await statusWith(10)).toBe(502);
});
