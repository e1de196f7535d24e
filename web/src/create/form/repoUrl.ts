/** Repositories as templates take them: `host?owner=…&repo=…`. */

export interface RepoParts {
  host: string;
  owner?: string;
  organization?: string;
  workspace?: string;
  project?: string;
  repo?: string;
}

export type PartName = Exclude<keyof RepoParts, 'host'>;

/** What a sort of host calls the parts, in the order in which people fill them in. */
const PARTS: [RegExp, PartName[]][] = [
  [/(^|\.)dev\.azure\.com$|\.visualstudio\.com$/, ['organization', 'project', 'repo']],
  [/(^|\.)bitbucket\.org$/, ['workspace', 'project', 'repo']],
  [/bitbucket/, ['project', 'repo']],
  [/gerrit/, ['repo']],
];

export function partsFor(host: string): PartName[] {
  return PARTS.find(([pattern]) => pattern.test(host))?.[1] ?? ['owner', 'repo'];
}

const trimmed = (text: string) => text.trim().replace(/^\/+|\/+$/g, '');

export function readRepoUrl(text: string | undefined): RepoParts {
  const [host = '', query = ''] = (text ?? '').split('?');
  return { host, ...Object.fromEntries(new URLSearchParams(query)) };
}

export function writeRepoUrl(parts: RepoParts): string {
  const query = new URLSearchParams();
  for (const name of partsFor(parts.host)) {
    const value = trimmed(parts[name] ?? '');
    if (value) query.set(name, value);
  }
  return `${parts.host.trim()}?${query}`;
}

/** What is still to be said. */
export function missingOf(text: string): string[] {
  const parts = readRepoUrl(text);
  const missing = partsFor(parts.host).filter(name => !parts[name]);
  return parts.host ? missing : ['host', ...missing];
}
