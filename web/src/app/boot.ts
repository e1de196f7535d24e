/** What the page brought along: configuration, who is signed in, first data. */

export interface AppConfig {
  title: string;
  organization: string | null;
  basePath: string;
  /** Ways to sign in, in the order in which they are offered. */
  providers: Provider[];
  /** Where repositories can be. */
  hosts: CodeHost[];
  version: string;
}

export interface CodeHost {
  host: string;
  /** What runs there, as `integrations` calls it. */
  kind: string;
  /** Gives people tokens of their own for it. */
  provider?: Provider;
}

export interface Provider {
  id: string;
  /** Without a question, on pages of its own, or by a proxy in front of the portal. */
  kind: 'guest' | 'pages' | 'proxy';
  environment?: string;
}

export interface SessionUser {
  userEntityRef: string;
  ownershipEntityRefs: string[];
}

interface Boot {
  config: AppConfig;
  session: SessionUser | null;
  first: { key: string; body: unknown }[];
  /** The revision of the catalog that they have. */
  rev: number | null;
}

const EMPTY: Boot = {
  config: {
    title: 'Callboard',
    organization: null,
    basePath: '',
    providers: [],
    hosts: [],
    version: '',
  },
  session: null,
  first: [],
  rev: null,
};

const element = globalThis.document?.getElementById('boot') ?? null;

function read(): Boot {
  if (!element?.textContent) return EMPTY;
  return JSON.parse(element.textContent) as Boot;
}

const boot = read();
const first = new Map(boot.first.map(({ key, body }) => [key, body]));

export const config = boot.config;
export const bootSession = boot.session;
export const bootRev = boot.rev;
/** Lets libraries add style elements under the content security policy. */
export const nonce = element?.nonce ?? '';

/** The answer that came with the page, once: a later request wants to know what is new. */
export function takeFirst(key: string): { body: unknown } | undefined {
  if (!first.has(key)) return undefined;
  const body = first.get(key);
  first.delete(key);
  return { body };
}
