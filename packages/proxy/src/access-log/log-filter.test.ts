/** Which streams are logged, when, and what becomes of the proxy's own answers: from configuration, over real sockets. */
import { describe, expect, test } from 'vitest';
import { startFilterProxy } from '../testing/index.ts';

const comparison = (op: string, value: number): object => ({ comparison: { op, value: { default_value: value, runtime_key: 'log.at' } } });
const notFound = { match: { path: '/none' }, direct_response: { status: 404 } };
const routes = [notFound, { match: { prefix: '/' }, route: { cluster: 'backend' } }];

/** The paths that were logged of these. */
async function logged(logFilter: object, paths: readonly string[], headers: Readonly<Record<string, string>> = {}, bootstrap: object = {}): Promise<readonly string[]> {
  await using proxy = await startFilterProxy({ routes: [...routes], logFilter: { or_filter: { filters: [logFilter, last] } }, logFormat: '%REQ(:path)%', bootstrap });
  for (const path of [...paths, '/last']) await proxy.request({ path, headers: path === '/last' ? { 'x-last': '1' } : headers });
  const found: string[] = [];
  for (let line = await proxy.nextLog(); line !== '/last'; line = await proxy.nextLog()) found.push(line);
  return found;
}

/** Marks the end of what is to be read. */
const last = { header_filter: { header: { name: 'x-last', present_match: true } } };

describe('a log is for', () => {
  test.each<[what: string, filter: object, paths: readonly string[]]>([
    ['statuses from 400', { status_code_filter: comparison('GE', 400) }, ['/none']],
    ['one status', { status_code_filter: comparison('EQ', 200) }, ['/a']],
    ['all but one', { status_code_filter: comparison('NE', 200) }, ['/none']],
    ['what takes long', { duration_filter: comparison('GE', 60_000) }, []],
    ['what takes short', { duration_filter: comparison('LE', 60_000) }, ['/a', '/none']],
    ['flags', { response_flag_filter: { flags: ['NR', 'UH'] } }, []],
    ['headers', { header_filter: { header: { name: ':path', string_match: { prefix: '/a' } } } }, ['/a']],
    ['nobody by chance', { runtime_filter: { runtime_key: 'x', percent_sampled: { numerator: 0 } } }, []],
    ['everybody by chance', { runtime_filter: { runtime_key: 'x', percent_sampled: { numerator: 100 } } }, ['/a', '/none']],
    ['both', { and_filter: { filters: [{ status_code_filter: comparison('GE', 400) }, { header_filter: { header: { name: ':path', string_match: { prefix: '/a' } } } }] } }, []],
    ['gRPC statuses', { grpc_status_filter: { statuses: ['UNIMPLEMENTED'] } }, ['/none']],
    ['other gRPC statuses', { grpc_status_filter: { statuses: ['UNIMPLEMENTED'], exclude: true } }, ['/a']],
    ['traced requests', { traceable_filter: {} }, []],
    ['all but health checks', { not_health_check_filter: {} }, ['/a', '/none']],
    ['occasions', { log_type_filter: { types: ['DownstreamStart'] } }, []],
    ['what filters have found out', { metadata_filter: { matcher: { filter: 'f', path: [{ key: 'k' }], value: { bool_match: true } }, match_if_key_not_found: false } }, []],
  ])('%s', async (_what, filter, wanted) => {
    expect(await logged(filter, ['/a', '/none'])).toEqual(wanted);
  });

  test('requests that are traced, by what their name says', async () => {
    expect(await logged({ traceable_filter: {} }, ['/a'], { 'x-request-id': '6dc1a9e2-5a47-9f0b-8c3d-1234567890ab' })).toEqual(['/a']);
  });

  test('another status where the runtime says so', async () => {
    const bootstrap = { layered_runtime: { layers: [{ name: 'static', static_layer: { log: { at: 200 } } }] } };
    expect(await logged({ status_code_filter: comparison('EQ', 404) }, ['/a', '/none'], {}, bootstrap)).toEqual(['/a']);
  });
});

test('lines are written on other occasions, too', async () => {
  await using proxy = await startFilterProxy({
    manager: { access_log_options: { flush_access_log_on_new_request: true, access_log_flush_interval: '0.05s' } },
    logFormat: '%ACCESS_LOG_TYPE% %RESPONSE_CODE%',
    async upstream(peer) {
      await peer.readHead();
      await new Promise((resolve) => setTimeout(resolve, 300));
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    },
  });
  await proxy.request();
  expect(await proxy.nextLog()).toBe('DownstreamStart 0');
  expect(await proxy.nextLog()).toBe('DownstreamPeriodic 0');
  let line = await proxy.nextLog();
  while (line.startsWith('DownstreamPeriodic')) line = await proxy.nextLog();
  expect(line).toBe('DownstreamEnd 200');
});

describe('answers of the proxy itself', () => {
  const mappers = [
    {
      filter: { status_code_filter: comparison('EQ', 404) },
      status_code: 410,
      body: { inline_string: 'gone' },
      headers_to_add: [{ header: { key: 'x-was', value: '%RESPONSE_CODE%' } }],
    },
    { filter: { status_code_filter: comparison('EQ', 503) }, body_format_override: { json_format: { why: '%LOCAL_REPLY_BODY%', flag: '%RESPONSE_FLAGS%', code: '%RESPONSE_CODE%' } } },
  ];

  test('are changed by the first rule that holds, and logged as they were sent', async () => {
    await using proxy = await startFilterProxy({ routes: [notFound, { match: { prefix: '/lost' }, route: { cluster: 'backend' } }], cluster: { load_assignment: { cluster_name: 'backend' } }, manager: { local_reply_config: { mappers } } });
    const gone = await proxy.request({ path: '/none' });
    expect([gone.status, gone.body.toString(), gone.headers['x-was']]).toEqual([410, 'gone', '404']);
    expect(await proxy.nextLog()).toBe('410 - direct_response');
    const lost = await proxy.request({ path: '/lost' });
    expect([lost.status, lost.headers['content-type']]).toEqual([503, 'application/json']);
    expect(JSON.parse(lost.body.toString())).toEqual({ why: 'no healthy upstream', flag: 'UH', code: 503 });
  });

  test('look as the format for all of them says', async () => {
    const body_format = { text_format_source: { inline_string: '<p>%RESPONSE_CODE% %LOCAL_REPLY_BODY%</p>' }, content_type: 'text/html' };
    await using proxy = await startFilterProxy({ routes: [notFound], manager: { local_reply_config: { body_format } } });
    const answer = await proxy.request({ path: '/other' });
    expect([answer.status, answer.body.toString(), answer.headers['content-type']]).toEqual([404, '<p>404 -</p>', 'text/html']);
  });

  test('from the upstream stay as they are', async () => {
    await using proxy = await startFilterProxy({ manager: { local_reply_config: { mappers: [{ filter: { status_code_filter: comparison('EQ', 200) }, body: { inline_string: 'ours' } }] } } });
    expect((await proxy.request()).body.toString()).toBe('hello');
  });
});
