/** What a host has, for completing what is typed: asked with the person's own token. */

import { useQuery } from '@tanstack/react-query';
import { scaffolder } from '../../../api/scaffolder';
import type { CodeHost } from '../../../app/boot';
import { useSettled } from '../../../ui/settled';
import type { RepoParts } from '../repoUrl';

export interface Choice {
  /** What the host calls it. */
  id: string;
  /** What stands in the field. */
  text: string;
}

/** What the portal calls hosts that it can ask. */
const PROVIDERS: Record<string, string> = {
  github: 'github',
  gitea: 'gitea',
  gitlab: 'gitlab',
  bitbucketCloud: 'bitbucket-cloud',
};

interface Question {
  resource: string;
  context: Record<string, string>;
}

const SETTLE_MS = 300;
const NONE: Choice[] = [];

/** The answer to a question; none while it cannot be asked. A host that fails completes nothing. */
export function useChoices(
  host: CodeHost | undefined,
  token: string | undefined,
  question: Question | undefined,
): Choice[] {
  const settled = useSettled(question ?? null, SETTLE_MS);
  const provider = host && PROVIDERS[host.kind];
  const { data } = useQuery({
    // Not the token, which is nobody's to keep: another person's page is loaded anew.
    queryKey: ['complete', host?.host, settled],
    queryFn: async () => {
      if (!provider || !token || !settled) return NONE;
      const context = { ...settled.context, host: host.host };
      const { results } = await scaffolder.complete(provider, settled.resource, token, context);
      return results.map(({ id, title }) => ({ id: String(id), text: title ?? String(id) }));
    },
    enabled: Boolean(provider && token && settled),
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
  return question ? (data ?? NONE) : NONE;
}

const plain = (text: string): Choice => ({ id: text, text });
const distinct = (values: string[]) => [...new Set(values)].map(plain);

/** What the parts of a repository can be. */
export function useRepoChoices(
  host: CodeHost | undefined,
  token: string | undefined,
  parts: RepoParts,
): Record<string, Choice[]> {
  const kind = host?.kind ?? '';
  const isGithub = kind === 'github' || kind === 'gitea';
  const { owner = '', workspace = '', project = '' } = parts;
  const first: Record<string, string> = {
    github: 'repositoriesWithOwner',
    gitea: 'repositoriesWithOwner',
    gitlab: 'groups',
    bitbucketCloud: 'workspaces',
  };
  const resource = first[kind];
  const top = useChoices(host, token, resource ? { resource, context: {} } : undefined);
  const owners = useChoices(
    host,
    token,
    isGithub ? { resource: 'owners', context: {} } : undefined,
  );
  const projects = useChoices(
    host,
    token,
    kind === 'bitbucketCloud' && workspace
      ? { resource: 'projects', context: { workspace } }
      : undefined,
  );
  const group = kind === 'gitlab' ? top.find(({ text }) => text === owner)?.id : undefined;
  const inProject = kind === 'bitbucketCloud' && workspace && project;
  const repos = useChoices(
    host,
    token,
    (group && { resource: 'repositories', context: { id: group } }) ||
      (inProject && { resource: 'repositories', context: { workspace, project } }) ||
      undefined,
  );
  if (isGithub) return byOwner(top, owners, owner);
  // GitLab tells what a project is called beside the name in its address, which templates need.
  if (kind === 'gitlab') return { owner: top, repo: repos.map(({ id }) => plain(id)) };
  return { workspace: top, project: projects, repo: repos };
}

/** The repositories that somebody may see tell whose they are. */
export function byOwner(
  repositories: readonly Choice[],
  owners: readonly Choice[],
  owner: string,
): { owner: Choice[]; repo: Choice[] } {
  const all = repositories.map(({ id }) => id.split('/'));
  return {
    owner: distinct([...owners.map(({ id }) => id), ...all.flatMap(([of]) => of ?? [])]),
    repo: distinct(all.flatMap(([of, name]) => (of === owner && name ? [name] : []))),
  };
}
