// The smallest useful service: says who answered, and can be told to take its time (`/?ms=100`).
import { createServer } from 'node:http';

const { PORT = '8080', GREETING = 'Hello', K_REVISION = 'nowhere' } = process.env;
const bornAt = new Date().toISOString();

const server = createServer((request, response) => {
  const delayMs = Number(new URL(request.url ?? '/', 'http://self').searchParams.get('ms') ?? 0);
  const answer = () => response.end(`${GREETING} from ${K_REVISION}, process ${process.pid}, born ${bornAt}\n`);
  if (delayMs > 0) setTimeout(answer, delayMs);
  else answer();
});

server.listen(Number(PORT));
process.once('SIGTERM', () => server.close(() => process.exit(0)));
