/** What the tests deploy: says who it is. `/slow?ms=N` takes its time. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://hello');
  const answer = () => response.end(`${process.env['GREETING'] ?? 'hello'} from ${process.env['K_REVISION']}\n`);
  if (url.pathname === '/slow') setTimeout(answer, Number(url.searchParams.get('ms')));
  else answer();
});
server.listen(Number(process.env['PORT']));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
