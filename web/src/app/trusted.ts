/** The one place where a text becomes the address of code: a worker of this app. */

interface TrustedTypesFactory {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ) => {
    createScriptURL: (url: string) => string;
  };
}

const WORKER = /\/static\/[\w.-]+\.js$/;

function checked(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  const isOurs = origin === location.origin && (WORKER.test(pathname) || import.meta.env.DEV);
  if (!isOurs) throw new TypeError(`${url} is not a worker of this app`);
  return url;
}

const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
const policy = factory?.createPolicy('callboard', { createScriptURL: checked });

export function workerUrl(url: string): string {
  return policy ? policy.createScriptURL(url) : checked(url);
}
