import type { IncomingMessage, ServerResponse } from 'node:http';

export function health(request: IncomingMessage, response: ServerResponse) {
  response.statusCode = request.url === '/healthz' ? 200 : 404;
  response.end();
}
