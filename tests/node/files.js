// A web server of files in memory: what registered URLs point at.
'use strict';

const { once } = require('node:events');
const http = require('node:http');

/** Serves `files` (path → text), which tests change as they like; absent paths give 404. */
async function serveFiles(files) {
  const server = http.createServer((request, response) => {
    const text = files[request.url];
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain' });
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${server.address().port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { host, url: file => `http://${host}${file}`, stop };
}

/** The YAML of a component. */
function component(name, spec = {}) {
  return JSON.stringify({
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name },
    spec: { type: 'service', lifecycle: 'production', owner: 'props', ...spec },
  });
}

module.exports = { component, serveFiles };
