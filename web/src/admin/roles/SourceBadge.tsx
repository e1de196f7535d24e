import type { Source } from '../../api/permission';
import { Badge } from '../../ui/Small';

const NAMES: Record<Source, string> = {
  rest: 'this portal',
  'csv-file': 'policy file',
  configuration: 'configuration',
};

/** Where a role comes from, and can be changed. */
export function SourceBadge({ source }: { source: Source }) {
  return <Badge>{NAMES[source] ?? source}</Badge>;
}

/** What to do about a role that cannot be changed here. */
export const ELSEWHERE: Record<Source, string> = {
  rest: '',
  'csv-file':
    'This role comes from a policy file (permission.rbac.policies-csv-file). Change it there.',
  configuration: 'This role comes from the configuration (permission.rbac). Change it there.',
};
