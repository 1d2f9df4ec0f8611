/** A pod on a simulated network: the sidecar, and a program that takes a while for each request and keeps what it hears. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, type Span } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { composeQueueProxy } from '../compose.ts';
import { readSettings } from '../config.ts';

export const podIp = '127.7.0.5';

/** A pod: the sidecar, and a program that takes `workMs` for each request. */
export async function createPod(environment: Record<string, string> = {}, workMs = 100) {
  const time = new SimulatedTime();
  const settings = readSettings(['--quiet-period-ms=2000'], {
    CONTAINER_CONCURRENCY: '2',
    QUEUE_SERVING_PORT: '8012',
    QUEUE_SERVING_TLS_PORT: '8112',
    USER_PORT: '8080',
    REVISION_TIMEOUT_SECONDS: '300',
    SERVING_READINESS_PROBE: '{"tcpSocket":{"port":8080}}',
    SERVING_LOGGING_CONFIG: '',
    SERVING_LOGGING_LEVEL: '',
    SERVING_NAMESPACE: 'default',
    SERVING_CONFIGURATION: 'hello',
    SERVING_REVISION: 'hello-00001',
    SERVING_POD: 'hello-00001-abc',
    SERVING_POD_IP: podIp,
    ...environment,
  });
  if (!settings.ok) throw new Error('bad settings');
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const shared = { clock: time, timers: time, random: createSeededRandom(1), logger: new RecordingLogger(), meter: createMeter() };
  const spans: Span[] = [];
  const tracer = { record: (span: Span) => void spans.push(span) };
  const sidecar = composeQueueProxy({ ...shared, settings: settings.value, network: network.view('sidecar', podIp), tracer });
  const program = { running: 0, runningMax: 0, connections: 0, open: 0, heads: [] as string[] };

  async function startProgram(): Promise<void> {
    await network.view('program', '127.0.0.1').listen({ host: '127.0.0.1', port: 8080 }, (connection) => {
      program.connections += 1;
      program.open += 1;
      let text = '';
      connection.handler = {
        onData(memory, length) {
          text += memory.toString('latin1', 0, length);
          if (!text.endsWith('\r\n\r\n')) return;
          program.heads.push(text);
          text = '';
          program.running += 1;
          program.runningMax = Math.max(program.runningMax, program.running);
          time.after(workMs, () => {
            program.running -= 1;
            const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
            connection.write(answer, 0, answer.length);
          });
        },
        onDrain() {},
        onEnd: () => connection.end(),
        onClose: () => void (program.open -= 1),
      };
    });
  }

  function request(headers = ''): { answer: string } {
    return send(`GET /x HTTP/1.1\r\nhost: hello\r\n${headers}connection: close\r\n\r\n`);
  }

  /** These bytes, from another pod. */
  function send(bytes: string): { answer: string } {
    const exchange = { answer: '' };
    const text = Buffer.from(bytes);
    const connection = network.view('client', '10.0.0.1').connect({ host: podIp, port: 8012 }, {
      onOpen: () => void connection.write(text, 0, text.length),
      onData: (memory, length) => void (exchange.answer += memory.toString('latin1', 0, length)),
      onDrain() {},
      onEnd: () => connection.end(),
      onClose: (error) => void (exchange.answer ||= error ? 'refused' : ''),
    });
    return exchange;
  }

  await sidecar.start();
  return { time, shared, settings: settings.value, sidecar, program, spans, startProgram, request, send };
}
