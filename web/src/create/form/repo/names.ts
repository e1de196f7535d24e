/** Names that hosts take: what no host would make is a fault of the form, and not one of the run. */

import type { CodeHost } from '../../../app/boot';
import { kindOf, type PartName, partsFor, readRepoUrl } from '../repoUrl';

interface Rule {
  fits: RegExp;
  /** Names that look right, and are taken by the host itself. */
  never?: RegExp;
  max: number;
  /** What a name is made of. */
  words: string;
}

const PRODUCTS: Record<string, string> = {
  github: 'GitHub',
  gitlab: 'GitLab',
  gitea: 'Gitea',
  bitbucketCloud: 'Bitbucket',
  bitbucketServer: 'Bitbucket',
  azure: 'Azure DevOps',
  gerrit: 'Gerrit',
};

const WORD = 'letters, digits, “-”, “_” and “.”';
const DOTS = /^\.{1,2}$/;
/** One or several parts of a path. */
const path = (part: string) => new RegExp(`^${part}(?:/${part})*$`, 'u');

const AZURE: Rule = {
  fits: /^[^\p{Cc}/:\\~&%;@'"?<>|#$*}{,+=[\]]+$/u,
  never: /^[_.]|\.$/u,
  max: 64,
  words:
    'no / \\ : ~ & % ; @ \' " ? < > | # $ * , + = and no brackets, no “_” or “.” at its beginning',
};

const RULES: Record<string, Partial<Record<PartName, Rule>>> = {
  github: {
    // People whom a company manages have an underscore.
    owner: {
      fits: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
      max: 39,
      words: 'letters, digits, “-” and “_”',
    },
    repo: {
      fits: /^[A-Za-z0-9._-]+$/,
      never: /^\.{1,2}$|\.git$/i,
      max: 100,
      words: `${WORD}, not “.” or “..”, no “.git” at its end`,
    },
  },
  gitlab: {
    owner: {
      fits: path('[A-Za-z0-9_.][A-Za-z0-9_.-]*'),
      never: /(?:^|\/)\.{1,2}(?:\/|$)|\.(?:git|atom)?(?:\/|$)/i,
      max: 255,
      words: `${WORD} in each group of its path, no “-” at the beginning, no “.” at the end`,
    },
    repo: {
      fits: /^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/,
      never: /^\.{1,2}$|\.(?:git|atom)$/i,
      max: 255,
      words: `${WORD}, no “-” at its beginning, no “.git” or “.atom” at its end`,
    },
  },
  gitea: {
    owner: {
      fits: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
      never: /[-._]{2}|[-._]$/,
      max: 40,
      words: `${WORD}, which begins and ends with a letter or digit and has no two signs in a row`,
    },
    repo: {
      fits: /^[A-Za-z0-9._-]+$/,
      never: /^(?:\.{1,2}|-)$|\.(?:git|wiki|rss|atom)$/i,
      max: 100,
      words: `${WORD}, not “.” or “..”, no “.git” at its end`,
    },
  },
  bitbucketCloud: {
    // Also as its identifier, in braces.
    workspace: {
      fits: /^(?:[A-Za-z0-9_-]+|\{[0-9A-Fa-f-]+\})$/,
      max: 62,
      words: 'letters, digits, “-” and “_”',
    },
    project: {
      fits: /^[A-Za-z][A-Za-z0-9_]*$/,
      max: 128,
      words: 'letters, digits and “_”, the first a letter',
    },
    repo: {
      fits: /^[a-z0-9._-]+$/,
      never: /^\.{1,2}$|\.git$/,
      max: 62,
      words: 'small letters, digits, “-”, “_” and “.”, not “.” or “..”, no “.git” at its end',
    },
  },
  bitbucketServer: {
    // A project of one person begins with a tilde.
    project: {
      fits: /^(?:[A-Za-z][A-Za-z0-9_]*|~[A-Za-z0-9._@-]+)$/,
      max: 128,
      words: 'letters, digits and “_”, the first a letter',
    },
    repo: {
      fits: /^[A-Za-z0-9][A-Za-z0-9 ._-]*$/,
      never: /\.git$|\s$/i,
      max: 128,
      words: 'letters, digits, spaces, “-”, “_” and “.”, the first a letter or digit',
    },
  },
  azure: {
    organization: {
      fits: /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/,
      max: 64,
      words: 'letters, digits and “-” between them',
    },
    project: AZURE,
    repo: AZURE,
  },
  gerrit: {
    repo: {
      fits: path('[^\\p{Cc}\\s/:?*"<>|%\\\\~^#]+'),
      never: /(?:^|\/)\.{1,2}(?:\/|$)|\.git$/,
      max: 255,
      words: 'parts of a path without spaces and without : ? * " < > | % \\ ~ ^ #',
    },
  },
};

/** What can be said of a host that nobody has configured. */
const USUAL: Partial<Record<PartName, Rule>> = {
  owner: {
    fits: path('[\\p{L}\\p{N}._~-]+'),
    never: /(?:^|\/)\.{1,2}(?:\/|$)/,
    max: 255,
    words: WORD,
  },
  repo: { fits: /^[\p{L}\p{N}._~-]+$/u, never: DOTS, max: 255, words: WORD },
};

/** What keeps a host from taking a name, in words that follow the name of the field. */
export function nameFault(
  part: PartName,
  name: string,
  host: string,
  hosts?: readonly CodeHost[],
): string | undefined {
  const kind = kindOf(host, hosts);
  const rule = (kind ? RULES[kind] : USUAL)?.[part];
  if (!rule || name === '') return undefined;
  const isFine = name.length <= rule.max && rule.fits.test(name) && !rule.never?.test(name);
  if (isFine) return undefined;
  const product = (kind && PRODUCTS[kind]) ?? 'a host';
  return `${NO_NAME} ${product} takes: ${rule.words}, at most ${rule.max} characters`;
}

/** The same of who owns repositories, which hosts call by different names. */
export function ownerFault(name: string, host: string): string | undefined {
  const [part] = partsFor(host);
  return part && part !== 'repo' ? nameFault(part, name, host) : undefined;
}

const NO_NAME = 'is no name that';
const HOST = /^[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?(?::\d{1,5})?$/u;
const NO_HOST = 'is no name of a host, such as github.com or git.example.org:8443';

/** Whether it is told where the name stands. */
export const isNameFault = (fault: string): boolean =>
  fault.startsWith(NO_NAME) || fault === NO_HOST;

/** What no host takes of a repository, by the part that it is about. */
export function nameFaults(
  text: string,
  hosts?: readonly CodeHost[],
): Partial<Record<PartName | 'host', string>> {
  const parts = readRepoUrl(text);
  const faults: Partial<Record<PartName | 'host', string>> = {};
  if (parts.host && !HOST.test(parts.host)) faults.host = NO_HOST;
  for (const name of partsFor(parts.host, hosts)) {
    const fault = nameFault(name, parts[name] ?? '', parts.host, hosts);
    if (fault) faults[name] = fault;
  }
  return faults;
}

// As git checks names of branches.
// biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses them
const NO_BRANCH = /[\u0000- ~^:?*[\\\u007f]|\.\.|@\{|\/\/|^[/.-]|\/\.|[/.]$|\.lock(?:\/|$)|^@$/;
const MAX_BRANCH = 250;

/** What keeps git from taking the name of a branch. */
export function branchFault(name: string): string | undefined {
  if (name.length <= MAX_BRANCH && !NO_BRANCH.test(name)) return undefined;
  return (
    `${NO_NAME} git takes for a branch: no spaces, no ~ ^ : ? * [ \\ and no “..”, no “/”, “.” or ` +
    `“-” at its beginning, no “/”, “.” or “.lock” at its end, at most ${MAX_BRANCH} characters`
  );
}
