// How long a sign-in takes: the release binary, a certified OpenID provider, both on this machine.
// Prints rows for docs/BENCHMARKS.md.
//
//   cargo build --release -p callboard
//   CALLBOARD_BIN=target/release/callboard node tests/node/bench-signin.js [N]
'use strict';

const path = require('node:path');
const { clientOf, eventually, startPortal } = require('./portal');
const { Browser, SECRET, posted, startProvider } = require('./provider');

const N = Number(process.argv[2] ?? 300);
const WARM_UP = 20;

/** A browser that remembers how long the portal took, by what was asked of it. */
class TimedBrowser extends Browser {
  constructor(portal) {
    super();
    this.portal = portal;
    this.times = {};
  }

  async fetch(url, init) {
    const begin = performance.now();
    const response = await super.fetch(url, init);
    const { origin, pathname } = new URL(url);
    if (origin === this.portal) {
      const step = pathname.split('/').pop();
      this.times[step] = (this.times[step] ?? 0) + performance.now() - begin;
    }
    return response;
  }
}

function auth(issuer) {
  return () => ({
    environment: 'bench',
    providers: {
      oidc: {
        bench: {
          metadataUrl: `${issuer}/.well-known/openid-configuration`,
          clientId: 'portal',
          clientSecret: SECRET,
          additionalScopes: ['offline_access'],
          prompt: 'consent',
          signIn: { resolvers: [{ resolver: 'emailMatchingUserEntityProfileEmail' }] },
        },
      },
    },
  });
}

/** One person signs in, renews the session and uses the token: milliseconds by step. */
async function once(portal) {
  const browser = new TimedBrowser(portal);
  const begin = performance.now();
  const page = await browser.signIn(`${portal}/api/auth/oidc/start?env=bench`, 'ada');
  const whole = performance.now() - begin;
  const { error, response } = posted(page).message;
  if (error) throw new Error(error.message);
  const refreshed = await browser.script(`${portal}/api/auth/oidc/refresh?env=bench`);
  if (refreshed.status !== 200) throw new Error(`refresh answered ${refreshed.status}`);
  await refreshed.text();
  const headers = { authorization: `Bearer ${response.backstageIdentity.token}` };
  const first = performance.now();
  await fetch(`${portal}/api/auth/v1/userinfo`, { headers }).then(answer => answer.text());
  return { ...browser.times, userinfo: performance.now() - first, whole };
}

function row(what, all, step) {
  const times = all.map(it => it[step]).sort((a, b) => a - b);
  const at = share => times[Math.floor((times.length - 1) * share)].toFixed(1);
  console.log(`| ${what} | ${at(0.5)} ms | ${at(0.99)} ms |`);
}

async function main() {
  const provider = await startProvider();
  const file = path.join(__dirname, 'fixture/catalog.yaml');
  const portal = await startPortal({ locations: [file], auth: auth(provider.issuer) });
  try {
    provider.register(portal.baseUrl);
    const known = () => clientOf(portal).getEntityByRef('user:default/ada');
    await eventually(known, 'the users are in the catalog', 60_000);
    const all = [];
    for (let n = 0; n < WARM_UP + N; n++) {
      const times = await once(portal.baseUrl);
      if (n >= WARM_UP) all.push(times);
    }
    console.log(`| ${N} sign-ins, one after another | p50 | p99 |\n|---|---|---|`);
    row('`start`: the portal sends the browser to the provider', all, 'start');
    row('`handler/frame`: the portal asks the provider for tokens, and signs in', all, 'frame');
    row('both, with the pages of the provider between them', all, 'whole');
    row('`refresh`: the session anew, which asks the provider for tokens', all, 'refresh');
    row('first request with a new token (`userinfo`)', all, 'userinfo');
  } finally {
    await portal.stop();
    provider.stop();
  }
}

main();
