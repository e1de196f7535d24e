/** What people call a run. */

import { parseRef } from '../../api/entity';
import type { Task } from '../../api/scaffolder';

export function titleOf({ spec }: Task): string {
  const { templateInfo } = spec;
  const title = templateInfo?.entity?.metadata.title;
  return title ?? (templateInfo ? parseRef(templateInfo.entityRef).name : 'Run');
}

/** What most templates call what they make. */
export function subjectOf({ spec }: Task): string {
  const { name, component_id } = spec.parameters;
  const found = [name, component_id].find(value => typeof value === 'string');
  return typeof found === 'string' ? found : '';
}
