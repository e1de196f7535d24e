// A certified OpenID provider on a free port, and a browser that signs in with it.
'use strict';

const { once } = require('node:events');
const http = require('node:http');

const SECRET = 'the-secret-of-the-portal';

/** People by login name: their claims, unless a test has others. */
const PEOPLE = {
  ada: { sub: 'ada', name: 'Ada Prompter', email: 'ada@example.com', email_verified: true },
  eve: { sub: 'eve', name: 'Eve', email: 'eve@example.com', email_verified: true },
  mallory: { sub: 'mallory', name: 'Mallory', email: 'ada@example.com', email_verified: false },
};

/** Starts a provider that knows the portal as client `portal` once `register` told it where it is. */
async function startProvider(people = PEOPLE) {
  const { Provider } = await import('oidc-provider');
  let handler = (_, response) => response.writeHead(503).end();
  const server = http.createServer((request, response) => handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const closed = new Set();
  const find = id => (closed.has(id) ? undefined : { accountId: id, claims: () => people[id] });
  const register = portal => {
    const provider = new Provider(issuer, {
      clients: [{
        client_id: 'portal',
        client_secret: SECRET,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${portal}/api/auth/oidc/handler/frame`],
      }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      findAccount: (_, id) => find(id),
      features: { revocation: { enabled: true } },
      pkce: { required: () => true },
      rotateRefreshToken: true,
      ttl: { AccessToken: 600, IdToken: 600, Grant: 600, Session: 600, Interaction: 600 },
    });
    // Development notices of the library are no failures.
    handler = provider.callback();
  };
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  // An account that is closed ends its sessions with everybody.
  return { issuer, register, close: id => closed.add(id), stop };
}

/** A browser: cookies per host, redirects followed by hand. */
class Browser {
  jars = new Map();

  async fetch(url, init = {}) {
    const { host } = new URL(url);
    const jar = this.jars.get(host) ?? new Map();
    this.jars.set(host, jar);
    const headers = new Headers(init.headers);
    headers.set('cookie', [...jar].map(pair => pair.join('=')).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair, ...attributes] = cookie.split(';');
      const at = pair.indexOf('=');
      const gone = attributes.some(text => /max-age=0|expires=thu, 01 jan 1970/i.test(text.trim()));
      if (gone) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Follows redirects to a page; the page and its address. */
  async open(url, init) {
    let response = await this.fetch(url, init);
    let address = url;
    for (let n = 0; response.status >= 300 && response.status < 400; n++) {
      if (n > 15) throw new Error(`too many redirects at ${address}`);
      address = new URL(response.headers.get('location'), address).href;
      response = await this.fetch(address);
    }
    return { status: response.status, url: address, text: await response.text() };
  }

  /** From the portal's start page through the provider's forms, to the page at the end. */
  async signIn(start, login) {
    let page = await this.open(start);
    for (let n = 0; n < 4 && page.url.includes('/interaction/'); n++) {
      const [, action] = page.text.match(/action="([^"]+)"/);
      const [, prompt] = page.text.match(/name="prompt" value="([^"]+)"/);
      const body = new URLSearchParams({ prompt, login, password: 'any' });
      page = await this.open(new URL(action, page.url).href, { method: 'POST', body });
    }
    return page;
  }

  /** As scripts of the portal ask. */
  script(url, method = 'GET') {
    return this.fetch(url, { method, headers: { 'x-requested-with': 'XMLHttpRequest' } });
  }
}

/** What the page at the end of the popup flow posts to the portal. */
function posted(page) {
  const [, json] = page.text.match(/id="answer">(.*?)<\/script>/s);
  return JSON.parse(json);
}

module.exports = { Browser, SECRET, posted, startProvider };
