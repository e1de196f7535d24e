/** A text that may be the reference of an entity. */

import { EntityLink } from '../ui/EntityLink';

const ENTITY =
  /^(component|api|resource|system|domain|group|user|location|template):[^/\s]+\/[^/\s]+$/;

/** Links to entities; everything else as it is. */
export function Ref({ text }: { text: string }) {
  return ENTITY.test(text) ? <EntityLink entityRef={text} /> : <span>{text}</span>;
}
