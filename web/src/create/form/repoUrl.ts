/** Repositories as templates take them: `host?owner=…&repo=…`. */

import { type CodeHost, config } from '../../app/boot';

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
const PARTS: Record<string, PartName[]> = {
  azure: ['organization', 'project', 'repo'],
  bitbucketCloud: ['workspace', 'project', 'repo'],
  bitbucketServer: ['project', 'repo'],
  gerrit: ['repo'],
};
const USUAL: PartName[] = ['owner', 'repo'];

/** What hosts that are not configured most likely are. */
const LOOKS: [RegExp, string][] = [
  [/^github\.com$/, 'github'],
  [/^gitlab\.com$/, 'gitlab'],
  [/(^|\.)dev\.azure\.com$|\.visualstudio\.com$/, 'azure'],
  [/(^|\.)bitbucket\.org$/, 'bitbucketCloud'],
  [/bitbucket/, 'bitbucketServer'],
  [/gerrit/, 'gerrit'],
];

export function hostNamed(name: string, hosts: readonly CodeHost[] = config.hosts) {
  return hosts.find(({ host }) => host === name);
}

/** What runs at a host: as it is configured, else as its name says. */
export function kindOf(name: string, hosts?: readonly CodeHost[]): string | undefined {
  return hostNamed(name, hosts)?.kind ?? LOOKS.find(([look]) => look.test(name))?.[1];
}

export function partsFor(name: string, hosts?: readonly CodeHost[]): PartName[] {
  const kind = kindOf(name, hosts);
  return (kind && PARTS[kind]) || USUAL;
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

/** The option that lists what a part may be. */
export const ALLOWED: Record<PartName | 'host', string> = {
  host: 'allowedHosts',
  owner: 'allowedOwners',
  organization: 'allowedOrganizations',
  workspace: 'allowedOwners',
  project: 'allowedProjects',
  repo: 'allowedRepos',
};

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

/** What a template does not allow, of what a link may have brought. */
export function refusedOf(text: string, options: Record<string, unknown>): string[] {
  const parts = readRepoUrl(text);
  const names: (PartName | 'host')[] = ['host', ...partsFor(parts.host)];
  return names.filter(name => {
    const allowed = texts(options[ALLOWED[name]]);
    const value = parts[name];
    return value && allowed.length > 0 && !allowed.includes(value);
  });
}
