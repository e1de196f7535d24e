/** An empty list, or what it needs to be seen: somebody who may see nothing finds every list empty. */

import type { ComponentProps } from 'react';
import { Denied, Empty } from '../ui/States';
import { MAY, useSeesNothing } from './may';

export function EmptyOrDenied(props: ComponentProps<typeof Empty>) {
  return useSeesNothing() ? <Denied needs={MAY.readEntity} /> : <Empty {...props} />;
}
